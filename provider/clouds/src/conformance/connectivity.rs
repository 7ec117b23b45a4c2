//! What the suites of private services and private endpoints need around them: a network, and whoever is on the other side.

use std::collections::BTreeSet;

use async_trait::async_trait;

use crate::private_endpoints::{
    DnsZoneId, NetworkId, PrivateEndpoint, SecurityGroupId, ServiceName,
};
use crate::private_services::{
    ConnectionId, ConnectionState, LoadBalancerId, PrincipalPattern, PrivateService, SubnetId,
};

/// How often a suite looks at something that is pending: emulators end that after a number of looks, not after a time.
pub const LOOKS: usize = 100;

/// The network that a suite works in, and the other side.
pub struct Connectivity {
    /// Load balancers to publish: one, and another to change to.
    pub load_balancers: [LoadBalancerId; 2],
    /// Subnets of a private service, where it takes some.
    pub service_subnets: BTreeSet<SubnetId>,
    /// Whom to let ask: the one that [`Counterpart::ask`] is, and another.
    pub principals: [PrincipalPattern; 2],
    /// The network of endpoints, where the subnets do not say it.
    pub network: Option<NetworkId>,
    /// Subnets of endpoints: in two zones, where there are such.
    pub endpoint_subnets: [SubnetId; 2],
    /// A security group, where endpoints have some.
    pub security_group: Option<SecurityGroupId>,
    /// A service of the cloud's own.
    pub own_service: ServiceName,
    /// Which parts of it, where it has some.
    pub sub_resources: BTreeSet<String>,
    /// A private DNS zone, where names are written into such.
    pub dns_zone: Option<DnsZoneId>,
    /// The other side.
    pub counterpart: Box<dyn Counterpart>,
}

/// Somebody of another account, and the time that passes there.
#[async_trait]
pub trait Counterpart: Send + Sync {
    /// Makes an endpoint, over there, that asks for a connection to this service.
    async fn ask(&self, service: &PrivateService) -> ConnectionId;

    /// Publishes a service, over there, that this account may ask; with `acceptance`, its owner has to let it in.
    async fn offer(&self, acceptance: bool) -> ServiceName;

    /// Lets the connection of an endpoint of ours stand so, as its owner or the time does. Says whether this side can.
    async fn answer(&self, endpoint: &PrivateEndpoint, state: ConnectionState) -> bool;
}

#[cfg(test)]
mod tests {
    use super::super::tests::environment;
    use super::super::{private_endpoints, private_services};
    use super::*;
    use crate::memory::Memory;
    use crate::private_endpoints::ServiceOffer;
    use crate::private_services::Connection;

    #[async_trait]
    impl Counterpart for Memory {
        async fn ask(&self, service: &PrivateService) -> ConnectionId {
            let id: ConnectionId = "vpce-0fff0001".parse().unwrap();
            self.change(|world| {
                let stored = world.private_services.get_mut(&service.id).unwrap();
                stored.service.connections.push(Connection {
                    id: id.clone(),
                    owner: "111122223333".into(),
                    state: ConnectionState::PendingAcceptance,
                    addresses: Vec::new(),
                    created: None,
                });
            });
            id
        }

        async fn offer(&self, acceptance: bool) -> ServiceName {
            let number = u8::from(acceptance);
            let name = format!("com.amazonaws.vpce.eu-west-1.vpce-svc-0fff000{number}");
            let name: ServiceName = name.parse().unwrap();
            self.change(|world| world.offers.insert(name.clone(), offer(acceptance)));
            name
        }

        async fn answer(&self, endpoint: &PrivateEndpoint, state: ConnectionState) -> bool {
            Memory::answer(self, &endpoint.id, state)
        }
    }

    fn offer(acceptance: bool) -> ServiceOffer {
        ServiceOffer {
            zones: BTreeSet::new(),
            acceptance,
            private_dns: None,
            owner: Some("111122223333".into()),
        }
    }

    /// A world whose new objects are pending for so many looks, and what is around it.
    fn memory(settle_after: usize) -> (Memory, Connectivity) {
        let memory = Memory::default();
        let own_service: ServiceName = "com.amazonaws.eu-west-1.sts".parse().unwrap();
        memory.change(|world| {
            world.settle_after = settle_after;
            world.offers.insert(own_service.clone(), offer(false));
        });
        let balancer = |name: &str| {
            let before = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net";
            format!("{before}/{name}/50dc6c495c0c9188").parse().unwrap()
        };
        let connectivity = Connectivity {
            load_balancers: [balancer("one"), balancer("two")],
            service_subnets: BTreeSet::new(),
            principals: [
                "arn:aws:iam::111122223333:root".parse().unwrap(),
                "arn:aws:iam::123456789012:root".parse().unwrap(),
            ],
            network: "vpc-0abc0001".parse().ok(),
            endpoint_subnets: [
                "subnet-0abc0001".parse().unwrap(),
                "subnet-0abc0002".parse().unwrap(),
            ],
            security_group: "sg-0abc0001".parse().ok(),
            own_service,
            sub_resources: BTreeSet::new(),
            dns_zone: None,
            counterpart: Box::new(memory.clone()),
        };
        (memory, connectivity)
    }

    #[tokio::test]
    async fn private_services_in_memory() {
        for looks in [0, 3] {
            let (memory, connectivity) = memory(looks);
            private_services::suite(&memory, &environment(&memory), &connectivity).await;
            assert!(memory.change(|world| world.private_services.is_empty()));
        }
    }

    #[tokio::test]
    async fn what_only_some_clouds_have_in_memory() {
        let id = |name: &str| {
            format!(
                "/subscriptions/8ad3f4e2-7c11-4c7b-9a26-0f5a8e6a1c11/resourceGroups/acme/providers/Microsoft.Network/privateDnsZones/{name}"
            )
        };
        let zones = ["blob.example", "dfs.example"].map(|zone| id(zone).parse().unwrap());
        let tables = ["rtb-0abc0001", "rtb-0abc0002"].map(|table| table.parse().unwrap());
        let group = "sg-0abc0002".parse().unwrap();
        let policy = r#"{"Statement":[]}"#.parse().unwrap();
        let s3 = "com.amazonaws.eu-west-1.s3".parse().unwrap();
        for looks in [0, 3] {
            let (memory, around) = memory(looks);
            let environment = environment(&memory);
            private_services::verification(&memory, &environment, &around).await;
            private_endpoints::named(&memory, &environment, &around).await;
            private_endpoints::guarded(&memory, &environment, &around, &group, &policy).await;
            private_endpoints::gateway(&memory, &environment, &around, &s3, &tables).await;
            private_endpoints::zones(&memory, &environment, &around, &zones).await;
            assert!(memory.change(|world| world.private_endpoints.is_empty()));
        }
    }

    #[tokio::test]
    async fn private_endpoints_in_memory() {
        for looks in [0, 3] {
            let (memory, connectivity) = memory(looks);
            private_endpoints::suite(&memory, &environment(&memory), &connectivity).await;
            assert!(memory.change(|world| world.private_endpoints.is_empty()));
        }
    }
}

//! The network around the suites of private services and private endpoints, and a project on the other side.

use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use clouds::conformance::connectivity::{Connectivity, Counterpart};
use clouds::private_endpoints::{PrivateEndpoint, ServiceName};
use clouds::private_services::{ConnectionId, ConnectionState, PrivateService};
use serde_json::{Value, json};

use crate::REGION;
use crate::project::Project;

/// Somebody of another project, who publishes services and consumes ours.
pub struct Other {
    ours: Project,
    theirs: Project,
    next: AtomicU32,
}

/// A network with load balancers, and subnets for endpoints and for the addresses of consumers.
pub async fn network(project: &Project) {
    let subnet = |name: &str, range: &str, purpose: &str| json!({ "name": name, "region": REGION, "range": range, "purpose": purpose });
    let balancers = ["one", "two"].map(|name| json!({ "name": name, "region": REGION }));
    let network = json!({
        "name": "main",
        "subnetworks": [
            subnet("one", "10.7.0.0/24", "PRIVATE"),
            subnet("two", "10.7.1.0/24", "PRIVATE"),
            subnet("nat", "10.8.0.0/24", "PRIVATE_SERVICE_CONNECT"),
        ],
        "forwardingRules": balancers,
    });
    project.administer("POST", "networks", network).await;
}

pub async fn connectivity(project: &Project, run: &str) -> Connectivity {
    network(project).await;
    let theirs = Project::new(&format!("{run}-o")).await;
    network(&theirs).await;
    let home = format!("projects/{}/regions/{REGION}", project.id);
    let other = Other {
        ours: project.clone(),
        theirs,
        next: AtomicU32::new(1),
    };
    // A service of our own, which lets in without asking: those of Google's own interfaces take no names like the suite's.
    let own = other.publish(&other.ours, "ACCEPT_AUTOMATIC").await;
    Connectivity {
        load_balancers: ["one", "two"]
            .map(|name| format!("{home}/forwardingRules/{name}").parse().unwrap()),
        service_subnets: [format!("{home}/subnetworks/nat").parse().unwrap()].into(),
        principals: [&*other.theirs.id, "another-project"]
            .map(|id| format!("projects/{id}").parse().unwrap()),
        network: format!("projects/{}/global/networks/main", project.id)
            .parse()
            .ok(),
        endpoint_subnets: ["one", "two"]
            .map(|name| format!("{home}/subnetworks/{name}").parse().unwrap()),
        security_group: None,
        own_service: own,
        sub_resources: [].into(),
        dns_zone: None,
        counterpart: Box::new(other),
    }
}

impl Other {
    fn number(&self) -> u32 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// Publishes a load balancer of a project, with a subnet of its own.
    async fn publish(&self, by: &Project, preference: &str) -> ServiceName {
        let number = self.number();
        let nat = format!("nat-{number}");
        let range = format!("10.8.{number}.0/24");
        let subnet = json!({ "name": nat, "region": REGION, "range": range, "purpose": "PRIVATE_SERVICE_CONNECT" });
        let network = json!({ "name": "main", "subnetworks": [subnet] });
        by.administer("POST", "networks", network).await;
        let home = format!("projects/{}/regions/{REGION}", by.id);
        let name = format!("offer-{number}");
        let body = json!({
            "name": name, "connectionPreference": preference, "reconcileConnections": true,
            "targetService": format!("{home}/forwardingRules/one"), "natSubnets": [format!("{home}/subnetworks/{nat}")],
        });
        let path = format!("compute/v1/{home}/serviceAttachments");
        by.send("POST", "compute", &path, Some(body)).await;
        format!("{home}/serviceAttachments/{name}").parse().unwrap()
    }

    /// Replaces both lists of a service of theirs.
    async fn list(&self, service: &ServiceName, accepted: Value, rejected: Value) {
        let path = format!("compute/v1/{service}");
        let now = self.theirs.send("GET", "compute", &path, None).await;
        let body = json!({
            "fingerprint": now["fingerprint"], "consumerAcceptLists": accepted, "consumerRejectLists": rejected,
        });
        self.theirs
            .send("PATCH", "compute", &path, Some(body))
            .await;
    }
}

#[async_trait]
impl Counterpart for Other {
    async fn ask(&self, service: &PrivateService) -> ConnectionId {
        let name = format!("asks-{}", self.number());
        let home = format!("projects/{}/regions/{REGION}", self.theirs.id);
        let address = json!({ "name": name, "addressType": "INTERNAL", "subnetwork": format!("{home}/subnetworks/one") });
        let path = format!("compute/v1/{home}/addresses");
        self.theirs
            .send("POST", "compute", &path, Some(address))
            .await;
        let rule = json!({
            "name": name, "loadBalancingScheme": "", "target": service.service_name,
            "IPAddress": format!("{home}/addresses/{name}"),
        });
        let path = format!("compute/v1/{home}/forwardingRules");
        self.theirs.send("POST", "compute", &path, Some(rule)).await;
        let path = format!("{path}/{name}");
        let made = self.theirs.send("GET", "compute", &path, None).await;
        // By its number: what the owner of the service knows it by.
        let number = made["id"].as_str().unwrap();
        format!("{home}/forwardingRules/{number}").parse().unwrap()
    }

    async fn offer(&self, acceptance: bool) -> ServiceName {
        let preference = if acceptance {
            "ACCEPT_MANUAL"
        } else {
            "ACCEPT_AUTOMATIC"
        };
        self.publish(&self.theirs, preference).await
    }

    async fn answer(&self, endpoint: &PrivateEndpoint, state: ConnectionState) -> bool {
        let url = format!(
            "https://www.googleapis.com/compute/v1/{}",
            endpoint.connection
        );
        match state {
            ConnectionState::Available => {
                let accepted = json!([{ "endpointUrl": url, "connectionLimit": 1 }]);
                self.list(&endpoint.service, accepted, json!([])).await;
            }
            ConnectionState::Rejected => {
                self.list(&endpoint.service, json!([]), json!([url])).await;
            }
            ConnectionState::Closed => {
                let path = format!("compute/v1/{}", endpoint.service);
                self.theirs.send("DELETE", "compute", &path, None).await;
            }
            ConnectionState::Partial => {
                let what = format!("connections/{}/NEEDS_ATTENTION", endpoint.name);
                self.ours.administer("POST", &what, Value::Null).await;
            }
            _ => return false,
        }
        true
    }
}

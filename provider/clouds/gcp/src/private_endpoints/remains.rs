//! Endpoints whose deletion ended half-way: the rule is gone, and the address is still reserved. A label that the deletion begins
//! with tells such an address from one whose rule somebody else deleted, which the next endpoint of that name takes up.

use clouds::Result;
use clouds::error::Optional as _;
use clouds::private_endpoints::{
    EndpointSettings, EndpointType, PrivateEndpoint, PrivateEndpointId,
};
use clouds::private_services::ConnectionState;
use clouds::tags::OWNER;
use std::collections::BTreeSet;

use super::described;
use crate::addresses::Address;
use crate::error::Understood;
use crate::links::Place;
use crate::{Gcp, tags};

/// The label of an address whose endpoint is being deleted.
const DELETING: &str = "dataplane-deleting";

impl Address {
    fn is_left(&self) -> bool {
        self.users.is_empty() && self.labels.contains_key(DELETING)
    }

    /// Whether it was reserved for an endpoint of ours, finished or not. Labels do not tell: its reserving call writes the description.
    pub(super) fn is_ours(&self) -> bool {
        tags::from_description(&self.description).contains_key(OWNER)
    }
}

impl Gcp {
    /// Says of an address that its endpoint is being deleted.
    pub(super) async fn announce_deletion(&self, place: Place, address: &Address) -> Result<()> {
        let mut labels = address.labels.clone();
        if labels
            .insert(DELETING.to_owned(), "true".to_owned())
            .is_some()
        {
            return Ok(());
        }
        self.label_address(place, &address.name, address, &labels)
            .await
    }

    /// Says of the address of an endpoint that it stays after all. Where that fails too, the deletion's own error counts.
    pub(super) async fn take_back_deletion(&self, place: Place, name: &str) {
        let Ok(address) = self.address(place, name).await else {
            return;
        };
        let mut labels = address.labels.clone();
        if labels.remove(DELETING).is_none() {
            return;
        }
        self.label_address(place, name, &address, &labels)
            .await
            .ok();
    }

    /// Gives back the address of an endpoint whose rule is gone; none where there is no such address.
    pub(super) async fn release_left(&self, id: &PrivateEndpointId) -> Result<Option<()>> {
        let mut released = None;
        for place in Place::ALL {
            let found = self.address(place, id.as_str()).await.optional()?;
            if found.is_some_and(|found| found.users.is_empty() && found.is_ours()) {
                self.release(place, id.as_str()).await.optional()?;
                released = Some(());
            }
        }
        Ok(released)
    }

    /// What is left of an endpoint, so that the state keeps it and its address is given back.
    pub(super) async fn remains(&self, id: &PrivateEndpointId) -> Result<Option<PrivateEndpoint>> {
        for place in Place::ALL {
            let found = self.address(place, id.as_str()).await.optional()?;
            if let Some(found) = found.filter(Address::is_left) {
                return self.remainder(place, id, found);
            }
        }
        Ok(None)
    }

    fn remainder(
        &self,
        place: Place,
        id: &PrivateEndpointId,
        address: Address,
    ) -> Result<Option<PrivateEndpoint>> {
        let call = ("compute.addresses.get", id);
        let Some(service) = described::service(&address.description) else {
            return Ok(None);
        };
        let subnet = address.subnetwork().map(str::parse);
        let settings = EndpointSettings {
            subnets: subnet.transpose().understood(call)?.into_iter().collect(),
            ..EndpointSettings::default()
        };
        let path = self.address_path(place, id.as_str());
        let mut labels = address.labels;
        labels.remove(DELETING);
        Ok(Some(PrivateEndpoint {
            id: id.clone(),
            name: id.as_str().parse().understood(call)?,
            service,
            kind: EndpointType::Interface,
            network: described::network(&address.description),
            address: address.ip,
            sub_resources: BTreeSet::new(),
            connection: self
                .rule_path(place, id.as_str())
                .parse()
                .understood(call)?,
            state: ConnectionState::Failed,
            reason: Some(format!(
                "its deletion did not come to its end: the forwarding rule is gone, and {path} is still reserved"
            )),
            settings,
            private_dns_active: false,
            addresses: Vec::new(),
            dns: Vec::new(),
            prefix_list: None,
            untold: &[],
            tags: tags::labelled_last(labels, &address.description),
        }))
    }
}

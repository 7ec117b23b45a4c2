//! Addresses of private endpoints: reserved before the forwarding rule that uses them, under its name, and given back after it.
//!
//! Calls: see the endpoints.

use std::net::IpAddr;

use clouds::error::Optional as _;
use clouds::private_endpoints::{NewPrivateEndpoint, PrivateEndpointName};
use clouds::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use crate::links::{self, Place};
use crate::session::Service;
use crate::{Gcp, tags};

const PURPOSE: &str = "PRIVATE_SERVICE_CONNECT";

/// What we send: only what is there.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    name: String,
    description: String,
    address_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    purpose: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    network: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subnetwork: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<IpAddr>,
}

/// An address as it is kept.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Address {
    #[serde(default)]
    pub(crate) description: String,
    #[serde(rename = "address")]
    pub(crate) ip: Option<IpAddr>,
    #[serde(default)]
    subnetwork: String,
    #[serde(default)]
    network: String,
    #[serde(default)]
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) label_fingerprint: Option<String>,
}

/// Whether an address was reserved by this call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reserved {
    Now,
    /// By an apply that was interrupted.
    Before,
}

impl Place {
    fn addresses(self) -> &'static str {
        match self {
            Self::Region => "compute.addresses",
            Self::World => "compute.globalAddresses",
        }
    }
}

impl Address {
    pub(crate) fn subnetwork(&self) -> Option<&str> {
        Some(links::path(&self.subnetwork)).filter(|path| !path.is_empty())
    }

    /// Whether it lies where this endpoint is wanted.
    fn suits(&self, new: &NewPrivateEndpoint) -> bool {
        let subnets = &new.settings.subnets;
        let network = new.network.as_ref();
        let lies = if let Some(subnet) = subnets.first() {
            self.subnetwork() == Some(subnet.as_str())
        } else {
            network.is_some_and(|network| links::path(&self.network) == network.as_str())
        };
        lies && (new.address.is_none() || new.address == self.ip)
    }
}

impl Gcp {
    pub(crate) fn address_path(&self, place: Place, name: &str) -> String {
        format!("{}/addresses/{name}", place.of(&self.0))
    }

    pub(crate) async fn address(&self, place: Place, name: &str) -> Result<Address> {
        let operation = format!("{}.get", place.addresses());
        let path = format!("compute/v1/{}", self.address_path(place, name));
        let call = (operation.as_str(), name);
        self.0.get(Service::Compute, path, call).answer().await
    }

    /// Reserves the address of an endpoint. One that bears its marks already is taken as it is, or, where the endpoint is wanted
    /// elsewhere by now, reserved anew.
    pub(crate) async fn reserve(&self, place: Place, new: &NewPrivateEndpoint) -> Result<Reserved> {
        let taken = match self.insert_address(place, new).await {
            Ok(()) => return Ok(Reserved::Now),
            Err(Error::AlreadyExists(call)) => call,
            Err(error) => return Err(error),
        };
        let found = self.address(place, new.name.as_str()).await?;
        if !tags::same_owner(&tags::from_description(&found.description), &new.tags) {
            let because = format!(
                "an address called {} exists, and is not of this resource: take another name, or release it",
                new.name
            );
            return Err(Error::Invalid(Box::new(taken.because(because))));
        }
        if found.suits(new) {
            return Ok(Reserved::Before);
        }
        self.release(place, &new.name).await?;
        self.insert_address(place, new).await?;
        Ok(Reserved::Now)
    }

    async fn insert_address(&self, place: Place, new: &NewPrivateEndpoint) -> Result<()> {
        let subnet = new.settings.subnets.first();
        let network = new.network.as_ref().filter(|_| place == Place::World);
        let body = Written {
            name: new.name.to_string(),
            description: tags::lasting(&new.tags),
            address_type: "INTERNAL",
            purpose: (place == Place::World).then_some(PURPOSE),
            network: network.map(|network| links::url(network.as_str())),
            subnetwork: subnet.map(|subnet| links::url(subnet.as_str())),
            address: new.address,
        };
        let operation = format!("{}.insert", place.addresses());
        let call = (operation.as_str(), new.name.as_str());
        let scope = place.of(&self.0);
        let path = format!("compute/v1/{scope}/addresses");
        let request = self.0.post(Service::Compute, path, call).json(&body)?;
        self.0.carry_out(&scope, request, call).await
    }

    /// Gives an address back.
    pub(crate) async fn release(&self, place: Place, name: &PrivateEndpointName) -> Result<()> {
        let operation = format!("{}.delete", place.addresses());
        let call = (operation.as_str(), name.as_str());
        let path = format!("compute/v1/{}", self.address_path(place, name.as_str()));
        let request = self.0.delete(Service::Compute, path, call);
        self.0.carry_out(&place.of(&self.0), request, call).await
    }

    /// The address of an endpoint, where it is the one of the same name.
    pub(crate) async fn address_of(
        &self,
        place: Place,
        name: &str,
        address: Option<IpAddr>,
    ) -> Result<Option<Address>> {
        let found = self.address(place, name).await.optional()?;
        Ok(found.filter(|found| found.ip == address))
    }

    /// Sets the labels of an address.
    pub(crate) async fn label_address(
        &self,
        place: Place,
        name: &str,
        found: &Address,
        labels: &BTreeMap<String, String>,
    ) -> Result<()> {
        let operation = format!("{}.setLabels", place.addresses());
        let path = self.address_path(place, name);
        let fingerprint = found.label_fingerprint.as_deref();
        self.set_labels(place, &path, (&operation, name), fingerprint, labels)
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Address {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn an_address_of_before_is_used_where_the_endpoint_still_lies_there() {
        let subnet = "projects/vendor/regions/europe-west4/subnetworks/endpoints";
        let address = found(&format!(
            r#"{{"address":"10.7.0.5","subnetwork":"https://www.googleapis.com/compute/v1/{subnet}"}}"#
        ));
        let mut new = NewPrivateEndpoint {
            name: "acme".parse().unwrap(),
            service: "projects/acme/regions/europe-west4/serviceAttachments/api"
                .parse()
                .unwrap(),
            kind: clouds::private_endpoints::EndpointType::Interface,
            network: "projects/vendor/global/networks/main".parse().ok(),
            address: None,
            sub_resources: [].into(),
            settings: clouds::private_endpoints::EndpointSettings {
                subnets: [subnet.parse().unwrap()].into(),
                ..Default::default()
            },
            tags: clouds::Tags::new(),
        };
        assert!(address.suits(&new));
        new.address = "10.7.0.6".parse().ok();
        assert!(!address.suits(&new));
        new.address = "10.7.0.5".parse().ok();
        assert!(address.suits(&new));
        new.settings.subnets = [format!("{subnet}-2").parse().unwrap()].into();
        assert!(!address.suits(&new));
    }

    #[test]
    fn an_address_of_no_region_lies_in_its_network() {
        let address = found(r#"{"network":"projects/vendor/global/networks/main"}"#);
        assert_eq!(address.subnetwork(), None);
    }
}

//! Addresses of private endpoints: reserved before the forwarding rule that uses them, under its name, and given back after it.
//!
//! Calls: see the endpoints.

use std::net::IpAddr;

use clouds::error::Optional as _;
use clouds::private_endpoints::NewPrivateEndpoint;
use clouds::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use crate::forwarding_rules::Rule;
use crate::links::{self, Place};
use crate::private_endpoints::described;
use crate::requests::pause;
use crate::session::Service;
use crate::{Gcp, tags};

const PURPOSE: &str = "PRIVATE_SERVICE_CONNECT";
/// How often it is tried to give an address back that is still in use: for half a minute.
const MOST_TRIES: u32 = 6;

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
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) description: String,
    /// The rules that use it.
    #[serde(default)]
    pub(crate) users: Vec<String>,
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

/// When the address of a new endpoint was reserved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reserved {
    Now,
    /// By an apply that was interrupted, whose endpoint may be there.
    Before,
}

/// A page of addresses.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    #[serde(default)]
    items: Vec<Address>,
    next_page_token: Option<String>,
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

    /// Reserves the address of an endpoint. One that bears its marks already, of an apply that was interrupted, is taken as it is,
    /// or, where the endpoint is wanted elsewhere by now and nothing uses it, reserved anew.
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
        if found.suits(new) || !found.users.is_empty() {
            return Ok(Reserved::Before);
        }
        self.release(place, new.name.as_str()).await?;
        self.insert_address(place, new).await?;
        Ok(Reserved::Now)
    }

    async fn insert_address(&self, place: Place, new: &NewPrivateEndpoint) -> Result<()> {
        let subnet = new.settings.subnets.first();
        let network = new.network.as_ref().filter(|_| place == Place::World);
        let body = Written {
            name: new.name.to_string(),
            description: described::of_address(new),
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
        let sent = self.0.carry_out(&scope, request, call);
        sent.await.map(drop)
    }

    /// Gives an address back, once its rule has let go of it.
    pub(crate) async fn release(&self, place: Place, name: &str) -> Result<()> {
        let operation = format!("{}.delete", place.addresses());
        let call = (operation.as_str(), name);
        let path = format!("compute/v1/{}", self.address_path(place, name));
        let mut tries = 0;
        loop {
            let request = self.0.delete(Service::Compute, path.clone(), call);
            let done = self.0.carry_out(&place.of(&self.0), request, call).await;
            let in_use = matches!(
                done,
                Err(Error::NotEmpty(_) | Error::NotReady(_) | Error::Conflict(_))
            );
            if !in_use || tries == MOST_TRIES {
                return done.map(drop);
            }
            pause(tries, None).await;
            tries += 1;
        }
    }

    /// The address that an endpoint uses: mostly the one of its name. Others have rules that were not made by us, and whoever may not
    /// list addresses is not told of those.
    pub(crate) async fn address_of(&self, place: Place, rule: &Rule) -> Result<Option<Address>> {
        let Some(ip) = rule.ip_address else {
            return Ok(None);
        };
        let named = self.address(place, &rule.name).await.optional()?;
        if let Some(found) = named.filter(|found| found.ip == Some(ip)) {
            return Ok(Some(found));
        }
        let operation = format!("{}.list", place.addresses());
        let path = format!("compute/v1/{}/addresses", place.of(&self.0));
        let by = self.rule_path(place, &rule.name);
        let mut page = None;
        loop {
            let call = (operation.as_str(), &rule.name);
            let asked = self.0.get(Service::Compute, path.clone(), call);
            let asked = asked.query("filter", format!("address=\"{ip}\""));
            let asked = match &page {
                Some(token) => asked.query("pageToken", token),
                None => asked,
            };
            let listed: Listed = match asked.answer().await {
                Err(Error::Denied { .. }) => return Ok(None),
                listed => listed?,
            };
            let uses = |found: &Address| found.users.iter().any(|link| links::path(link) == by);
            if let Some(found) = listed.items.into_iter().find(uses) {
                return Ok(Some(found));
            }
            page = listed.next_page_token;
            if page.is_none() {
                return Ok(None);
            }
        }
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

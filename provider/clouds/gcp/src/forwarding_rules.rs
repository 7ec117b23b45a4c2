//! Forwarding rules that are private endpoints: to a service attachment in its region, to Google's own interfaces in no region.
//!
//! Calls: see the endpoints.

use std::collections::BTreeMap;
use std::net::IpAddr;

use clouds::private_endpoints::{EndpointSettings, NewPrivateEndpoint, ServiceName};
use clouds::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::Gcp;
use crate::compute_operations::Target;
use crate::links::{self, Place};
use crate::private_endpoints::described;
use crate::requests::Named;
use crate::session::Service;

/// What we send of a new one.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    name: String,
    description: String,
    target: String,
    #[serde(rename = "IPAddress")]
    ip_address: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    network: Option<String>,
    /// Empty for endpoints, and sent: what is left out means a load balancer of the internet.
    load_balancing_scheme: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    allow_psc_global_access: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    no_automate_dns_zone: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Changed {
    #[serde(skip_serializing_if = "Option::is_none")]
    fingerprint: Option<String>,
    allow_psc_global_access: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Labels<'l> {
    labels: &'l BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label_fingerprint: Option<&'l str>,
}

/// A forwarding rule as it is kept.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Rule {
    pub(crate) name: String,
    self_link_with_id: Option<String>,
    fingerprint: Option<String>,
    #[serde(default)]
    pub(crate) description: String,
    #[serde(default)]
    pub(crate) target: String,
    #[serde(rename = "IPAddress")]
    pub(crate) ip_address: Option<IpAddr>,
    pub(crate) network: Option<String>,
    #[serde(default)]
    pub(crate) allow_psc_global_access: bool,
    /// Often not told.
    pub(crate) no_automate_dns_zone: Option<bool>,
    #[serde(default)]
    pub(crate) psc_connection_status: String,
    #[serde(default)]
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) label_fingerprint: Option<String>,
}

impl Place {
    /// Where endpoints of a service lie.
    pub(crate) fn for_service(service: &ServiceName) -> Self {
        if service.is_bundle() {
            Self::World
        } else {
            Self::Region
        }
    }

    pub(crate) fn rules(self) -> &'static str {
        match self {
            Self::Region => "compute.forwardingRules",
            Self::World => "compute.globalForwardingRules",
        }
    }
}

impl Rule {
    /// Where it leads, where it is an endpoint: other rules are parts of load balancers.
    pub(crate) fn service(&self) -> Option<ServiceName> {
        links::path(&self.target).parse().ok()
    }

    /// What the owner of a service knows an endpoint by: its path with the number in the place of the name, which the lists of a
    /// service attachment take alone. It is not known before the endpoint is made.
    pub(crate) fn connection(&self) -> Option<&str> {
        self.self_link_with_id.as_deref().map(links::path)
    }
}

impl Gcp {
    /// The path of a rule.
    pub(crate) fn rule_path(&self, place: Place, name: &str) -> String {
        format!("{}/forwardingRules/{name}", place.of(&self.0))
    }

    pub(crate) async fn rule(&self, place: Place, name: &str) -> Result<Rule> {
        let operation = format!("{}.get", place.rules());
        let path = self.rule_path(place, name);
        let asked = self.0.get(
            Service::Compute,
            format!("compute/v1/{path}"),
            (&operation, name),
        );
        asked.answer().await
    }

    pub(crate) async fn insert_rule(
        &self,
        place: Place,
        new: &NewPrivateEndpoint,
    ) -> Result<Target> {
        let name = new.name.as_str();
        let regional = place == Place::Region;
        let target = new.service.as_str();
        let body = Written {
            name: name.to_owned(),
            description: described::of_rule(new),
            target: if regional {
                links::url(target)
            } else {
                target.to_owned()
            },
            ip_address: links::url(&self.address_path(place, name)),
            network: new
                .network
                .as_ref()
                .map(|network| links::url(network.as_str())),
            load_balancing_scheme: "",
            allow_psc_global_access: regional.then_some(new.settings.global_access),
            no_automate_dns_zone: regional.then_some(!new.settings.private_dns),
        };
        let operation = format!("{}.insert", place.rules());
        let call = (operation.as_str(), name);
        let scope = place.of(&self.0);
        let path = format!("compute/v1/{scope}/forwardingRules");
        let request = self.0.post(Service::Compute, path, call).json(&body)?;
        self.0.carry_out(&scope, request, call).await
    }

    /// A change of the version that is there now; once more where somebody was faster.
    pub(crate) async fn patch_rule(
        &self,
        place: Place,
        name: &str,
        wanted: &EndpointSettings,
    ) -> Result<()> {
        let operation = format!("{}.patch", place.rules());
        let call = (operation.as_str(), name);
        let path = format!("compute/v1/{}", self.rule_path(place, name));
        let scope = place.of(&self.0);
        let mut again = true;
        loop {
            let body = Changed {
                fingerprint: self.rule(place, name).await?.fingerprint,
                allow_psc_global_access: wanted.global_access,
            };
            let request = self.0.patch(Service::Compute, path.clone(), call);
            let sent = self.0.carry_out(&scope, request.json(&body)?, call);
            match sent.await {
                Err(Error::Conflict(_)) if again => again = false,
                done => return done.map(drop),
            }
        }
    }

    pub(crate) async fn delete_rule(&self, place: Place, name: &str) -> Result<()> {
        let operation = format!("{}.delete", place.rules());
        let call = (operation.as_str(), name);
        let path = format!("compute/v1/{}", self.rule_path(place, name));
        let request = self.0.delete(Service::Compute, path, call);
        let scope = place.of(&self.0);
        let sent = self.0.carry_out(&scope, request, call);
        sent.await.map(drop)
    }

    /// Sets all labels of a rule or an address, whose last version this is.
    pub(crate) async fn set_labels(
        &self,
        place: Place,
        path: &str,
        call: Named<'_, &str>,
        version: Option<&str>,
        labels: &BTreeMap<String, String>,
    ) -> Result<()> {
        let body = Labels {
            labels,
            label_fingerprint: version,
        };
        let url = format!("compute/v1/{path}/setLabels");
        let request = self.0.post(Service::Compute, url, call).json(&body)?;
        let scope = place.of(&self.0);
        let done = match place {
            Place::Region => self.0.carry_out(&scope, request, call).await,
            // Takes no id of the request.
            Place::World => self.0.ended(&scope, request, call).await,
        };
        done.map(drop)
    }
}

//! Private endpoints: forwarding rules of Private Service Connect, each with an address of the same name.
//!
//! Labels cannot be set by the creating calls. So what is being made bears its marks in the description, which never changes, and
//! the labels come last: an endpoint without labels of ours is one that is being made.
//!
//! Calls: `service` 1 of a service of our own project, else none; `create` 5, and 1 per look at its two operations; `find` 2, `get`
//! 2, 1 more of Google's own interfaces and of an address that has another name, 4 of one that is gone; `configure` 2 and the looks,
//! 0 where nothing differs; `set_tags` 4, 3 where the address is not ours, 0 where nothing differs; `delete` 5 and the looks, 2 more
//! where deleting the rule is refused.

mod checks;
pub(crate) mod described;
mod remains;

use std::collections::BTreeSet;

use async_trait::async_trait;
use clouds::error::{Call, Optional as _};
use clouds::private_endpoints::{
    EndpointDefaults, EndpointSettings, EndpointType, NewPrivateEndpoint, PrivateEndpoint,
    PrivateEndpointId, PrivateEndpoints, ServiceName, ServiceOffer,
};
use clouds::private_services::{ConnectionState, VerificationState};
use clouds::tags::TagChange;
use clouds::{Error, Refusal, Result, Tags};
use futures::try_join;

use crate::addresses::{Address, Reserved};
use crate::compute_operations::Target;
use crate::error::compute::noting;
use crate::error::{Understood, not_found, unreadable};
use crate::forwarding_rules::Rule;
use crate::links::{self, Place};
use crate::private_services::state;
use crate::{Gcp, tags};

#[async_trait]
impl PrivateEndpoints for Gcp {
    fn check(&self, wanted: &NewPrivateEndpoint) -> Vec<Refusal> {
        checks::refusals(self.0.config.region.as_str(), wanted)
    }

    fn replaces(&self) -> &'static [&'static str] {
        &["private_dns", "subnets"]
    }

    fn defaults(&self, service: &ServiceName, _: EndpointType) -> EndpointDefaults {
        EndpointDefaults {
            private_dns: !service.is_bundle(),
            policy: None,
        }
    }

    async fn service(&self, service: &ServiceName, _: EndpointType) -> Result<ServiceOffer> {
        let offer = |acceptance, owner: &str| ServiceOffer {
            zones: BTreeSet::new(),
            acceptance,
            private_dns: None,
            owner: Some(owner.to_owned()),
        };
        if service.is_bundle() {
            return Ok(offer(false, "Google"));
        }
        let (owner, own) = (links::project(service.as_str()), &self.0.config.project);
        if owner != own.as_str() {
            // Consumers may not read it: what its owner says is found by asking.
            return Ok(offer(true, owner));
        }
        let name = service.as_str().rsplit('/').next().unwrap_or_default();
        let found = self.stored_attachment(name).await?;
        Ok(ServiceOffer {
            private_dns: found.is_named().then_some(VerificationState::Verified),
            ..offer(found.asks(owner), owner)
        })
    }

    async fn create(&self, new: &NewPrivateEndpoint) -> Result<PrivateEndpoint> {
        let place = Place::for_service(&new.service);
        let name = new.name.as_str();
        self.alone(place, name).await?;
        let reserved = match self.reserve(place, new).await {
            Ok(reserved) => reserved,
            Err(error) => return Err(self.or_exists(place, name, error).await?),
        };
        let made = match self.insert_rule(place, new).await {
            Ok(made) => made,
            // It was made before, with the address that was there.
            Err(error @ Error::AlreadyExists(_)) if reserved == Reserved::Before => {
                return Err(error);
            }
            Err(error) => {
                // Nobody would look for the address, but for the next create, which finds it by its marks.
                let kept = error.is_transient()
                    || reserved == Reserved::Before
                    || self.release(place, name).await.optional().is_err();
                let error = led_nowhere(error, &new.service);
                return Err(if kept {
                    self.reserving(place, name, error)
                } else {
                    error
                });
            }
        };
        // It is made: where it cannot be looked at now, that is for later, so that nobody loses it.
        match self.find(new).await {
            Ok(found) => Ok(found),
            Err(_) => self.made_of(place, new, made),
        }
    }

    async fn find(&self, wanted: &NewPrivateEndpoint) -> Result<PrivateEndpoint> {
        let place = Place::for_service(&wanted.service);
        let rule = self.rule(place, wanted.name.as_str()).await?;
        self.endpoint(place, rule).await
    }

    async fn get(&self, id: &PrivateEndpointId) -> Result<PrivateEndpoint> {
        let (place, rule) = match self.placed(id).await {
            Err(gone @ Error::NotFound(_)) => return self.remains(id).await?.ok_or(gone),
            found => found?,
        };
        self.endpoint(place, rule).await
    }

    async fn configure(&self, found: &PrivateEndpoint, wanted: &EndpointSettings) -> Result<()> {
        if found.settings.global_access == wanted.global_access {
            return Ok(());
        }
        let place = Place::for_service(&found.service);
        self.patch_rule(place, found.name.as_str(), wanted).await
    }

    async fn set_tags(&self, found: &PrivateEndpoint, tags: &Tags) -> Result<()> {
        if TagChange::between(&found.tags, tags).is_empty() {
            return Ok(());
        }
        let (place, name) = (Place::for_service(&found.service), found.name.as_str());
        let (rule, address) = try_join!(self.rule(place, name), async {
            self.address(place, name).await.optional()
        })?;
        // The rule last: by its labels an endpoint is whole.
        let ours = |address: &Address| address.is_ours() && address.ip == rule.ip_address;
        if let Some(address) = address.filter(ours) {
            let mut labels = tags::googles(&address.labels);
            labels.extend(tags::labels(tags));
            self.label_address(place, name, &address, &labels).await?;
        }
        let mut labels = tags::googles(&rule.labels);
        labels.extend(tags::labels(tags));
        let operation = format!("{}.setLabels", place.rules());
        let path = self.rule_path(place, name);
        let version = rule.label_fingerprint.as_deref();
        self.set_labels(place, &path, (&operation, name), version, &labels)
            .await
    }

    async fn delete(&self, id: &PrivateEndpointId) -> Result<()> {
        let (place, rule) = match self.placed(id).await {
            Err(gone @ Error::NotFound(_)) => return self.release_left(id).await?.ok_or(gone),
            found => found?,
        };
        let name = rule.name.as_str();
        // One that we did not reserve was there before the endpoint, and stays.
        let address = self.address(place, name).await.optional()?;
        let ours = |address: &Address| address.is_ours() && address.ip == rule.ip_address;
        let Some(address) = address.filter(ours) else {
            return self.delete_rule(place, name).await;
        };
        self.announce_deletion(place, &address).await?;
        if let Err(refused) = self.delete_rule(place, name).await.optional() {
            if !refused.is_transient() {
                self.take_back_deletion(place, name).await;
            }
            return Err(refused);
        }
        self.release(place, name).await.optional().map(drop)
    }

    fn acceptance(&self, endpoint: &PrivateEndpoint) -> String {
        let service = endpoint.service.as_str();
        let (owner, connection) = (links::project(service), &endpoint.connection);
        format!(
            "Its owner ({owner}) must let in {connection}: add it to accepted_connections of their dataplane_private_service, or to \
             the accept list of {service} in the console of Google Cloud (Private Service Connect, published services)."
        )
    }
}

impl Gcp {
    /// The rule of an endpoint, and where it is. One of a load balancer under that name is passed over.
    async fn placed(&self, id: &PrivateEndpointId) -> Result<(Place, Rule)> {
        let mut other = None;
        for place in Place::ALL {
            match self.rule(place, id.as_str()).await.optional()? {
                Some(rule) if rule.service().is_some() => return Ok((place, rule)),
                Some(_) => other = Some(place),
                None => {}
            }
        }
        match other {
            None => Err(not_found(("compute.forwardingRules.get", id))),
            Some(place) => {
                let operation = format!("{}.get", place.rules());
                let why = "it is a load balancer's forwarding rule, and no endpoint of Private Service Connect";
                Err(unreadable((&operation, id), why))
            }
        }
    }

    /// Refuses a name that an endpoint has elsewhere: they are looked up by name, wherever they are.
    async fn alone(&self, place: Place, name: &str) -> Result<()> {
        let found = self.rule(place.other(), name).await.optional()?;
        if found.and_then(|rule| rule.service()).is_none() {
            return Ok(());
        }
        let path = self.rule_path(place.other(), name);
        let operation = format!("{}.insert", place.rules());
        let why = format!("there is an endpoint of this name already, {path}: take another name");
        Err(Error::Invalid(Box::new(
            Call::new(operation, name).because(why),
        )))
    }

    /// Why an address cannot be reserved: mostly since the name is an endpoint's already. Whose, is told by looking at that.
    async fn or_exists(&self, place: Place, name: &str, error: Error) -> Result<Error> {
        let (Error::Invalid(call) | Error::NotEmpty(call)) = error else {
            return Ok(error);
        };
        let exists = self.rule(place, name).await.optional()?.is_some();
        Ok(if exists {
            Error::AlreadyExists(call)
        } else {
            Error::Invalid(call)
        })
    }

    /// One that was made just now, as its creating call said.
    fn made_of(
        &self,
        place: Place,
        new: &NewPrivateEndpoint,
        made: Target,
    ) -> Result<PrivateEndpoint> {
        let call = ("compute.forwardingRules.insert", new.name.as_str());
        let number = made.0.unwrap_or_else(|| new.name.to_string());
        Ok(PrivateEndpoint {
            id: new.name.as_str().parse().understood(call)?,
            name: new.name.clone(),
            service: new.service.clone(),
            kind: new.kind,
            network: new.network.clone(),
            address: new.address,
            sub_resources: BTreeSet::new(),
            connection: self.rule_path(place, &number).parse().understood(call)?,
            state: ConnectionState::Pending,
            reason: None,
            settings: new.settings.clone(),
            private_dns_active: false,
            addresses: Vec::new(),
            dns: Vec::new(),
            prefix_list: None,
            untold: &[],
            tags: new.tags.clone(),
        })
    }

    /// An error of a create, with the address that it leaves for the next one.
    fn reserving(&self, place: Place, name: &str, error: Error) -> Error {
        let path = self.address_path(place, name);
        let note = format!(
            "The address {path} stays reserved, and the next apply uses it: release it where there will be none"
        );
        noting(error, &note)
    }

    async fn endpoint(&self, place: Place, rule: Rule) -> Result<PrivateEndpoint> {
        let name = rule.name.clone();
        let address = self.address_of(place, &rule).await?;
        let operation = format!("{}.get", place.rules());
        let call = (operation.as_str(), name.as_str());
        let service = rule.service();
        let service = service.ok_or_else(|| {
            unreadable(call, "it is a load balancer's forwarding rule, and no endpoint of Private Service Connect")
        })?;
        let state = match state(&rule.psc_connection_status) {
            // Nobody is asked.
            Some(ConnectionState::Pending) if place == Place::World => ConnectionState::Available,
            Some(state) => state,
            None => {
                let why = format!(
                    "{:?} is no status of a connection",
                    rule.psc_connection_status
                );
                return Err(unreadable(call, why));
            }
        };
        let subnet = address.as_ref().and_then(Address::subnetwork);
        let told = rule.no_automate_dns_zone.map(|without| !without);
        let told = told.or_else(|| described::private_dns(&rule.description));
        let private_dns = place == Place::Region && told.unwrap_or(true);
        // Of a rule that somebody else made.
        let untold = match (place, told, subnet) {
            (Place::World, ..) | (Place::Region, Some(_), Some(_)) => &[][..],
            (Place::Region, None, Some(_)) => &["private_dns"][..],
            (Place::Region, Some(_), None) => &["subnets"][..],
            (Place::Region, None, None) => &["private_dns", "subnets"][..],
        };
        let settings = EndpointSettings {
            subnets: subnet
                .map(str::parse)
                .transpose()
                .understood(call)?
                .into_iter()
                .collect(),
            private_dns,
            global_access: rule.allow_psc_global_access,
            ..EndpointSettings::default()
        };
        let network = rule
            .network
            .as_deref()
            .map(|link| links::path(link).parse());
        let by_name = self.rule_path(place, &name);
        let connection = rule.connection().unwrap_or(&by_name);
        let connection = connection.parse().understood(call)?;
        Ok(PrivateEndpoint {
            id: name.parse().understood(call)?,
            name: name.parse().understood(call)?,
            service,
            kind: EndpointType::Interface,
            network: network.transpose().understood(call)?,
            address: rule.ip_address,
            sub_resources: BTreeSet::new(),
            connection,
            state,
            reason: None,
            settings,
            private_dns_active: private_dns && state == ConnectionState::Available,
            addresses: rule.ip_address.into_iter().collect(),
            dns: Vec::new(),
            prefix_list: None,
            untold,
            tags: tags::labelled_last(rule.labels, &rule.description),
        })
    }
}

/// The answer about a service that is not there, or not for us, is about the rule that leads to it.
fn led_nowhere(error: Error, service: &ServiceName) -> Error {
    let nowhere = |call: &Call| {
        let message = call.message.as_deref().unwrap_or_default();
        message.contains("/serviceAttachments/") || message.contains("resource.target")
    };
    match error {
        Error::NotFound(call) | Error::Invalid(call) if nowhere(&call) => {
            let owner = links::project(service.as_str());
            let said = call.message.clone().unwrap_or_default();
            let because = format!(
                "{said} Its owner ({owner}) must have published {service} before an endpoint can lead to it"
            );
            Error::NotFound(Box::new(call.because(because)))
        }
        error => error,
    }
}

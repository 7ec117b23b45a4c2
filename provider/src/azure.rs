//! The `azure` block of the provider: which subscription, resource group and location, and by whose credentials.

use std::{collections::BTreeMap, fmt, str::FromStr};

use clouds::{
    Clouds,
    account::{AccountId, Region},
    clusters::ResourceGroup,
};
use clouds_azure::Config;
use framework::{Model, Provider as _, Result, Set, Text, Value};

use crate::{endpoints, provider::Dataplane};

/// Microsoft Azure.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct AzureModel {
    /// Id of the subscription where everything is made: a UUID.
    #[attr(required)]
    pub subscription_id: Value<Text<Subscription>>,
    /// Tenant to sign in to, by its id or a domain of it. Default: the one of the credentials.
    #[attr(optional, validate = tenant)]
    pub tenant_id: Value<String>,
    /// Resource group where everything is made. It must exist: a group that is not found is an error, as it is more often another
    /// group or subscription than meant than one that was deleted, and what is in the state is not taken for gone with it. Was it
    /// deleted, make it again, and the next plan makes what was in it.
    #[attr(required)]
    pub resource_group: Value<Text<ResourceGroup>>,
    /// Location where everything is made, for example `westeurope`.
    #[attr(required)]
    pub location: Value<Text<Location>>,
    /// Ids of the subscriptions this configuration may work in. Checked before the first call; any other subscription is an error.
    /// In a subscription that has a group of the same name, what is in the state would be found gone: this keeps from it.
    #[attr(optional, validate = some_subscription)]
    pub allowed_subscriptions: Value<Set<Text<Subscription>>>,
    /// Addresses to use instead of a service's own, by service: `management`, `login`, and with `{vault}`, `{account}` and `{registry}`
    /// for the name `vault`, `blob` and `registry`.
    #[attr(optional)]
    pub endpoints: Value<BTreeMap<String, String>>,
}

fn tenant(tenant: &String) -> std::result::Result<(), String> {
    let domain = tenant.contains('.')
        && tenant.split('.').all(|label| {
            !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        });
    if domain || tenant.parse::<Subscription>().is_ok() {
        return Ok(());
    }
    Err(format!(
        "{tenant:?} is not a tenant: write its id, a UUID, or one of its domains, like acme.onmicrosoft.com"
    ))
}

fn some_subscription(subscriptions: &Set<Text<Subscription>>) -> std::result::Result<(), String> {
    if subscriptions.is_empty() {
        return Err(
            "an empty set allows no subscription at all: leave the argument out to allow any"
                .to_owned(),
        );
    }
    Ok(())
}

impl AzureModel {
    /// The subscription, without calling it; none while one of the settings is unknown.
    pub fn connect(self) -> Result<Option<Clouds>> {
        let Self {
            subscription_id,
            tenant_id,
            resource_group,
            location,
            allowed_subscriptions,
            endpoints,
        } = self;
        let unknown = subscription_id.is_unknown()
            || tenant_id.is_unknown()
            || resource_group.is_unknown()
            || location.is_unknown()
            || allowed_subscriptions.is_unknown()
            || endpoints.is_unknown();
        if unknown {
            return Ok(None);
        }
        let allowed = allowed_subscriptions.into_known().into_iter().flatten();
        Ok(Some(clouds_azure::connect(Config {
            tenant: tenant_id.into_known(),
            allowed_subscriptions: allowed
                .map(|subscription| subscription.into_inner().0)
                .collect(),
            endpoints: endpoints::by_service(endpoints)?,
            user_agent: format!("terraform-provider-dataplane/{}", Dataplane::VERSION),
            ..Config::new(
                subscription_id.get()?.0.clone(),
                ResourceGroup::clone(resource_group.get()?),
                location.get()?.region().clone(),
            )
        })))
    }
}

/// A subscription of Azure, which other clouds' accounts are not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription(AccountId);

impl FromStr for Subscription {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        // Only the ids of subscriptions are so long.
        match text.parse() {
            Ok(account) if text.len() == 36 => Ok(Self(account)),
            _ => Err(format!(
                "{text:?} is not the id of an Azure subscription: write its UUID, as `az account show --query id` does"
            )),
        }
    }
}

impl fmt::Display for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A location of Azure by its name, not by what the portal shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location(Region);

impl Location {
    /// The location as a region.
    pub fn region(&self) -> &Region {
        &self.0
    }
}

impl FromStr for Location {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        match text.parse() {
            Ok(region) if !text.contains('-') => Ok(Self(region)),
            _ => Err(format!(
                "{text:?} is not the name of an Azure location: it has lower-case letters and digits only, like westeurope \
                 (`az account list-locations --query [].name` lists them)"
            )),
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subscription_is_its_uuid() {
        assert!(
            "8AD3F4E2-7c11-4c7b-9a26-0f5a8e6a1c11"
                .parse::<Subscription>()
                .is_ok()
        );
        for bad in ["acme-prod", "123456789012", "8ad3f4e2"] {
            let said = bad.parse::<Subscription>().unwrap_err();
            assert!(said.contains("az account show"), "{said}");
        }
    }

    #[test]
    fn a_location_is_written_as_azure_names_it() {
        assert!("westeurope".parse::<Location>().is_ok());
        assert!("eastus2".parse::<Location>().is_ok());
        for bad in ["West Europe", "WestEurope", "eu-west-1", ""] {
            let said = bad.parse::<Location>().unwrap_err();
            assert!(said.contains("list-locations"), "{said}");
        }
    }

    #[test]
    fn a_tenant_is_an_id_or_a_domain() {
        for good in [
            "8ad3f4e2-7c11-4c7b-9a26-0f5a8e6a1c11",
            "acme.onmicrosoft.com",
        ] {
            assert_eq!(tenant(&good.to_owned()), Ok(()), "{good}");
        }
        for bad in ["acme", "", "a b.c", "https://acme.com"] {
            assert!(tenant(&bad.to_owned()).is_err(), "{bad}");
        }
    }
}

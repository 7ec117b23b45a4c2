//! The `gcp` block of the provider: which project and region, and by whose credentials.

use std::{collections::BTreeMap, fmt, str::FromStr};

use clouds::{
    Clouds,
    account::{AccountId, Region},
};
use clouds_gcp::Config;
use dataplane_api::identity::GoogleServiceAccount;
use framework::{Model, Provider as _, Result, Set, Text, Value};

use crate::{endpoints, provider::Dataplane};

/// Google Cloud.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct GcpModel {
    /// Id of the project where everything is made, for example `acme-prod`: neither its name nor its number.
    #[attr(required)]
    pub project: Value<Text<Project>>,
    /// Region where everything is made, for example `europe-west4`.
    #[attr(required, validate = region)]
    pub region: Value<Text<Region>>,
    /// E-mail address of a service account to act as, with the credentials found.
    #[attr(optional)]
    pub impersonate_service_account: Value<Text<GoogleServiceAccount>>,
    /// Ids of the projects this configuration may work in. Checked before the first call; any other project is an error.
    #[attr(optional, validate = some_project)]
    pub allowed_projects: Value<Set<Text<Project>>>,
    /// Addresses to use instead of a service's own, by service: `artifactregistry`, `cloudresourcemanager`, `compute`, `container`,
    /// `iam`, `iamcredentials`, `logging`, `oauth2`, `secretmanager`, `storage`.
    #[attr(optional)]
    pub endpoints: Value<BTreeMap<String, String>>,
}

fn region(region: &Text<Region>) -> std::result::Result<(), String> {
    let text = region.text();
    let said = |what: &str| {
        Err(format!(
            "{text:?} is {what}: write a region of Google Cloud, like europe-west4"
        ))
    };
    let parts: Vec<_> = text.split('-').collect();
    let numbered = |part: &str| part.ends_with(|c: char| c.is_ascii_digit());
    match parts[..] {
        [_, place] if numbered(place) => Ok(()),
        [_, place, zone] if numbered(place) && zone.len() == 1 => said("a zone"),
        _ => said("no region of Google Cloud"),
    }
}

fn some_project(projects: &Set<Text<Project>>) -> std::result::Result<(), String> {
    if projects.is_empty() {
        return Err(
            "an empty set allows no project at all: leave the argument out to allow any".to_owned(),
        );
    }
    Ok(())
}

impl GcpModel {
    /// The project, without calling it; none while one of the settings is unknown.
    pub fn connect(self) -> Result<Option<Clouds>> {
        let Self {
            project,
            region,
            impersonate_service_account,
            allowed_projects,
            endpoints,
        } = self;
        let unknown = project.is_unknown()
            || region.is_unknown()
            || impersonate_service_account.is_unknown()
            || allowed_projects.is_unknown()
            || endpoints.is_unknown();
        if unknown {
            return Ok(None);
        }
        let allowed = allowed_projects.into_known().into_iter().flatten();
        let account = impersonate_service_account.into_known();
        Ok(Some(clouds_gcp::connect(Config {
            impersonate_service_account: account.map(|account| account.to_string()),
            allowed_projects: allowed.map(|project| project.into_inner().0).collect(),
            endpoints: endpoints::by_service(endpoints)?,
            user_agent: format!("terraform-provider-dataplane/{}", Dataplane::VERSION),
            ..Config::new(
                project.get()?.account().clone(),
                Region::clone(region.get()?),
            )
        })))
    }
}

/// A project of Google Cloud by its id, which other clouds' accounts are not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project(AccountId);

impl Project {
    /// The project as an account.
    pub fn account(&self) -> &AccountId {
        &self.0
    }
}

/// Of a project that a cluster was found in.
impl From<AccountId> for Project {
    fn from(account: AccountId) -> Self {
        Self(account)
    }
}

impl FromStr for Project {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        // A project's id has at most 30 characters and begins with a letter; a UUID has 36, an AWS account is digits.
        let own = text.len() <= 30 && text.starts_with(|c: char| c.is_ascii_lowercase());
        match text.parse() {
            Ok(account) if own => Ok(Self(account)),
            _ => Err(format!(
                "{text:?} is not the id of a Google Cloud project: it has 6 to 30 lower-case letters, digits and hyphens and begins \
                 with a letter, like acme-prod (`gcloud projects list` shows it as PROJECT_ID)"
            )),
        }
    }
}

impl fmt::Display for Project {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_is_its_id() {
        assert!("acme-prod".parse::<Project>().is_ok());
        for bad in [
            "123456789012",
            "8ad3f4e2-7c11-4c7b-9a26-0f5a8e6a1c11",
            "Acme Prod",
            "acme",
            "acme-prod-",
        ] {
            let said = bad.parse::<Project>().unwrap_err();
            assert!(said.contains("PROJECT_ID"), "{said}");
        }
    }

    #[test]
    fn a_region_is_no_zone_and_of_no_other_cloud() {
        let said = |text: &str| region(&text.parse().unwrap());
        for good in ["europe-west4", "us-central1", "northamerica-northeast2"] {
            assert_eq!(said(good), Ok(()), "{good}");
        }
        assert!(said("europe-west4-a").unwrap_err().contains("is a zone"));
        for bad in ["eu-west-1", "westeurope", "europe"] {
            assert!(
                said(bad).unwrap_err().contains("like europe-west4"),
                "{bad}"
            );
        }
    }
}

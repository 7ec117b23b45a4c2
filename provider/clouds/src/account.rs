//! The account (project, subscription) that the credentials lead to, and where in the world it works.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;

use crate::error::Result;
use crate::names::{Checked, characters, checked_text, ends, length, lower_or_digit, uuid};
use crate::policies::PolicyDocument;
use crate::refusal::Refusal;
use crate::tags::Tags;

checked_text! {
    /// An AWS account (12 digits), a Google Cloud project id or an Azure subscription (a UUID).
    AccountId, "account id", account_id
}

checked_text! {
    /// A region or location of a cloud: `eu-west-1`, `europe-west4`, `westeurope`.
    Region, "region", region
}

checked_text! {
    /// A key of the cloud's key service: on AWS its id, ARN, `alias/…` or alias ARN, on Google Cloud
    /// `projects/…/cryptoKeys/…`, on Azure the key's URL.
    KmsKey, "KMS key", kms_key
}

checked_text! {
    /// Names of objects: one name, or the beginning of some and a `*`. What a name is depends on the kind of object.
    NamePattern, "name pattern", name_pattern
}

/// Who the cloud says we are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The account (project, subscription).
    pub account: AccountId,
    /// The principal: an ARN, an e-mail address, an object id.
    pub principal: String,
}

/// A kind of object that we manage, or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Managed {
    /// Buckets.
    Buckets,
    /// Identity providers.
    IdentityProviders,
    /// Roles.
    Roles,
    /// Registries.
    Registries,
    /// Log groups.
    LogGroups,
    /// Secrets.
    Secrets,
    /// Private services.
    PrivateServices,
    /// Private endpoints.
    PrivateEndpoints,
    /// Clusters, which are only read.
    Clusters,
}

impl Managed {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Buckets,
        Self::IdentityProviders,
        Self::Roles,
        Self::Registries,
        Self::LogGroups,
        Self::Secrets,
        Self::PrivateServices,
        Self::PrivateEndpoints,
        Self::Clusters,
    ];
}

/// What is done with an object that we manage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// It is made.
    Create,
    /// It is looked at.
    Read,
    /// It is changed.
    Update,
    /// It is removed, with what is in it.
    Delete,
}

impl Operation {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Create, Self::Read, Self::Update, Self::Delete];
}

/// What somebody is let into an account for who is not of its owner's: a vendor's pipelines and people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Access {
    /// To make what is managed, and to change it.
    Provision,
    /// To change what is there.
    Maintain,
    /// To remove what is there.
    Deprovision,
    /// To look at it all and to get into the cluster, when something is broken.
    BreakGlass,
}

impl Access {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Provision,
        Self::Maintain,
        Self::Deprovision,
        Self::BreakGlass,
    ];

    /// What is done by it.
    pub fn operations(self) -> BTreeSet<Operation> {
        match self {
            Self::Provision => [Operation::Create, Operation::Read, Operation::Update].into(),
            Self::Maintain => [Operation::Read, Operation::Update].into(),
            Self::Deprovision => [Operation::Read, Operation::Delete].into(),
            Self::BreakGlass => [Operation::Read].into(),
        }
    }

    /// What it is about, where these are managed: a cluster is what glass is broken for.
    pub fn objects(self, managed: &BTreeSet<Managed>) -> BTreeSet<Managed> {
        let mut objects = managed.clone();
        if self == Self::BreakGlass {
            objects.insert(Managed::Clusters);
        }
        objects
    }
}

/// One of the modules that stand beside the provider: a folder below `modules/<cloud>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Module {
    /// The folder itself: buckets, secrets, log group, registry, roles.
    DataPlane,
    /// A network.
    Network,
    /// A cluster.
    Cluster,
    /// Private endpoints of the cloud's own services.
    Endpoints,
    /// The customer's side of the private way to the cluster's API.
    PrivateApi,
    /// The vendor's side of it.
    PrivateApiConsumer,
    /// What a vendor is let in by.
    VendorAccess,
    /// A gateway that the customer's own networks alone reach.
    Sovereign,
}

impl Module {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::DataPlane,
        Self::Network,
        Self::Cluster,
        Self::Endpoints,
        Self::PrivateApi,
        Self::PrivateApiConsumer,
        Self::VendorAccess,
        Self::Sovereign,
    ];
}

impl fmt::Display for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DataPlane => "data_plane",
            Self::Network => "network",
            Self::Cluster => "cluster",
            Self::Endpoints => "endpoints",
            Self::PrivateApi => "private_api",
            Self::PrivateApiConsumer => "private_api_consumer",
            Self::VendorAccess => "vendor_access",
            Self::Sovereign => "sovereign",
        })
    }
}

impl FromStr for Module {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let found = Self::ALL
            .into_iter()
            .find(|module| module.to_string() == text);
        found.ok_or_else(|| {
            let names = Self::ALL.map(|module| module.to_string());
            format!("{text:?} is no module: those are {}", names.join(", "))
        })
    }
}

/// What the caller's permissions are narrowed to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Within {
    /// Names by the kind of object; a kind that is missing here is not narrowed.
    pub names: BTreeMap<Managed, BTreeSet<NamePattern>>,
    /// The customer's keys; none means any of the account.
    pub kms_keys: Option<BTreeSet<KmsKey>>,
    /// Owners of what goes by no name, where policies can ask for marks: no other's may be changed. None means whoever marked it.
    pub owners: BTreeSet<NamePattern>,
}

/// Who is calling, and what the caller needs.
#[async_trait]
pub trait Account: Send + Sync {
    /// How objects of this kind keep these tags: what will be found once they are set. The marks of [`crate::tags`] keep their
    /// keys, and where a label or a description is too narrow for a mark's value, it is shortened to one that is still its own.
    /// `all` are the wanted tags, `own` those that somebody wrote for just this object: where objects of a kind have no
    /// tags, the marks alone are kept, and `own` is refused.
    ///
    /// # Errors
    /// Which tag this cloud cannot keep, and why.
    fn kept(&self, managed: Managed, all: &Tags, own: &Tags) -> std::result::Result<Tags, Refusal>;

    /// Whether tags that others put on objects of this kind stay, and are nobody's business here: where rules of the organisation
    /// add some, they would add them again after every apply. Elsewhere an object has the tags that it should have and no others.
    fn foreign_tags_stay(&self, _managed: Managed) -> bool {
        false
    }

    /// Whether two names of objects of this kind mean one object, however they are written. Nothing is called.
    fn same_name(&self, _managed: Managed, name: &str, other: &str) -> bool {
        name == other
    }

    /// Asks the cloud; answered from memory from the second time on.
    async fn caller(&self) -> Result<Caller>;

    /// What a module makes with this provider; none where this cloud has no such module.
    fn made_by(&self, module: Module) -> Option<BTreeSet<Managed>>;

    /// What whoever runs us has to be allowed for doing this with these, as a policy of this cloud: on objects of the
    /// caller's account, of which no more than the names in `within`. Of `modules` it holds what their resources of other
    /// providers take, beside what is `managed`. A policy that the cloud would refuse for its length is `Invalid`.
    async fn required(
        &self,
        managed: &BTreeSet<Managed>,
        modules: &BTreeSet<Module>,
        operations: &BTreeSet<Operation>,
        within: &Within,
    ) -> Result<PolicyDocument>;

    /// What somebody is given who is let in for this, where these are managed, as [`Account::required`] says it. For
    /// [`Access::BreakGlass`] it also denies everything else, where the policies of the cloud can deny.
    async fn granted(
        &self,
        access: Access,
        managed: &BTreeSet<Managed>,
        modules: &BTreeSet<Module>,
        within: &Within,
    ) -> Result<PolicyDocument> {
        let managed = access.objects(managed);
        self.required(&managed, modules, &access.operations(), within)
            .await
    }
}

fn account_id(text: &str) -> Checked {
    let digits = text.len() == 12 && text.chars().all(|c| c.is_ascii_digit());
    let project = length(text, 6, 30).is_ok()
        && characters(text, |c| lower_or_digit(c) || c == '-', "").is_ok()
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && !text.ends_with('-');
    if digits || uuid(text) || project {
        return Ok(());
    }
    Err("must be the 12 digits of an AWS account, a Google Cloud project id or the UUID of an Azure subscription".into())
}

fn region(text: &str) -> Checked {
    length(text, 2, 32)?;
    characters(
        text,
        |c| lower_or_digit(c) || c == '-',
        "lowercase letters, digits and hyphens",
    )?;
    ends(text, lower_or_digit, "a lowercase letter or a digit")?;
    if text.starts_with(|c: char| c.is_ascii_lowercase()) && !text.contains("--") {
        return Ok(());
    }
    Err("must look like eu-west-1, europe-west4 or westeurope".into())
}

fn kms_key(text: &str) -> Checked {
    length(text, 1, 2048)?;
    characters(
        text,
        |c| c.is_ascii_graphic() && !"*?\"".contains(c),
        "visible ASCII without wildcards",
    )?;
    let arn = text.starts_with("arn:")
        && text.contains(":kms:")
        && (text.contains(":key/") || text.contains(":alias/"));
    let id = text.trim_start_matches("mrk-");
    let id = [32, 36].contains(&id.len()) && id.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    let google = text.starts_with("projects/") && text.contains("/cryptoKeys/");
    let azure = text.starts_with("https://") && text.contains("/keys/");
    if arn || id || google || azure || text.starts_with("alias/") {
        return Ok(());
    }
    Err("must be a key's ARN, id or alias/… (AWS), projects/…/cryptoKeys/… (Google Cloud) or its URL (Azure)".into())
}

fn name_pattern(text: &str) -> Checked {
    length(text, 1, 512)?;
    characters(
        text,
        |c| c.is_ascii_graphic() && !"?$\\\"".contains(c),
        "visible ASCII without ? $ \\ \"",
    )?;
    if text == "*" {
        return Err("must not be * alone, which narrows nothing".into());
    }
    if text.trim_end_matches('*').contains('*') || text.ends_with("**") {
        return Err("may have one * only, at its end".into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_a_name_or_its_beginning() {
        for good in ["acme-metadata", "acme-*", "/dataplane/*", "acme/"] {
            assert!(good.parse::<NamePattern>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "*",
            "a*b",
            "*-acme",
            "a**",
            "a?",
            "${aws:username}",
            "a b",
        ] {
            assert!(bad.parse::<NamePattern>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_module_is_called_as_its_folder_is() {
        for module in Module::ALL {
            assert_eq!(module.to_string().parse(), Ok(module));
        }
        let said = "private-api".parse::<Module>().unwrap_err();
        assert!(said.contains("endpoints, private_api"), "{said}");
    }

    #[test]
    fn accounts_of_the_three_clouds() {
        for good in [
            "123456789012",
            "acme-prod-1",
            "8ad3f4e2-7c11-4c7b-9a26-0f5a8e6a1c11",
        ] {
            assert!(good.parse::<AccountId>().is_ok(), "{good}");
        }
        for bad in ["12345678901", "1234567890123", "Acme-prod", "acme-", ""] {
            assert!(bad.parse::<AccountId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn regions_of_the_three_clouds() {
        for good in ["eu-west-1", "us-gov-east-1", "europe-west4", "westeurope"] {
            assert!(good.parse::<Region>().is_ok(), "{good}");
        }
        for bad in ["EU-WEST-1", "eu west 1", "eu--west-1", "1-eu", "eu-west-"] {
            assert!(bad.parse::<Region>().is_err(), "{bad}");
        }
    }

    #[test]
    fn keys_of_the_three_clouds() {
        for good in [
            "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "1234abcd-12ab-34cd-56ef-1234567890ab",
            "mrk-1234abcd12ab34cd56ef1234567890ab",
            "alias/dataplane",
            "projects/p/locations/europe/keyRings/r/cryptoKeys/k",
            "https://acme.vault.azure.net/keys/dataplane",
        ] {
            assert!(good.parse::<KmsKey>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "my key",
            "arn:aws:s3:::bucket",
            "arn:aws:kms:eu-west-1:1:key/*",
        ] {
            assert!(bad.parse::<KmsKey>().is_err(), "{bad}");
        }
    }
}

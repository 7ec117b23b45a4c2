//! Buckets: their names, the settings that a data plane gives them, and what can be done with them.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;
use serde_json::Value;
use url::{Host, Url};

use crate::account::{KmsKey, Region};
use crate::error::Result;
use crate::names::{Checked, ParseError, characters, checked_text, ends, length, lower_or_digit};
use crate::refusal::Refusal;
use crate::tags::Tags;

checked_text! {
    /// A bucket's name (on Azure: the container's). Each cloud has further rules: [`Buckets::check`].
    BucketName, "bucket name", bucket_name
}

checked_text! {
    /// The name of an Azure storage account, which holds the container that is the bucket.
    StorageAccount, "storage account", storage_account
}

checked_text! {
    /// The beginning of object keys, up to and including a `/`.
    ObjectPrefix, "object prefix", object_prefix
}

checked_text! {
    /// A web origin that may read objects from a browser: scheme, host (its first label may be `*`), port.
    CorsOrigin, "CORS origin", cors_origin
}

checked_text! {
    /// The full id of a subnet of Azure, which does not tell letter cases apart.
    any case SubnetId, "subnet", |text| length(text, 1, 1024)
}

/// How a bucket is found again: its name, and on Azure the account that it lives in (`account/container`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BucketId {
    /// The storage account, on Azure.
    pub account: Option<StorageAccount>,
    /// The name.
    pub name: BucketName,
}

/// Who holds the key that the objects are encrypted with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// The cloud, without cost: SSE-S3, Google-managed and Microsoft-managed keys.
    Cloud,
    /// A key of the key service; on AWS with bucket keys, so that not every object asks for it.
    Key(KmsKey),
}

/// Objects under a prefix are removed when they are this old.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Expiration {
    /// Which objects; none means all.
    pub prefix: Option<ObjectPrefix>,
    /// Their age.
    pub days: u32,
}

/// The settings that differ between buckets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketSettings {
    /// Encryption of new objects.
    pub encryption: Encryption,
    /// Whether overwritten and deleted objects are kept as versions.
    pub versioning: bool,
    /// What is removed by age.
    pub expiration: BTreeSet<Expiration>,
    /// Who may read from a browser.
    pub cors_origins: BTreeSet<CorsOrigin>,
    /// The customer's own statements of the bucket's policy, in the cloud's own form; equal when they mean the same. Only AWS
    /// has one policy per bucket; on the others, what other people bind stays where it is.
    pub policy_statements: crate::policies::Statements,
    /// For how many days deleted objects can be brought back, 0 for not at all; none where the cloud has no such thing
    /// ([`Buckets::default_soft_delete_days`]).
    pub soft_delete_days: Option<u32>,
    /// From where the bucket is reached, on Azure; none means from everywhere, with a token.
    pub allowed_networks: Option<AllowedNetworks>,
}

/// The only networks that a storage account answers to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedNetworks {
    /// Public addresses and ranges, as CIDRs without a prefix for single ones.
    pub ip_ranges: BTreeSet<String>,
    /// Subnets with a service endpoint, by their full ids.
    pub subnets: BTreeSet<SubnetId>,
}

/// What every bucket of ours has, whatever its settings, as far as its cloud has it ([`Buckets::protections`]). Each is seen as
/// missing when someone took it away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protection {
    /// New objects are encrypted; with bucket keys where a key of the key service is used.
    Encrypted,
    /// No policy and no ACL can make it public.
    PublicAccessBlocked,
    /// No ACLs: every object belongs to the bucket's owner.
    OwnerEnforced,
    /// Requests without TLS, and with versions of it before 1.2 where the cloud lets us say so, are refused.
    TlsOnly,
    /// No key of the storage account opens it: only tokens of an identity do.
    NoSharedKeys,
    /// Principals of other accounts are refused, but for accounts that the customer's own statements name.
    OwnAccountOnly,
    /// Uploads that were begun and never finished are removed after a week.
    AbortedUploadsRemoved,
}

impl Protection {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Encrypted,
        Self::PublicAccessBlocked,
        Self::OwnerEnforced,
        Self::TlsOnly,
        Self::NoSharedKeys,
        Self::OwnAccountOnly,
        Self::AbortedUploadsRemoved,
    ];

    /// Its name, as it is shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Encrypted => "encrypted",
            Self::PublicAccessBlocked => "public_access_blocked",
            Self::OwnerEnforced => "owner_enforced",
            Self::TlsOnly => "tls_only",
            Self::NoSharedKeys => "no_shared_keys",
            Self::OwnAccountOnly => "own_account_only",
            Self::AbortedUploadsRemoved => "aborted_uploads_removed",
        }
    }
}

impl fmt::Display for Protection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A bucket to make: bare but for its tags, so that its mark is there from the first moment, and its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewBucket {
    /// What it will be called.
    pub id: BucketId,
    /// Whether its paths are real directories (Azure's hierarchical namespace). It never changes.
    pub hierarchical: bool,
    /// The key that it will have, for clouds where a rule of the organisation refuses buckets that are made without one. Where the
    /// creating call takes none, it comes with `configure`.
    pub kms_key: Option<KmsKey>,
    /// Tags set by the creating call.
    pub tags: Tags,
}

/// A bucket as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// By which it is found again.
    pub id: BucketId,
    /// Where it is, for programs: `s3://name`, `gs://name`, `abfss://container@account…`.
    pub uri: String,
    /// The region it lies in; it may be another than the configured one.
    pub region: Region,
    /// The URL that its API answers on.
    pub endpoint: String,
    /// Whether its paths are real directories.
    pub hierarchical: bool,
    /// What was found of the settings.
    pub settings: BucketSettings,
    /// Which protections are in force.
    pub protections: BTreeSet<Protection>,
    /// Rules of expiration, CORS and networks that are not ours, by name: `configure` removes them.
    pub foreign_rules: BTreeSet<String>,
    /// Its tags.
    pub tags: Tags,
}

impl Bucket {
    /// Whether `configure` has anything to do, with what [`Buckets::protections`] asks for.
    pub fn differs(&self, wanted: &BucketSettings, protections: &BTreeSet<Protection>) -> bool {
        self.settings != *wanted
            || !protections.is_subset(&self.protections)
            || !self.foreign_rules.is_empty()
    }
}

/// What a bucket holds, as far as it was counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// Current objects.
    pub objects: usize,
    /// Older versions and delete markers.
    pub versions: usize,
    /// Unfinished uploads.
    pub uploads: usize,
    /// Whether counting ended at the limit: there are more.
    pub more: bool,
    /// The first parts of the keys that were met, up to ten: where to look.
    pub prefixes: BTreeSet<String>,
}

impl Contents {
    /// Everything that was counted.
    pub fn total(&self) -> usize {
        self.objects + self.versions + self.uploads
    }
}

impl fmt::Display for Contents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.total() == 0 {
            return f.write_str("nothing");
        }
        let more = if self.more { "at least " } else { "" };
        write!(
            f,
            "{more}{} objects, {} older versions and {} unfinished uploads",
            self.objects, self.versions, self.uploads
        )?;
        let prefixes: Vec<_> = self.prefixes.iter().map(String::as_str).collect();
        if prefixes.is_empty() {
            Ok(())
        } else {
            write!(f, ", under {}", prefixes.join(", "))
        }
    }
}

/// Buckets of one account.
#[async_trait]
pub trait Buckets: Send + Sync {
    /// What this cloud does not take of a bucket as it is wanted: its names (`name`, `account`), what it has no such thing as
    /// (`hierarchical`, `policy_statements`, `soft_delete_days`, `allowed_networks`), and values that it refuses. Nothing is
    /// called.
    fn check(&self, new: &NewBucket, settings: &BucketSettings) -> Vec<Refusal>;

    /// The protections that this cloud has: those that a bucket should have in force.
    fn protections(&self) -> BTreeSet<Protection>;

    /// For how many days deleted objects can be brought back where nothing is said; none where this cloud has no such thing. What is
    /// found says this number, too.
    fn default_soft_delete_days(&self) -> Option<u32> {
        None
    }

    /// Makes a bare bucket in the configured region, tagged in the same call. A bucket of this name that exists already,
    /// ours or another's, is `AlreadyExists`, also where the cloud's own answer is success.
    async fn create(&self, new: &NewBucket) -> Result<()>;

    /// Everything about a bucket that we manage, in whatever region it lies.
    async fn get(&self, id: &BucketId) -> Result<Bucket>;

    /// Sets what differs between `found` and `wanted`, protections included, and nothing else.
    async fn configure(&self, found: &Bucket, wanted: &BucketSettings) -> Result<()>;

    /// Replaces the tags that were found.
    async fn set_tags(&self, found: &Bucket, tags: &Tags) -> Result<()>;

    /// Counts what is in it, at most to `limit` of each kind.
    async fn contents(&self, id: &BucketId, limit: usize) -> Result<Contents>;

    /// Removes all objects, versions, delete markers and unfinished uploads; says how many.
    async fn empty(&self, id: &BucketId) -> Result<usize>;

    /// Deletes an empty bucket; `NotEmpty` where it is not.
    async fn delete(&self, id: &BucketId) -> Result<()>;
}

impl From<BucketName> for BucketId {
    fn from(name: BucketName) -> Self {
        Self {
            account: None,
            name,
        }
    }
}

impl fmt::Display for BucketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.account {
            Some(account) => write!(f, "{account}/{}", self.name),
            None => write!(f, "{}", self.name),
        }
    }
}

impl FromStr for BucketId {
    type Err = ParseError;

    fn from_str(text: &str) -> std::result::Result<Self, ParseError> {
        match text.split_once('/') {
            None => Ok(Self::from(text.parse::<BucketName>()?)),
            Some((account, name)) => Ok(Self {
                account: Some(account.parse()?),
                name: name.parse()?,
            }),
        }
    }
}

impl Encryption {
    /// The key of the key service, if it is one.
    pub fn key(&self) -> Option<&KmsKey> {
        match self {
            Self::Cloud => None,
            Self::Key(key) => Some(key),
        }
    }
}

impl BucketSettings {
    /// A private, unversioned bucket without rules.
    pub fn plain() -> Self {
        Self {
            encryption: Encryption::Cloud,
            versioning: false,
            expiration: BTreeSet::new(),
            cors_origins: BTreeSet::new(),
            policy_statements: crate::policies::Statements::default(),
            soft_delete_days: None,
            allowed_networks: None,
        }
    }

    /// The same settings with statements of the customer's own.
    #[must_use]
    pub fn with_statements(self, statements: Vec<Value>) -> Self {
        Self {
            policy_statements: statements.into(),
            ..self
        }
    }
}

fn bucket_name(text: &str) -> Checked {
    length(text, 3, 63)?;
    let allowed = |c| lower_or_digit(c) || "._-".contains(c);
    characters(text, allowed, "lowercase letters, digits and . _ -")?;
    ends(text, lower_or_digit, "a lowercase letter or a digit")?;
    Ok(())
}

fn storage_account(text: &str) -> Checked {
    length(text, 3, 24)?;
    characters(text, lower_or_digit, "lowercase letters and digits")
}

fn object_prefix(text: &str) -> Checked {
    length(text, 2, 1000)?;
    characters(
        text,
        |c| !c.is_control() && !"*?$\\\"".contains(c),
        "visible characters without wildcards",
    )?;
    if text.starts_with('/') {
        return Err("must not begin with \"/\": object keys do not".into());
    }
    if text.ends_with('/') {
        return Ok(());
    }
    Err("must end with \"/\", so that \"team\" does not reach \"team2\"".into())
}

fn cors_origin(text: &str) -> Checked {
    let shape = "must be scheme and host like https://app.example.com or https://*.example.com";
    let Some((scheme, rest)) = text.split_once("://") else {
        return Err(format!("has no scheme: it {shape}"));
    };
    if !matches!(scheme, "https" | "http") {
        return Err(format!("must be https or http: it {shape}"));
    }
    let (wildcard, host) = match rest.strip_prefix("*.") {
        Some(host) => (true, host),
        None => (false, rest),
    };
    let url = Url::parse(&format!("{scheme}://{host}")).map_err(|_| shape.to_owned())?;
    let plain = !host.contains(['/', '?', '#', '@', '*', ' '])
        && url.host_str().is_some_and(|h| host.starts_with(h));
    if !plain {
        return Err(format!(
            "{shape}, without path, query or further wildcards, in lowercase"
        ));
    }
    if wildcard && !matches!(url.host(), Some(Host::Domain(domain)) if domain.contains('.')) {
        return Err("must not have a wildcard for a whole top-level domain".into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule<T: FromStr<Err = ParseError> + fmt::Debug>(text: &str) -> String {
        text.parse::<T>().unwrap_err().to_string()
    }

    #[test]
    fn subnets_are_the_same_in_any_letter_case() {
        let one: SubnetId = "/subscriptions/s/resourceGroups/Acme".parse().unwrap();
        let other: SubnetId = "/SUBSCRIPTIONS/s/resourcegroups/acme".parse().unwrap();
        assert_eq!(one, other);
        assert_eq!(BTreeSet::from([one.clone()]), BTreeSet::from([other]));
        assert_eq!(one.as_str(), "/subscriptions/s/resourceGroups/Acme");
    }

    #[test]
    fn names_hold_what_all_clouds_take() {
        for (name, part) in [
            ("ab", "3 to 63 characters"),
            (&*"a".repeat(64), "3 to 63 characters"),
            ("Acme", "'A'"),
            ("-acme", "begin and end"),
            ("acme.", "begin and end"),
        ] {
            let said = rule::<BucketName>(name);
            assert!(said.contains(part), "{name}: {said}");
        }
        for good in ["acme-metadata", "a.b.c", "123", "acme_data"] {
            assert!(good.parse::<BucketName>().is_ok(), "{good}");
        }
    }

    #[test]
    fn ids_name_the_account_on_azure_only() {
        let id: BucketId = "acme-metadata".parse().unwrap();
        assert_eq!(
            (id.account.as_ref(), id.to_string()),
            (None, "acme-metadata".to_owned())
        );
        let id: BucketId = "acmeprod/metadata".parse().unwrap();
        assert_eq!(
            id.account.as_ref().map(StorageAccount::as_str),
            Some("acmeprod")
        );
        assert_eq!(id.to_string(), "acmeprod/metadata");
        assert!("Acme_Prod/metadata".parse::<BucketId>().is_err());
    }

    #[test]
    fn origins_need_a_scheme_and_nothing_after_the_host() {
        for good in [
            "https://*.unionai.cloud",
            "https://app.example.com:8443",
            "http://localhost:3000",
        ] {
            assert!(good.parse::<CorsOrigin>().is_ok(), "{good}");
        }
        for bad in [
            "app.example.com",
            "*",
            "ftp://x.example.com",
            "https://a.example.com/",
            "https://*.com",
            "https://a.*.com",
            "https://A.example.com",
        ] {
            assert!(bad.parse::<CorsOrigin>().is_err(), "{bad}");
        }
        assert!(rule::<CorsOrigin>("app.example.com").contains("no scheme"));
    }

    #[test]
    fn prefixes_end_where_a_name_ends() {
        assert!("org/project/".parse::<ObjectPrefix>().is_ok());
        assert!(rule::<ObjectPrefix>("org/project").contains("team2"));
        for bad in ["", "/", "/org/", "org/*/", "${aws:userid}/"] {
            assert!(bad.parse::<ObjectPrefix>().is_err(), "{bad}");
        }
    }
}

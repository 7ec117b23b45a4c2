//! Buckets: each a storage account of its own with one container, which Resource Manager makes, and whose blobs the data plane
//! of Blob Storage lists and deletes.
//!
//! Calls: `create` 3 (4 where the location has no zones); `get` 4 at once (1 more where the container is missing); `configure` 1
//! per part that differs: account, container, blob settings, lifecycle, and 5 for a key (7 for another key); `set_tags` 1, or 2
//! where tags come and go; `contents` 1 and 1 per page of 5,000 blobs; `empty` 4, 1 per page and 1 per blob, and 1 per file
//! share, queue and table; `delete` 8 (10 with a key).
//!
//! An account's `PUT` answers success for an account that exists and changes it. So `create` looks first; two that look at the same
//! time are told apart by nothing that Azure has.

use std::collections::BTreeSet;

use async_trait::async_trait;
use clouds::buckets::{
    Bucket, BucketId, BucketSettings, Buckets, Contents, Encryption, NewBucket, Protection,
    StorageAccount,
};
use clouds::error::Call;
use clouds::policies::Statements;
use clouds::{Error, Optional, Refusal, Result, Tags};
use futures::try_join;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::arm::ResourceId;
use crate::bucket_encryption::KeyRight;
use crate::bucket_settings::{BlobService, NetworkRules};
use crate::error::invalid;
use crate::lifecycle::ManagementPolicy;
use crate::objects::Container;
use crate::session::Service;
use crate::storage_accounts::{
    self as accounts, Account, AccountChange, Guarded, NewAccount, PropertiesChange,
};
use crate::{
    Azure, account_services, bucket_encryption, bucket_settings, lifecycle, names, operations,
    tags, versions,
};

const CONTAINERS_READ: &str = "Microsoft.Storage/storageAccounts/blobServices/containers/read";
const CONTAINERS_WRITE: &str = "Microsoft.Storage/storageAccounts/blobServices/containers/write";
const CONTAINERS_DELETE: &str = "Microsoft.Storage/storageAccounts/blobServices/containers/delete";
const SERVICES_READ: &str = "Microsoft.Storage/storageAccounts/blobServices/read";
const SERVICES_WRITE: &str = "Microsoft.Storage/storageAccounts/blobServices/write";
const POLICIES_READ: &str = "Microsoft.Storage/storageAccounts/managementPolicies/read";
const POLICIES_WRITE: &str = "Microsoft.Storage/storageAccounts/managementPolicies/write";
const POLICIES_DELETE: &str = "Microsoft.Storage/storageAccounts/managementPolicies/delete";

/// A container, sent and found.
#[derive(Deserialize, Serialize)]
struct ContainerBody {
    #[serde(skip_serializing)]
    name: Option<String>,
    #[serde(default)]
    properties: ContainerProperties,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
struct ContainerProperties {
    public_access: Option<String>,
}

impl ContainerBody {
    fn private() -> Self {
        Self {
            name: None,
            properties: ContainerProperties {
                public_access: Some("None".to_owned()),
            },
        }
    }

    fn is_private(&self) -> bool {
        let access = self.properties.public_access.as_deref();
        access.is_none_or(|access| access.eq_ignore_ascii_case("None"))
    }
}

/// The ids of a bucket's parts.
struct Parts {
    account: ResourceId,
    service: ResourceId,
    containers: ResourceId,
    container: ResourceId,
    policy: ResourceId,
}

#[async_trait]
impl Buckets for Azure {
    fn check(&self, new: &NewBucket, settings: &BucketSettings) -> Vec<Refusal> {
        let key = match &settings.encryption {
            Encryption::Cloud => None,
            Encryption::Key(key) => Some(key),
        };
        let statements = (!settings.policy_statements.is_empty()).then_some(&());
        let versioned = (new.hierarchical && settings.versioning).then_some(&());
        let days = settings.soft_delete_days.filter(|days| *days > 365);
        let prefixes = settings
            .expiration
            .iter()
            .filter_map(|rule| rule.prefix.as_ref());
        let origins = bucket_settings::too_many_origins(&settings.cors_origins);
        names::bucket(&new.id)
            .into_iter()
            .chain(names::key(key))
            .chain(Refusal::of_given(
                "policy_statements",
                statements,
                "Azure has no policy of a bucket: leave it out, and assign roles on the storage account instead.",
            ))
            .chain(Refusal::of_given(
                "versioning",
                versioned,
                "Azure keeps no versions in a hierarchical namespace: leave one of the two out, and see `soft_delete_days`.",
            ))
            .chain(Refusal::of_given(
                "soft_delete_days",
                days.as_ref(),
                "Azure keeps deleted blobs for up to 365 days.",
            ))
            .chain(settings.allowed_networks.as_ref().and_then(names::networks))
            .chain(prefixes.filter_map(names::prefix).map(|refusal| Refusal {
                field: "expiration",
                ..refusal
            }))
            .chain(origins.map(|reason| Refusal::new("cors_origins", reason)))
            .collect()
    }

    fn protections(&self) -> BTreeSet<Protection> {
        [
            Protection::Encrypted,
            Protection::PublicAccessBlocked,
            Protection::TlsOnly,
            Protection::NoSharedKeys,
        ]
        .into()
    }

    fn default_soft_delete_days(&self) -> Option<u32> {
        Some(bucket_settings::SOFT_DELETE)
    }

    async fn create(&self, new: &NewBucket) -> Result<()> {
        let name = account_of(&new.id)?;
        let parts = self.parts(&new.id)?;
        let arm = self.0.arm().await?;
        let call = Call::new(accounts::READ, &new.id);
        let found: Option<Account> = arm
            .get(call, &parts.account, versions::STORAGE)
            .await
            .optional()?;
        if let Some(found) = found {
            let call = Call::new(accounts::WRITE, &new.id).because("the storage account exists");
            let state = found.properties.provisioning_state.as_deref();
            operations::once_more(call, state, found.tags.as_ref(), &new.tags)?;
        }
        match self.make(name, &parts, new, accounts::ZONES).await {
            Err(Error::Invalid(call)) if call.code.as_deref() == Some(accounts::NO_ZONES) => {
                tracing::warn!(account = %name, location = %self.0.config.location, "the location has no zones: its blobs are kept in one place");
                self.make(name, &parts, new, accounts::LOCAL).await?;
            }
            made => made?,
        }
        self.make_container(&new.id, &parts).await
    }

    async fn get(&self, id: &BucketId) -> Result<Bucket> {
        let name = account_of(id)?;
        let parts = self.parts(id)?;
        let arm = self.0.arm().await?;
        let version = versions::STORAGE;
        let call = |operation: &str| Call::new(operation, id);
        let account = arm.get::<Account>(call(accounts::READ), &parts.account, version);
        let container = async {
            let container =
                arm.get::<ContainerBody>(call(CONTAINERS_READ), &parts.container, version);
            container.await.optional()
        };
        let service = async {
            let service = arm.get::<BlobService>(call(SERVICES_READ), &parts.service, version);
            service.await.optional()
        };
        let policy = async {
            let policy = arm.get::<Value>(call(POLICIES_READ), &parts.policy, version);
            policy.await.optional()
        };
        let (account, container, service, policy) = try_join!(account, container, service, policy)?;
        if container.is_none() && !self.others(id, &parts).await?.is_empty() {
            let why = "the account is another bucket's: it holds other containers, and not this one; give this bucket an \
                       account of its own";
            return Err(Error::NotFound(Box::new(
                call(CONTAINERS_READ).because(why),
            )));
        }
        let hierarchical = account.is_hierarchical();
        let service = service.unwrap_or_default();
        let (cors_origins, mut foreign_rules) = service.cors();
        let (expiration, foreign) =
            lifecycle::split(&id.name, &policy.unwrap_or_default(), hierarchical);
        foreign_rules.extend(foreign);
        foreign_rules.extend(bucket_settings::foreign_networks(&account.properties));
        let location = account.location.as_deref().unwrap_or_default();
        let region = location.replace(' ', "").to_lowercase();
        let private = container.as_ref().is_some_and(ContainerBody::is_private);
        Ok(Bucket {
            id: id.clone(),
            uri: format!("abfss://{}@{}", id.name, account.dfs_host(name.as_str())),
            region: region
                .parse()
                .unwrap_or_else(|_| self.0.config.location.clone()),
            endpoint: self.blob_endpoint(name, &account),
            hierarchical,
            settings: BucketSettings {
                encryption: bucket_encryption::found(account.properties.encryption.as_ref()),
                versioning: service.versioning(),
                expiration,
                cors_origins,
                policy_statements: Statements::default(),
                soft_delete_days: Some(service.soft_delete_days()),
                allowed_networks: account
                    .properties
                    .network_acls
                    .as_ref()
                    .and_then(NetworkRules::allowed),
            },
            protections: bucket_settings::protections(&account.properties, private),
            foreign_rules,
            tags: account.tags.unwrap_or_default(),
        })
    }

    async fn configure(&self, found: &Bucket, wanted: &BucketSettings) -> Result<()> {
        let id = &found.id;
        let parts = self.parts(id)?;
        let missing = |protection| !found.protections.contains(&protection);
        let foreign = |kind: &str| {
            found
                .foreign_rules
                .iter()
                .any(|rule| rule.starts_with(kind))
        };
        let opened = self.protections().into_iter().any(missing);
        let networks = found.settings.allowed_networks != wanted.allowed_networks
            || foreign(bucket_settings::NETWORK);
        // One after the other: Azure refuses changes of one account that overlap.
        if opened || networks {
            let networks = networks.then(|| NetworkRules::wanted(wanted.allowed_networks.as_ref()));
            let change = AccountChange {
                properties: Some(PropertiesChange {
                    guarded: opened.then_some(Guarded::CLOSED),
                    public_network_access: networks.is_some().then_some(bucket_settings::OPEN),
                    network_acls: networks,
                    encryption: None,
                }),
                identity: None,
            };
            bucket_encryption::patch(&self.0, &parts.account, &change).await?;
        }
        if missing(Protection::PublicAccessBlocked) {
            self.make_container(id, &parts).await?;
        }
        if found.settings.encryption != wanted.encryption {
            let (old, new) = (&found.settings.encryption, &wanted.encryption);
            bucket_encryption::change(&self.0, &parts.account, old, new).await?;
        }
        let days = |settings: &BucketSettings| {
            settings
                .soft_delete_days
                .unwrap_or(bucket_settings::SOFT_DELETE)
        };
        let service = found.settings.versioning != wanted.versioning
            || found.settings.cors_origins != wanted.cors_origins
            || days(&found.settings) != days(wanted)
            || foreign("CORS");
        let arm = self.0.arm().await?;
        if service {
            let body = BlobService::wanted(wanted, found.hierarchical);
            let call = Call::new(SERVICES_WRITE, id);
            let _: Value = arm
                .put(call, &parts.service, versions::STORAGE, &body)
                .await?;
        }
        if found.settings.expiration == wanted.expiration && !foreign("lifecycle") {
            return Ok(());
        }
        if wanted.expiration.is_empty() {
            let call = Call::new(POLICIES_DELETE, id);
            let gone = arm
                .delete(call, &parts.policy, versions::STORAGE, None)
                .await;
            return gone.optional().map(|_| ());
        }
        let body = ManagementPolicy::of(&id.name, &wanted.expiration, found.hierarchical);
        let call = Call::new(POLICIES_WRITE, id);
        let _: Value = arm
            .put(call, &parts.policy, versions::STORAGE, &body)
            .await?;
        Ok(())
    }

    async fn set_tags(&self, found: &Bucket, tags: &Tags) -> Result<()> {
        let parts = self.parts(&found.id)?;
        tags::change(self.0.arm().await?, &parts.account, &found.tags, tags).await
    }

    async fn contents(&self, id: &BucketId, limit: usize) -> Result<Contents> {
        let account = self.account(id).await?;
        let contents = self.container(id, &account)?.contents(limit).await;
        // An account whose container is missing holds nothing of ours.
        Ok(contents.optional()?.unwrap_or_default())
    }

    /// With all that the account holds beside blobs: it would not go before that is gone.
    async fn empty(&self, id: &BucketId) -> Result<usize> {
        let account = self.account(id).await?;
        let emptied = self.container(id, &account)?.empty().await;
        let blobs = emptied.optional()?.unwrap_or_default();
        let (arm, parts) = (self.0.arm().await?, self.parts(id)?);
        let beside = account_services::list(arm, id, &parts.account).await?;
        Ok(blobs + account_services::remove(arm, &beside).await?)
    }

    /// Azure deletes a container with all that it holds, and an account with all that it holds. So what is there is looked at first,
    /// and nothing is deleted before all was seen.
    async fn delete(&self, id: &BucketId) -> Result<()> {
        let parts = self.parts(id)?;
        let account = self.account(id).await?;
        let arm = self.0.arm().await?;
        let beside = account_services::list(arm, id, &parts.account);
        let (others, beside) = try_join!(self.others(id, &parts), beside)?;
        if !others.is_empty() {
            let others: Vec<_> = others.into_iter().collect();
            let why = format!(
                "the storage account also holds {}, which are not ours to delete",
                others.join(", ")
            );
            return Err(not_empty(accounts::DELETE, id, why));
        }
        if let Some(held) = account_services::said(&beside) {
            let why = format!(
                "the storage account also holds {held}, which would go with it: remove it, or destroy it all with `force_destroy`"
            );
            return Err(not_empty(accounts::DELETE, id, why));
        }
        let contents = self.container(id, &account)?.contents(1).await;
        let contents = contents.optional()?.unwrap_or_default();
        if contents.total() > 0 {
            let why = format!("the container holds {contents}");
            return Err(not_empty(CONTAINERS_DELETE, id, why));
        }
        let call = Call::new(CONTAINERS_DELETE, id);
        let gone = arm
            .delete(call, &parts.container, versions::STORAGE, None)
            .await;
        gone.map_err(leased).optional()?;
        // Before the account, by which alone a destroy that failed finds it again.
        let right = KeyRight::of(&self.0, &parts.account, &account).await?;
        if let Some(right) = &right {
            right.take_away(&self.0).await?;
        }
        let call = Call::new(accounts::DELETE, id);
        let gone = arm
            .delete(call, &parts.account, versions::STORAGE, None)
            .await;
        if let (Err(error), Some(right)) = (&gone, &right)
            && !matches!(error, Error::NotFound(_))
            && let Err(problem) = right.give(&self.0).await
        {
            tracing::warn!(%problem, bucket = %id, "the account stays, and its identity lost the right on its key");
        }
        gone
    }
}

impl Azure {
    fn parts(&self, id: &BucketId) -> Result<Parts> {
        let account = self.0.resource(accounts::KIND, account_of(id)?);
        let service = account.child("blobServices", "default");
        Ok(Parts {
            containers: ResourceId::new(format!("{service}/containers")),
            container: service.child("containers", &id.name),
            policy: account.child("managementPolicies", "default"),
            service,
            account,
        })
    }

    async fn account(&self, id: &BucketId) -> Result<Account> {
        let parts = self.parts(id)?;
        let call = Call::new(accounts::READ, id);
        let arm = self.0.arm().await?;
        arm.get(call, &parts.account, versions::STORAGE).await
    }

    async fn make(
        &self,
        name: &StorageAccount,
        parts: &Parts,
        new: &NewBucket,
        sku: &'static str,
    ) -> Result<()> {
        let body = NewAccount::new(sku, &self.0.config.location, new.hierarchical, &new.tags);
        let call = Call::new(accounts::WRITE, &new.id);
        let arm = self.0.arm().await?;
        let made = arm
            .put::<_, Account>(call, &parts.account, versions::STORAGE, &body)
            .await;
        made.map(|_| ()).map_err(|error| taken(name, error))
    }

    /// Makes the container, or closes it again.
    async fn make_container(&self, id: &BucketId, parts: &Parts) -> Result<()> {
        let call = Call::new(CONTAINERS_WRITE, id);
        let arm = self.0.arm().await?;
        let body = ContainerBody::private();
        let _: Value = arm
            .put(call, &parts.container, versions::STORAGE, &body)
            .await?;
        Ok(())
    }

    /// The names of the account's other containers.
    async fn others(&self, id: &BucketId, parts: &Parts) -> Result<BTreeSet<String>> {
        let call = Call::new(CONTAINERS_READ, id);
        let arm = self.0.arm().await?;
        let all: Vec<ContainerBody> = arm
            .list(call, &parts.containers, versions::STORAGE, None)
            .await?;
        let names = all.into_iter().filter_map(|container| container.name);
        Ok(names.filter(|name| name != id.name.as_str()).collect())
    }

    fn container<'s>(&'s self, id: &'s BucketId, account: &Account) -> Result<Container<'s>> {
        Ok(Container {
            session: &self.0,
            id,
            endpoint: self.blob_endpoint(account_of(id)?, account),
            hierarchical: account.is_hierarchical(),
        })
    }

    fn blob_endpoint(&self, name: &StorageAccount, account: &Account) -> String {
        let own = self.0.endpoint(Service::Blob, name.as_str());
        own.unwrap_or_else(|| account.blob_endpoint(name.as_str()))
    }
}

fn account_of(id: &BucketId) -> Result<&StorageAccount> {
    id.account.as_ref().ok_or_else(|| {
        invalid(
            accounts::READ,
            id,
            "it does not name its storage account: on Azure, a bucket is ACCOUNT/CONTAINER",
        )
    })
}

fn not_empty(operation: &str, id: &BucketId, why: String) -> Error {
    Error::NotEmpty(Box::new(Call::new(operation, id).because(why)))
}

/// A name that somebody else has will not become free by waiting, and no import finds it.
fn taken(name: &StorageAccount, error: Error) -> Error {
    match error {
        Error::Invalid(mut call)
            if matches!(
                call.code.as_deref(),
                Some("StorageAccountAlreadyTaken" | "StorageAccountInAnotherResourceGroup")
            ) =>
        {
            call.message = Some(format!(
                "the storage account {name} exists outside of this resource group, perhaps in a subscription of somebody else: their \
                 names are unique in all of Azure, so choose another"
            ));
            Error::Invalid(call)
        }
        error => error,
    }
}

fn leased(error: Error) -> Error {
    match error {
        Error::NotEmpty(mut call)
            if call
                .code
                .as_deref()
                .is_some_and(|code| code.starts_with("Lease")) =>
        {
            call.message = Some(
                "somebody holds a lease on the container: end what holds it, or break it with `az storage container lease break`"
                    .into(),
            );
            Error::NotEmpty(call)
        }
        error => error,
    }
}

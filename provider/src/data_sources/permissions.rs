//! `dataplane_permissions`: what the roles may do, and what whoever runs Terraform needs, as policies to review or to hand out.

mod modules;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
};

use clouds::{
    Error, Roles,
    account::{self, KmsKey, Managed, Module, NamePattern, Operation, Within},
    buckets::BucketId,
    log_groups::LogGroupName,
    policies::PolicyDocument,
    registries::RegistryName,
    secrets::SecretPrefix,
};
use dataplane_api::permissions::Profile;
use framework::{Context, DataSource, Diagnostics, Model, Result, Set, Text, Value, path};

use crate::{
    client::Client,
    ownership::Owner,
    profiles::{self, Access, BucketReach, Reach},
};

/// The data source.
pub struct Permissions;

/// What whoever runs Terraform has to be allowed, as policies of the cloud: for a reviewer, for a permissions boundary, or for the
/// role of a pipeline; and what the roles of a data plane may do, before there are any. Both come from the tables that the provider
/// itself works by. The former are IAM policies on AWS, custom roles (`title`, `includedPermissions`) on Google Cloud and role definitions
/// (`Name`, `Actions`, `DataActions`, `AssignableScopes`) on Azure.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct PermissionsModel {
    /// Kinds of resources that are managed: `bucket`, `identity_provider`, `role`, `registry`, `log_group`, `secret`, `private_service`
    /// and `private_endpoint`; `cluster` for looking up clusters and getting tokens for them. Default: all, or what `module` makes.
    #[attr(optional)]
    pub resources: Value<Set<Text<Kind>>>,
    /// Modules that stand beside this provider (`modules/<cloud>/…`), in place of `resources`: what whoever applies one of them needs, of the
    /// kinds that it makes with this provider and of its resources of other providers. `data_plane`, `network`, `cluster`, `endpoints`,
    /// `private_api`, `private_api_consumer` (not on Google Cloud), `vendor_access`, `sovereign`. What this provider calls is tried by its
    /// tests under exactly these permissions; what others call is written from the references of their services, and is not proved here.
    /// Network objects of EC2 go by ids and are limited to the account and the region; `names` of `cluster`, `role` and `log_group` limit
    /// what the modules call so, and `kms_keys` is for modules that are given a key. Rights on the access policy of an organisation of
    /// Google Cloud, where `private_api` opens a perimeter, are not in it: no role of a project holds them.
    #[attr(optional, validate = modules::at_least_one)]
    pub module: Value<Set<Text<Module>>>,
    /// Names that `policy`, `by_operation`, `by_access` and `by_resource` are limited to, by the kinds of `resources`. Each is a whole name, or a
    /// beginning and `*`, like `acme-prod-*`: on AWS of a role with its path (`/dataplane/*`), of an identity provider the issuer. Default:
    /// what is named for `profiles`; of kinds that nothing is named of, all in the account. Not on Azure, whose roles name no objects:
    /// there, nothing is narrowed but by where the role is assigned.
    #[attr(optional, validate = kinds_and_names)]
    pub names: Value<BTreeMap<String, Set<Text<NamePattern>>>>,
    /// Owners, as provider blocks name them, or a beginning of some and `*`, who manage private services and endpoints with these policies:
    /// on AWS, where those go by no name, what bears the mark of one of these may be changed, and no other's. Default: this provider's own.
    #[attr(optional, validate = at_least_one)]
    pub owners: Value<Set<Text<NamePattern>>>,
    /// Everything that is needed, as one policy.
    #[attr(computed)]
    pub policy: Value<Text<PolicyDocument>>,
    /// What each step needs: `read`, which is all that a plan needs, and `create`, `update` and `delete`, each of which also needs
    /// `read`.
    #[attr(computed)]
    pub by_operation: Value<BTreeMap<String, Text<PolicyDocument>>>,
    /// What a vendor is given who is let into the account for one of these, each for another role: `provision` to make what is managed and
    /// change it, `maintain` to change it, `deprovision` to remove it, and `break_glass` to look at it and get into the cluster. Each can
    /// read. On AWS `break_glass` denies all actions that it does not allow, so that no other policy adds one; what others allow it of these
    /// actions it can do there, too. Roles of Google Cloud and Azure deny nothing. When a role may be taken, by whom and for how long is not in it: `modules/aws/vendor-access` makes such roles.
    #[attr(computed)]
    pub by_access: Value<BTreeMap<String, Text<PolicyDocument>>>,
    /// What each kind of resource needs alone, of this provider's.
    #[attr(computed)]
    pub by_resource: Value<BTreeMap<String, Text<PolicyDocument>>>,
    /// Buckets of the data plane, for `profiles` and by default for `names`.
    #[attr(optional)]
    pub buckets: Value<Set<Text<BucketId>>>,
    /// Beginning of the names of the data plane's secrets, for `profiles` and by default for `names`.
    #[attr(optional)]
    pub secrets: Value<Text<SecretPrefix>>,
    /// Log groups of the data plane, for `profiles` and by default for `names`.
    #[attr(optional)]
    pub logs: Value<Set<Text<LogGroupName>>>,
    /// Registry of the data plane, for `profiles` and by default for `names`.
    #[attr(optional)]
    pub registry: Value<Text<RegistryName>>,
    /// Keys that buckets, secrets and registries are encrypted with, for `profiles`; and the only ones that whoever runs Terraform may
    /// use, which is by default any of the account through the services that ask for it. An empty set: none.
    #[attr(optional)]
    pub kms_keys: Value<Set<Text<KmsKey>>>,
    /// What a `dataplane_role` of each profile (`admin`, `user`, `builder`, `log_writer`) may do, given the objects above. A profile
    /// that none of them concerns is left out, as is on Azure `log_writer`, which there is no role for.
    #[attr(computed)]
    pub profiles: Value<BTreeMap<String, Text<PolicyDocument>>>,
}

impl DataSource for Permissions {
    const NAME: &'static str = "dataplane_permissions";
    type Client = Client;
    type Model = PermissionsModel;

    fn validate(&self, config: &PermissionsModel, diagnostics: &mut Diagnostics) {
        modules::excludes_resources(config, diagnostics);
    }

    async fn read(
        &self,
        cx: &Context<Client>,
        config: PermissionsModel,
    ) -> Result<PermissionsModel> {
        let client = cx.client()?;
        let clouds = client.clouds()?;
        let caller = &*clouds.account;
        let (kinds, modules) = config.subject(caller)?;
        let all = BTreeSet::from(Operation::ALL);
        let within = config.within(&client.owner)?;
        let (policy, within) = match caller.required(&kinds, &modules, &all, &within).await {
            // Only `names` asks for this: what is named for the roles narrows where that is possible.
            Err(Error::Unsupported(_)) if config.names.is_null() => {
                let within = Within {
                    owners: within.owners,
                    ..Within::default()
                };
                let policy = caller.required(&kinds, &modules, &all, &within).await?;
                (policy, within)
            }
            Err(error @ Error::Unsupported(_)) => {
                return Err(Diagnostics::from(error).at(&path!("names")));
            }
            policy => (policy?, within),
        };
        let mut by_operation = BTreeMap::new();
        for operation in Operation::ALL {
            let needed = caller
                .required(&kinds, &modules, &[operation].into(), &within)
                .await?;
            by_operation.insert(name(operation).to_owned(), Text::from(needed));
        }
        let mut by_access = BTreeMap::new();
        for access in account::Access::ALL {
            let given = caller.granted(access, &kinds, &modules, &within).await?;
            by_access.insert(name_of_access(access).to_owned(), Text::from(given));
        }
        let mut by_resource = BTreeMap::new();
        for kind in &kinds {
            let needed = caller
                .required(&[*kind].into(), &BTreeSet::new(), &all, &within)
                .await?;
            by_resource.insert(Kind(*kind).to_string(), Text::from(needed));
        }
        let profiles = profiles(&*clouds.roles, &config.reach()).await?;
        Ok(PermissionsModel {
            profiles: profiles.into(),
            policy: policy.into(),
            by_operation: Value::Known(by_operation),
            by_access: Value::Known(by_access),
            by_resource: Value::Known(by_resource),
            ..config
        })
    }
}

fn kinds_and_names(
    names: &BTreeMap<String, Set<Text<NamePattern>>>,
) -> std::result::Result<(), String> {
    for (kind, names) in names {
        kind.parse::<Kind>()?;
        if names.is_empty() {
            return Err(format!(
                "{kind} has no names: leave it out to allow all of the account, or leave it out of resources to allow none"
            ));
        }
    }
    Ok(())
}

fn at_least_one(owners: &Set<Text<NamePattern>>) -> std::result::Result<(), String> {
    if owners.is_empty() {
        return Err("names no owner: leave it out for this provider's own".into());
    }
    Ok(())
}

impl PermissionsModel {
    /// What the caller's permissions are narrowed to: what `names` says, and else what is named for the roles.
    fn within(&self, ours: &Owner) -> Result<Within> {
        let Reach {
            buckets,
            secrets,
            logs,
            registry,
            ..
        } = self.reach();
        let exactly = |names: Vec<String>| -> Result<BTreeSet<NamePattern>> {
            Ok(names
                .iter()
                .map(|name| name.parse())
                .collect::<std::result::Result<_, _>>()?)
        };
        let for_roles = [
            (
                Managed::Buckets,
                buckets.iter().map(|bucket| bucket.id.to_string()).collect(),
            ),
            (
                Managed::Secrets,
                secrets.iter().map(|prefix| format!("{prefix}*")).collect(),
            ),
            (
                Managed::LogGroups,
                logs.iter().map(ToString::to_string).collect(),
            ),
            (
                Managed::Registries,
                registry.iter().map(ToString::to_string).collect(),
            ),
        ];
        let mut names = BTreeMap::new();
        for (kind, exact) in for_roles {
            let patterns = exactly(exact)?;
            if !patterns.is_empty() {
                names.insert(kind, patterns);
            }
        }
        if let Some(given) = self.names.known() {
            for kind in Managed::ALL {
                if let Some(patterns) = given.get(&Kind(kind).to_string()) {
                    let patterns = patterns.iter().map(|name| NamePattern::clone(name));
                    names.insert(kind, patterns.collect());
                }
            }
        }
        let keys = self.kms_keys.known();
        Ok(Within {
            names,
            kms_keys: keys.map(|keys| keys.iter().map(|key| KmsKey::clone(key)).collect()),
            owners: match self.owners.known() {
                Some(owners) => owners
                    .iter()
                    .map(|owner| NamePattern::clone(owner))
                    .collect(),
                None => exactly(vec![ours.to_string()])?,
            },
        })
    }

    fn reach(&self) -> Reach {
        let bucket = |id: &Text<BucketId>| BucketReach {
            id: BucketId::clone(id),
            access: Access::ReadWrite,
            prefixes: BTreeSet::new(),
        };
        Reach {
            buckets: self
                .buckets
                .known()
                .into_iter()
                .flatten()
                .map(bucket)
                .collect(),
            secrets: self
                .secrets
                .known()
                .map(|prefix| SecretPrefix::clone(prefix)),
            logs: self
                .logs
                .known()
                .into_iter()
                .flatten()
                .map(|group| LogGroupName::clone(group))
                .collect(),
            registry: self.registry.known().map(|name| RegistryName::clone(name)),
            kms_keys: self
                .kms_keys
                .known()
                .into_iter()
                .flatten()
                .map(|key| KmsKey::clone(key))
                .collect(),
        }
    }
}

async fn profiles(
    roles: &dyn Roles,
    reach: &Reach,
) -> Result<BTreeMap<String, Text<PolicyDocument>>> {
    let mut policies = BTreeMap::new();
    for profile in Profile::ALL
        .into_iter()
        .filter(|profile| reach.concerns(*profile))
    {
        let role = profile.as_str().replace('_', "-").parse()?;
        let capabilities = profiles::capabilities(profile, reach);
        match roles.policy(&role, &capabilities).await {
            Err(Error::Unsupported(_)) => {}
            policy => {
                policies.insert(profile.to_string(), policy?.into());
            }
        }
    }
    Ok(policies)
}

fn name(operation: Operation) -> &'static str {
    match operation {
        Operation::Create => "create",
        Operation::Read => "read",
        Operation::Update => "update",
        Operation::Delete => "delete",
    }
}

fn name_of_access(access: account::Access) -> &'static str {
    match access {
        account::Access::Provision => "provision",
        account::Access::Maintain => "maintain",
        account::Access::Deprovision => "deprovision",
        account::Access::BreakGlass => "break_glass",
    }
}

/// A kind of resource, by the name it has in Terraform without its prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind(Managed);

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Managed::Buckets => "bucket",
            Managed::IdentityProviders => "identity_provider",
            Managed::Roles => "role",
            Managed::Registries => "registry",
            Managed::LogGroups => "log_group",
            Managed::Secrets => "secret",
            Managed::PrivateServices => "private_service",
            Managed::PrivateEndpoints => "private_endpoint",
            Managed::Clusters => "cluster",
        })
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let kinds = Managed::ALL.map(Self);
        kinds
            .into_iter()
            .find(|kind| kind.to_string() == text)
            .ok_or_else(|| {
                let names = kinds.map(|kind| kind.to_string());
                format!(
                    "{text:?} is no kind of resource that needs permissions: those are {}",
                    names.join(", ")
                )
            })
    }
}

#[cfg(test)]
mod tests {
    use clouds::memory::Memory;
    use serde_json::json;

    use super::*;
    use crate::testing::{azure, of_clouds, over, says_first};

    #[tokio::test]
    async fn without_arguments_it_is_everything_for_whoever_runs_terraform() {
        let harness = over(&Memory::default()).await;
        let read = harness.data_source(Permissions::NAME).read(json!({})).await;
        let kinds: Vec<_> = read["by_resource"].as_object().unwrap().keys().collect();
        assert_eq!(
            kinds,
            [
                "bucket",
                "cluster",
                "identity_provider",
                "log_group",
                "private_endpoint",
                "private_service",
                "registry",
                "role",
                "secret"
            ]
        );
        assert_eq!(read["profiles"], json!({}));
    }

    #[tokio::test]
    async fn only_what_is_asked_for() {
        let harness = over(&Memory::default()).await;
        let read = harness
            .data_source(Permissions::NAME)
            .read(json!({ "resources": ["bucket"] }))
            .await;
        assert_eq!(read["policy"], read["by_resource"]["bucket"]);
        let operations: Vec<_> = read["by_operation"].as_object().unwrap().keys().collect();
        assert_eq!(operations, ["create", "delete", "read", "update"]);
        let looking = read["by_operation"]["read"].as_str().unwrap();
        assert!(
            looking.contains("ReadBuckets") && !looking.contains("CreateBuckets"),
            "{looking}"
        );
    }

    #[tokio::test]
    async fn a_vendor_is_given_what_it_comes_for() {
        let harness = over(&Memory::default()).await;
        let read = harness
            .data_source(Permissions::NAME)
            .read(json!({ "resources": ["bucket"], "names": { "bucket": ["acme-*"] } }))
            .await;
        let given = read["by_access"].as_object().unwrap();
        let kinds: Vec<_> = given.keys().collect();
        assert_eq!(
            kinds,
            ["break_glass", "deprovision", "maintain", "provision"]
        );
        let may = |access: &str, action: &str| given[access].as_str().unwrap().contains(action);
        for (access, actions) in [
            (
                "provision",
                ["CreateBuckets", "ReadBuckets", "UpdateBuckets"].as_slice(),
            ),
            ("maintain", &["ReadBuckets", "UpdateBuckets"]),
            ("deprovision", &["ReadBuckets", "DeleteBuckets"]),
            ("break_glass", &["ReadBuckets", "ReadClusters"]),
        ] {
            for action in ["Create", "Read", "Update", "Delete"] {
                for of in ["Buckets", "Clusters"] {
                    let action = format!("{action}{of}");
                    assert_eq!(
                        may(access, &action),
                        actions.contains(&action.as_str()),
                        "{access} {action}"
                    );
                }
            }
            assert_eq!(
                resources(&read["by_access"][access], "ReadBuckets"),
                "acme-*"
            );
        }
    }

    #[tokio::test]
    async fn profiles_are_those_that_the_objects_concern() {
        let harness = over(&Memory::default()).await;
        let config = json!({ "buckets": ["acme-metadata"], "secrets": "dataplane/acme/" });
        let read = harness.data_source(Permissions::NAME).read(config).await;
        let profiles = read["profiles"].as_object().unwrap();
        assert_eq!(profiles.keys().collect::<Vec<_>>(), ["admin", "user"]);
        assert!(profiles["admin"].as_str().unwrap().contains("ReadSecrets"));
        assert!(!profiles["user"].as_str().unwrap().contains("Secrets"));
    }

    /// As on Azure.
    #[tokio::test]
    async fn a_cloud_whose_roles_name_no_objects_shows_profiles() {
        let harness = of_clouds("acme-prod", azure()).await;
        let source = harness.data_source(Permissions::NAME);
        let config = json!({
            "buckets": ["acmeprod/metadata"],
            "logs": ["acme-prod"],
            "registry": "acmetasks",
            "kms_keys": ["https://acme.vault.azure.net/keys/k"],
        });
        let read = source.read(config.clone()).await;
        assert_eq!(
            read["policy"],
            source.read(json!({})).await["policy"],
            "nothing is narrowed"
        );
        let profiles = read["profiles"].as_object().unwrap();
        let profiles: Vec<_> = profiles.keys().collect();
        assert_eq!(profiles, ["admin", "builder", "user"]);

        let mut narrowed = config;
        narrowed["names"] = json!({ "role": ["acme-*"] });
        let said = source.try_read(narrowed).await.unwrap_err();
        says_first(&said, "names", &["leave the names out"]);
    }

    /// What may be done to what, in memory's words.
    fn resources(policy: &serde_json::Value, action: &str) -> serde_json::Value {
        let policy: serde_json::Value = serde_json::from_str(policy.as_str().unwrap()).unwrap();
        let statements = policy["Statement"].as_array().unwrap();
        let mut found = statements
            .iter()
            .filter(|statement| statement["Action"].to_string().contains(action));
        found.next().unwrap()["Resource"].clone()
    }

    #[tokio::test]
    async fn names_narrow_what_whoever_runs_terraform_may_touch() {
        let harness = over(&Memory::default()).await;
        let config = json!({
            "buckets": ["acme-metadata"],
            "secrets": "dataplane/acme/",
            "registry": "acme",
            "kms_keys": ["alias/acme"],
            "names": { "role": ["adminflyterole", "/dataplane/*"], "registry": ["acme/*"] },
        });
        let read = harness.data_source(Permissions::NAME).read(config).await;
        for policy in [&read["policy"], &read["by_operation"]["create"]] {
            assert_eq!(
                resources(policy, "CreateRoles"),
                json!(["/dataplane/*", "adminflyterole"])
            );
            assert_eq!(resources(policy, "CreateBuckets"), "acme-metadata");
            assert_eq!(resources(policy, "CreateSecrets"), "dataplane/acme/*");
            assert_eq!(resources(policy, "CreateRegistries"), "acme/*");
            assert_eq!(resources(policy, "CreateLogGroups"), "*");
            assert_eq!(resources(policy, "UseKey"), "alias/acme");
        }
        assert_eq!(
            resources(&read["by_resource"]["role"], "DeleteRoles"),
            json!(["/dataplane/*", "adminflyterole"])
        );
    }

    #[tokio::test]
    async fn what_goes_by_no_name_is_its_owners() {
        let harness = over(&Memory::default()).await;
        let source = harness.data_source(Permissions::NAME);
        let owners = async |config: serde_json::Value| {
            let read = source.read(config).await;
            let policy = read["by_operation"]["update"].as_str().unwrap();
            let policy: serde_json::Value = serde_json::from_str(policy).unwrap();
            policy["Statement"][0]["Condition"]["dataplane:owner"].clone()
        };
        let mut config = json!({ "resources": ["private_endpoint"] });
        assert_eq!(
            owners(config.clone()).await,
            "acme-prod",
            "the provider's own"
        );
        config["owners"] = json!(["acme", "globex-*"]);
        assert_eq!(owners(config.clone()).await, json!(["acme", "globex-*"]));
        config["owners"] = json!([]);
        let said = source.try_read(config).await.unwrap_err();
        says_first(&said, "owners", &["names no owner"]);
    }

    #[test]
    fn names_are_of_known_kinds_and_narrow_something() {
        let names = |kind: &str, names: &[&str]| {
            let names = names.iter().map(|name| name.parse().unwrap());
            kinds_and_names(&BTreeMap::from([(kind.to_owned(), names.collect())]))
        };
        assert_eq!(names("role", &["/dataplane/*"]), Ok(()));
        let said = names("roles", &["/dataplane/*"]).unwrap_err();
        assert!(said.contains("bucket, identity_provider, role"), "{said}");
        let said = names("bucket", &[]).unwrap_err();
        assert!(said.contains("leave it out"), "{said}");
    }

    #[test]
    fn kinds_are_named_as_in_terraform() {
        assert_eq!("role".parse(), Ok(Kind(Managed::Roles)));
        let said = "roles".parse::<Kind>().unwrap_err();
        assert!(said.contains("bucket, identity_provider, role"), "{said}");
    }
}

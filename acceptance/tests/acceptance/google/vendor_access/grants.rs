//! What a customer's root says of its vendor, made as it says: hashicorp/google is its schemas here, so accounts, pools, roles and
//! bindings are taken from the state of the root and made by Google's clients. Names that the cloud would have told are made up in the
//! state, and stand for those that the stand-in tells.

use std::collections::BTreeMap;

use acceptance::{
    google::{Caller, Project, Refused},
    terraform::Terraform,
};
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

const ACCOUNTS: &str = "projects.serviceAccounts";
const POOLS: &str = "projects.locations.workloadIdentityPools";
const PROJECTS: &str = "cloudresourcemanager.v3";

/// A root of the customer's, and its two projects.
pub struct Grants<'a> {
    pub root: &'a Terraform,
    pub data_plane: &'a Project,
    pub identities: &'a Project,
}

impl Grants<'_> {
    /// Makes everything so that it is as the state says, and no more of it.
    pub fn make(&self) -> Result<()> {
        let mut stated = Vec::new();
        listed(&self.root.state()?["values"]["root_module"], &mut stated);
        let pools = self.pools(&stated)?;
        self.accounts(&stated, &pools)?;
        self.rights(&stated)
    }

    /// The full name of a pool's provider.
    pub fn provider(&self, pool: &str) -> String {
        let number = &self.identities.number;
        format!("projects/{number}/locations/global/workloadIdentityPools/{pool}/providers/vendor")
    }

    /// The address of an account.
    pub fn email(&self, access: &str) -> String {
        let project = &self.identities.id;
        format!("acme-prod-{access}@{project}.iam.gserviceaccount.com")
    }

    /// Somebody as an account.
    pub fn become_account(&self, caller: &Caller, access: &str) -> Result<Caller> {
        let name = format!("projects/-/serviceAccounts/{}", self.email(access));
        let scope = ["https://www.googleapis.com/auth/cloud-platform"];
        let asked = json!({ "name": name, "body": { "scope": scope } });
        let method = format!("{ACCOUNTS}.generateAccessToken");
        let made = caller.call("iamcredentials.v1", &method, &asked)?;
        let token = made["accessToken"].as_str().context("a token")?;
        self.data_plane.caller(token.to_owned())
    }

    /// Deletes an account, as happens before it is made anew.
    pub fn delete_account(&self, access: &str) -> Result<()> {
        let name = format!(
            "projects/{}/serviceAccounts/{}",
            self.identities.id,
            self.email(access)
        );
        let asked = json!({ "name": name });
        let method = format!("{ACCOUNTS}.delete");
        self.identities
            .owner()
            .call("iam.v1", &method, &asked)
            .map(drop)
    }

    /// Names of pools by those that the state has for them.
    fn pools(&self, stated: &[Value]) -> Result<BTreeMap<String, String>> {
        let parent = format!("projects/{}/locations/global", self.identities.id);
        let mut names = BTreeMap::new();
        for pool in of(stated, "google_iam_workload_identity_pool") {
            assert_eq!(pool["project"], self.identities.id.as_str());
            let id = text(&pool["workload_identity_pool_id"])?;
            let body = json!({ "displayName": pool["display_name"], "disabled": pool["disabled"] });
            let to_make =
                json!({ "parent": parent, "workloadIdentityPoolId": id, "body": body.clone() });
            let place = format!("{parent}/workloadIdentityPools/{id}");
            self.made_or_patched(POOLS, &place, &to_make, &body)?;
            let number = &self.identities.number;
            let real = format!("projects/{number}/locations/global/workloadIdentityPools/{id}");
            names.insert(text(&pool["name"])?.to_owned(), real);
        }
        for provider in of(stated, "google_iam_workload_identity_pool_provider") {
            let pool = text(&provider["workload_identity_pool_id"])?;
            let id = text(&provider["workload_identity_pool_provider_id"])?;
            let oidc = &provider["oidc"][0];
            assert_eq!(oidc["allowed_audiences"], Value::Null);
            let body = json!({
                "attributeMapping": provider["attribute_mapping"], "attributeCondition": provider["attribute_condition"],
                "disabled": provider["disabled"], "oidc": { "issuerUri": oidc["issuer_uri"] },
            });
            let pool = format!("{parent}/workloadIdentityPools/{pool}");
            let to_make = json!({ "parent": pool, "workloadIdentityPoolProviderId": id, "body": body.clone() });
            let place = format!("{pool}/providers/{id}");
            self.made_or_patched(&format!("{POOLS}.providers"), &place, &to_make, &body)?;
        }
        Ok(names)
    }

    fn made_or_patched(
        &self,
        methods: &str,
        place: &str,
        to_make: &Value,
        body: &Value,
    ) -> Result<()> {
        let owner = self.identities.owner();
        if found(owner, &format!("{methods}.get"), &json!({ "name": place }))? {
            let fields = body.as_object().context("fields")?.keys().cloned();
            let mask = fields.collect::<Vec<_>>().join(",");
            let patch = json!({ "name": place, "updateMask": mask, "body": body });
            owner.call("iam.v1", &format!("{methods}.patch"), &patch)?;
        } else {
            owner.call("iam.v1", &format!("{methods}.create"), to_make)?;
        }
        Ok(())
    }

    /// Accounts, and who becomes each.
    fn accounts(&self, stated: &[Value], pools: &BTreeMap<String, String>) -> Result<()> {
        let owner = self.identities.owner();
        for account in of(stated, "google_service_account") {
            let project = text(&account["project"])?;
            assert_eq!(project, self.identities.id);
            let id = text(&account["account_id"])?;
            let name = format!(
                "projects/{project}/serviceAccounts/{id}@{project}.iam.gserviceaccount.com"
            );
            let method = |verb: &str| format!("{ACCOUNTS}.{verb}");
            if !found(owner, &method("get"), &json!({ "name": name }))? {
                let made =
                    json!({ "name": format!("projects/{project}"), "body": { "accountId": id } });
                owner.call("iam.v1", &method("create"), &made)?;
            }
            // This service takes the version as a parameter, Resource Manager in the body.
            let asked = json!({ "resource": name, "options_requestedPolicyVersion": 3 });
            let mut policy = owner.call("iam.v1", &method("getIamPolicy"), &asked)?;
            let becomes = of(stated, "google_service_account_iam_member")
                .filter(|member| member["service_account_id"] == account["name"]);
            policy["bindings"] = becomes
                .map(|member| {
                    let mut who = text(&member["member"])?.to_owned();
                    for (invented, real) in pools {
                        who = who.replace(invented, real);
                    }
                    Ok(binding(text(&member["role"])?, &who, member))
                })
                .collect::<Result<_>>()?;
            policy["version"] = 3.into();
            let set = json!({ "resource": name, "body": { "policy": policy } });
            owner.call("iam.v1", &method("setIamPolicy"), &set)?;
        }
        Ok(())
    }

    /// What the accounts may do in the project of the data plane.
    fn rights(&self, stated: &[Value]) -> Result<()> {
        let project = &self.data_plane.id;
        let mut roles = BTreeMap::new();
        for role in of(stated, "google_project_iam_custom_role") {
            assert_eq!(role["project"], project.as_str());
            let permissions: Vec<String> = serde_json::from_value(role["permissions"].clone())?;
            ensure!(
                !permissions.is_empty(),
                "Google takes no role without permissions: {role:#}"
            );
            let name = self
                .data_plane
                .role(text(&role["role_id"])?, &permissions)?;
            roles.insert(text(&role["id"])?.to_owned(), name);
        }
        let owner = self.data_plane.owner();
        let resource = format!("projects/{project}");
        let asked =
            json!({ "resource": resource, "body": { "options": { "requestedPolicyVersion": 3 } } });
        let mut policy = owner.call(PROJECTS, "projects.getIamPolicy", &asked)?;
        let bindings = policy["bindings"].as_array_mut().context("bindings")?;
        let custom = format!("{resource}/roles/");
        bindings.retain(|one| {
            !one["role"]
                .as_str()
                .unwrap_or_default()
                .starts_with(&custom)
        });
        for member in of(stated, "google_project_iam_member") {
            assert_eq!(member["project"], project.as_str());
            let role = roles.get(text(&member["role"])?);
            let role = role.with_context(|| format!("another's role: {member:#}"))?;
            bindings.push(binding(role, text(&member["member"])?, member));
        }
        policy["version"] = 3.into();
        let set = json!({ "resource": resource, "body": { "policy": policy } });
        owner
            .call(PROJECTS, "projects.setIamPolicy", &set)
            .map(drop)
    }
}

/// A binding with the condition that the state has for it.
fn binding(role: &str, who: &str, member: &Value) -> Value {
    let mut binding = json!({ "role": role, "members": [who] });
    let condition = &member["condition"][0];
    if condition.is_object() {
        binding["condition"] =
            json!({ "title": condition["title"], "expression": condition["expression"] });
    }
    binding
}

/// Whether a call finds what it names.
fn found(owner: &Caller, method: &str, asked: &Value) -> Result<bool> {
    match owner.call("iam.v1", method, asked) {
        Ok(_) => Ok(true),
        Err(error) => match error.downcast_ref::<Refused>() {
            Some(refused) if refused.code == 404 => Ok(false),
            _ => Err(error),
        },
    }
}

/// The values of the resources of a kind.
fn of<'a>(stated: &'a [Value], kind: &'a str) -> impl Iterator<Item = &'a Value> {
    let kind = stated.iter().filter(move |one| one["type"] == kind);
    kind.map(|one| &one["values"])
}

/// The managed resources of a module and of those inside.
fn listed(module: &Value, into: &mut Vec<Value>) {
    let own = module["resources"].as_array().into_iter().flatten();
    into.extend(own.filter(|one| one["mode"] == "managed").cloned());
    for child in module["child_modules"].as_array().into_iter().flatten() {
        listed(child, into);
    }
}

fn text(value: &Value) -> Result<&str> {
    value
        .as_str()
        .with_context(|| format!("{value} is no text"))
}

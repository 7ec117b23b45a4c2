//! `modules/azure/vendor-access`: what each of a customer's principals may do, tried with it. hashicorp/azurerm is its schemas here, so
//! roles and assignments are taken from the state of the customer's root and made by the owner, and given back where it no longer says
//! them. Whose tokens an identity takes is in the state alone: who breaks glass is somebody that the test made.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use acceptance::{
    azure::{Caller, LOCATION},
    terraform::Terraform,
    wait,
};
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::bench::{Bench, GROUP};

/// An example's folder, at the depth from which modules are found.
const FOLDER: &str = "resources/dataplane_bucket/azure";

const DATA_PLANE: &str = "acme-data-plane";

const ACCESSES: [&str; 4] = ["provision", "maintain", "deprovision", "break_glass"];

/// When glass is broken, as seen from the plan.
const NOW: [&str; 2] = ["-1h", "1h"];
const OVER: [&str; 2] = ["-2h", "-1h"];

/// A customer who lets a vendor in.
struct LetIn {
    customer: Terraform,
    people: BTreeMap<&'static str, Caller>,
    bench: Bench,
}

impl LetIn {
    fn new() -> Result<Self> {
        let bench = Bench::azure()?;
        let group =
            json!({ "resource_group_name": DATA_PLANE, "parameters": { "location": LOCATION } });
        let owner = bench.owner();
        owner.call("resource", "resource_groups.create_or_update", &group)?;
        // Known to the tenant, and allowed nothing yet.
        let known = |access: &'static str| -> Result<_> {
            let nothing = [""; 0];
            let who = bench
                .subscription
                .person(access, &nothing, &nothing, &nothing)?;
            Ok((access, who))
        };
        let people: BTreeMap<_, _> = ACCESSES.into_iter().map(known).collect::<Result<_>>()?;
        let customer = bench.example(FOLDER)?;
        let principal = |access: &str| people[access].principal.as_str();
        let text = format!(
            "provider \"azurerm\" {{
  features {{}}
}}

module \"vendor_access\" {{
  source = \"../../../../modules/azure/vendor-access\"

  tenant      = \"acme-prod\"
  external_id = \"acme-7f3b9c21\"
  issuer      = \"https://token.vendor.example\"
  subjects    = {{ break_glass = [\"ada\"] }}

  principals = {{
    provision   = \"{}\"
    maintain    = \"{}\"
    deprovision = \"{}\"
  }}

  resource_group = {{
    id         = \"{}\"
    name       = \"{DATA_PLANE}\"
    location   = \"{LOCATION}\"
    identities = \"{GROUP}\"
  }}

  break_glass = var.window == null ? null : {{
    not_before = timeadd(plantimestamp(), var.window[0])
    not_after  = timeadd(plantimestamp(), var.window[1])
    incident   = \"INC-4711\"
  }}
}}

variable \"window\" {{
  type = tuple([string, string])
}}
",
            principal("provision"),
            principal("maintain"),
            principal("deprovision"),
            scope(&bench),
        );
        customer.write("resource.tf", &text)?;
        customer.init()?;
        let this = Self {
            customer,
            people,
            bench,
        };
        this.customer_applies(None)?;
        Ok(this)
    }

    fn says(&self, window: Option<[&str; 2]>) -> Result<()> {
        let said = json!({ "window": window });
        self.customer
            .write("glass.auto.tfvars.json", &said.to_string())
    }

    /// The customer applies, with glass whole or broken.
    fn customer_applies(&self, window: Option<[&str; 2]>) -> Result<()> {
        self.says(window)?;
        self.customer.apply_then_empty_plan()?;
        self.grant()
    }

    /// Makes roles and assignments as the state says them, and no more.
    fn grant(&self) -> Result<()> {
        let owner = self.bench.owner();
        let stated = self.stated("azurerm_role_assignment")?;
        for (number, role) in self.stated("azurerm_role_definition")?.iter().enumerate() {
            let id = role_id(number);
            let permissions = &role["permissions"][0];
            let properties = json!({
                "roleName": role["name"], "type": "CustomRole", "assignableScopes": role["assignable_scopes"],
                "permissions": [{ "actions": permissions["actions"], "dataActions": permissions["data_actions"] }],
            });
            let to_define = json!({ "scope": role["scope"], "role_definition_id": id, "role_definition": { "properties": properties } });
            let method = "role_definitions.create_or_update";
            owner.call("authorization", method, &to_define)?;

            let (access, who) = self.holder(role)?;
            let wanted = stated.iter().find(|assignment| {
                assignment["role_definition_id"] == role["role_definition_resource_id"]
            });
            let name = format!("{}{}", &id[..24], &who.principal[24..]);
            let mut asked = json!({ "scope": scope(&self.bench), "role_assignment_name": name });
            let method = if let Some(assignment) = wanted {
                assert_eq!(assignment["scope"], asked["scope"]);
                let is_theirs = assignment["principal_id"] == who.principal.as_str();
                assert_eq!(is_theirs, access != "break_glass", "{assignment}");
                let definitions = "providers/Microsoft.Authorization/roleDefinitions";
                let subscription = &self.bench.subscription.id;
                asked["parameters"] = json!({ "properties": {
                    "principalId": who.principal, "principalType": "ServicePrincipal",
                    "roleDefinitionId": format!("/subscriptions/{subscription}/{definitions}/{id}"),
                } });
                "role_assignments.create"
            } else {
                "role_assignments.delete"
            };
            owner.call("authorization", method, &asked)?;
        }
        Ok(())
    }

    /// Who a role is for, by its name.
    fn holder(&self, role: &Value) -> Result<(&'static str, &Caller)> {
        let name = role["name"].as_str().context("a name")?;
        let mut all = ACCESSES.into_iter();
        let access = all
            .find(|access| name.contains(&format!("-vendor-{}-", access.replace('_', "-"))))
            .with_context(|| format!("{name} is for none"))?;
        Ok((access, &self.people[access]))
    }

    /// What the customer's root has of a type.
    fn stated(&self, kind: &str) -> Result<Vec<Value>> {
        let state = self.customer.state()?;
        let modules = &state["values"]["root_module"]["child_modules"];
        let resources = modules[0]["resources"].as_array().context("resources")?;
        let of_kind = resources.iter().filter(|one| one["type"] == kind);
        Ok(of_kind.map(|one| one["values"].clone()).collect())
    }

    /// The vendor's data plane, and one role more where `more` says so.
    fn vendor(&self) -> Result<Terraform> {
        let vendor = self.bench.example(FOLDER)?;
        let provider = self.bench.provider("");
        let own = format!("resource_group  = \"{GROUP}\"");
        ensure!(provider.contains(&own), "{provider}");
        let provider = provider.replace(&own, &format!("resource_group  = \"{DATA_PLANE}\""));
        vendor.write("provider.tf", &provider)?;
        let text = "locals {
  issuer = \"https://westeurope.oic.prod-aks.azure.com/one/two/\"
}

module \"azure\" {
  source = \"../../../../modules/azure\"

  name       = \"acme-prod\"
  trust      = { azure = { issuer = local.issuer } }
  workspaces = [{ project = \"fraud\", domain = \"production\" }]
  logs       = { retention_days = var.retention_days }

  buckets = {
    metadata          = { account = \"acmeprodmeta\" }
    fast_registration = { account = \"acmeprodfast\" }
  }
  registry = { name = \"acmeprodimages\" }
}

resource \"dataplane_role\" \"more\" {
  count = var.more ? 1 : 0

  name     = \"moreflyterole\"
  profile  = \"user\"
  buckets  = { metadata = { id = \"acmeprodmeta/metadata\" } }
  trust    = { azure = { issuer = local.issuer } }
  subjects = [{ namespace = \"fraud-production\", service_account = \"more\" }]

  depends_on = [module.azure]
}

variable \"retention_days\" {
  default = 30
}

variable \"more\" {
  default = false
}
";
        vendor.write("resource.tf", text)?;
        vendor.init()?;
        Ok(vendor)
    }

    /// Names of what the vendor made.
    fn made(&self) -> Result<Vec<String>> {
        let group = json!({ "resource_group_name": DATA_PLANE });
        let mut found = Vec::new();
        for (service, method) in [
            ("storage", "storage_accounts.list_by_resource_group"),
            ("containerregistry", "registries.list_by_resource_group"),
            ("loganalytics", "workspaces.list_by_resource_group"),
            ("msi", "user_assigned_identities.list_by_resource_group"),
        ] {
            let listed = self.bench.owner().call(service, method, &group)?;
            let names = listed.as_array().context("a list")?.iter();
            found.extend(names.map(|one| format!("{service} {}", one["name"])));
        }
        found.sort();
        Ok(found)
    }

    /// What somebody is answered who looks at the group's storage accounts.
    fn look(&self, access: &str) -> Result<Option<String>> {
        let group = json!({ "resource_group_name": DATA_PLANE });
        let method = "storage_accounts.list_by_resource_group";
        match self.people[access].call("storage", method, &group) {
            Ok(_) => Ok(None),
            Err(error) => Ok(Some(error.downcast::<acceptance::azure::Refused>()?.code)),
        }
    }
}

fn scope(bench: &Bench) -> String {
    let subscription = &bench.subscription.id;
    format!("/subscriptions/{subscription}/resourceGroups/{DATA_PLANE}")
}

/// The id of a role, by its place among those of the state.
fn role_id(number: usize) -> String {
    format!("7b3e0f1{number}-0000-4000-8000-000000000000")
}

/// A step that has to be refused for want of this action.
fn refused(said: &anyhow::Error, action: &str) -> Result<()> {
    let said = format!("{said:#}").replace(['\n', '│'], " ");
    let words: Vec<&str> = said.split_whitespace().collect();
    ensure!(words.contains(&action), "no {action} in: {said}");
    Ok(())
}

const MAKES_IDENTITIES: &str = "Microsoft.ManagedIdentity/userAssignedIdentities/write";

/// Provision makes and cannot delete, maintain changes and makes no identity, deprovision deletes and makes nothing.
#[test]
fn each_principal_does_its_own_part_and_no_other() -> Result<()> {
    let let_in = LetIn::new()?;
    let vendor = let_in.vendor()?;
    let becomes =
        |vendor: Terraform, access: &str| vendor.with(let_in.people[access].environment());

    let vendor = becomes(vendor, "provision");
    vendor.apply_then_empty_plan()?;
    let made = let_in.made()?;
    ensure!(made.len() > 4, "{made:?}");
    let kept = vendor.destroy().expect_err("it deletes nothing");
    // All else waits for these, which know it.
    refused(
        &kept,
        "Microsoft.ManagedIdentity/userAssignedIdentities/delete",
    )?;
    assert_eq!(let_in.made()?, made);
    // What the attempt took from identities is given back.
    vendor.apply_then_empty_plan()?;

    let vendor = becomes(vendor, "maintain").variable("retention_days", "60");
    vendor.apply_then_empty_plan()?;
    assert_eq!(let_in.made()?, made);
    let logs = json!({ "resource_group_name": DATA_PLANE, "workspace_name": "acme-prod" });
    let logs = let_in
        .bench
        .owner()
        .call("loganalytics", "workspaces.get", &logs)?;
    assert_eq!(logs["retention_in_days"], 60);
    let vendor = vendor.variable("more", "true");
    refused(
        &vendor.apply().expect_err("it makes no identity"),
        MAKES_IDENTITIES,
    )?;

    let vendor = becomes(vendor, "deprovision");
    refused(
        &vendor.apply().expect_err("it makes no identity"),
        MAKES_IDENTITIES,
    )?;
    let vendor = vendor
        .variable("more", "false")
        .variable("retention_days", "30");
    refused(
        &vendor.apply().expect_err("it changes nothing"),
        "Microsoft.OperationalInsights/workspaces/write",
    )?;
    assert_eq!(let_in.made()?, made);
    vendor.destroy()?;
    assert_eq!(let_in.made()?, [""; 0]);
    Ok(())
}

/// Who defines roles in the data plane's group rewrites none of these, which are the identities' group's as well.
#[test]
fn nobody_rewrites_what_they_may() -> Result<()> {
    let let_in = LetIn::new()?;
    let stated = let_in.stated("azurerm_role_definition")?;
    for (number, role) in stated.iter().enumerate() {
        let properties = json!({
            "roleName": role["name"], "type": "CustomRole", "assignableScopes": role["assignable_scopes"],
            "permissions": [{ "actions": ["*"], "dataActions": [] }],
        });
        let asked = json!({
            "scope": role["scope"], "role_definition_id": role_id(number), "role_definition": { "properties": properties },
        });
        for access in ["provision", "maintain"] {
            let method = "role_definitions.create_or_update";
            let said = let_in.people[access].refused("authorization", method, &asked)?;
            assert_eq!(said, "LinkedAuthorizationFailed", "{access} {role}");
        }
    }
    Ok(())
}

/// Nobody while it is whole; who is on call in the window, to look; and nobody once the customer applied after it. A plan that was kept
/// from the window opens nothing.
#[test]
fn glass_is_whole_broken_and_whole_again() -> Result<()> {
    let let_in = LetIn::new()?;
    let no = || Some("AuthorizationFailed".to_owned());
    assert_eq!(let_in.look("break_glass")?, no());

    let_in.customer_applies(Some(NOW))?;
    let taken = let_in.stated("azurerm_federated_identity_credential")?;
    assert_eq!(taken.len(), 1, "{taken:?}");
    assert_eq!(let_in.look("break_glass")?, None);
    let ada = &let_in.people["break_glass"];
    for (service, method, asked) in [
        (
            "resource",
            "resource_groups.begin_delete",
            json!({ "resource_group_name": DATA_PLANE }),
        ),
        (
            "msi",
            "user_assigned_identities.create_or_update",
            json!({ "resource_group_name": DATA_PLANE, "resource_name": "mine", "parameters": { "location": LOCATION } }),
        ),
        (
            "storage",
            "storage_accounts.list_by_resource_group",
            json!({ "resource_group_name": GROUP }),
        ),
    ] {
        let said = ada.refused(service, method, &asked)?;
        assert_eq!(said, "AuthorizationFailed", "{method}");
    }

    let_in.customer_applies(Some(OVER))?;
    assert_eq!(let_in.look("break_glass")?, no());

    let_in.says(Some(["-1h", "1s"]))?;
    let planned = let_in.customer.plan()?.changes();
    let opens = "module.vendor_access.azurerm_role_assignment.this[\"break_glass/data_plane\"]";
    ensure!(
        planned.iter().any(|(address, _)| address == opens),
        "{planned:?}"
    );
    let kept = Instant::now();
    let second = Duration::from_secs(1);
    wait::until("the window's end", 5 * second, || {
        Ok((kept.elapsed() > second).then_some(()))
    })?;
    let saved = ["apply", "-input=false", "saved.tfplan"];
    let said = let_in
        .customer
        .succeed(&saved)
        .expect_err("the window is over");
    let said = format!("{said:#}").replace(['\n', '│'], " ");
    ensure!(said.contains("The break-glass window ended at"), "{said}");
    let_in.grant()?;
    assert_eq!(let_in.look("break_glass")?, no());
    let taken = let_in.stated("azurerm_federated_identity_credential")?;
    ensure!(taken.is_empty(), "a token is taken: {taken:?}");

    let_in.customer_applies(None)?;
    assert_eq!(let_in.look("break_glass")?, no());
    Ok(())
}

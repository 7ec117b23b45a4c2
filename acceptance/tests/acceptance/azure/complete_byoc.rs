//! `examples/complete/byoc/azure`: a customer and a vendor with a subscription, an identity and a state each. What hashicorp/azurerm
//! would make is its schemas; of it the test makes what the vendor cannot do without: the group, and exactly the roles that the
//! customer's root says.
//!
//! No packet passes the endpoint: the API server is reached by its own address. This shows order, identities, rights and what one
//! side tells the other; not the way.

use std::{fs, time::Duration};

use acceptance::{
    azure::{Answer, Caller, Fault, LOCATION, Network, Subscription, TENANT},
    setup,
    terraform::Terraform,
};
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::bench::{Bench, GROUP};

const LIMIT: Duration = Duration::from_mins(3);

/// The service, and the endpoint that leads to it.
const API: &str = "acme-prod-api";
const SERVICE: &str = "module.private_api.dataplane_private_service.this";
const ENDPOINT: &str = "module.private_api.dataplane_private_endpoint.this";

const DATA_PLANE: &str = "acme-prod-data-plane";
/// The name of the cluster's API, as its certificate has it.
const HOST: &str =
    "prod-0a1b2c3d.11111111-2222-3333-4444-555555555555.private.westeurope.azmk8s.io";

/// What the vendor's applications are for, one each.
const ACCESSES: [&str; 3] = ["provision", "maintain", "deprovision"];

const CLUSTER_ADMIN: &str = "b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b";
const CONTRIBUTOR: &str = "b24988ac-6180-42a0-ab88-20f7382dd24c";

/// Both sides, as far as they are once the customer has applied.
struct Both {
    customer: Terraform,
    /// The vendor's applications, which both tenants know.
    pipelines: [Caller; 3],
    vendor: Subscription,
    network: Network,
    bench: Bench,
    _folder: tempfile::TempDir,
}

impl Both {
    fn new() -> Result<Self> {
        let both = Self::prepared()?;
        both.customer.apply_then_empty_plan()?;
        both.grant()?;
        Ok(both)
    }

    /// Both sides before the customer has applied.
    fn prepared() -> Result<Self> {
        let bench = Bench::on_aks()?;
        let vendor = bench.another_subscription()?;
        // Known to the tenant, and allowed nothing yet.
        let known = |name: &str| {
            bench
                .subscription
                .person(name, &[""; 0], &[""; 0], &[""; 0])
        };
        let pipelines = [
            known("provision")?,
            known("maintain")?,
            known("deprovision")?,
        ];
        let published = bench.subscription.network()?;
        let folder = setup::scratch()?;
        let answers = folder.path().join("answers.json");
        let answered = answers_of(&bench, &published.frontends[0])?;
        fs::write(&answers, answered.to_string())?;
        let [provision, maintain, deprovision] = pipelines.each_ref().map(|one| &one.principal);
        let asked = json!({
            "principals": { "provision": provision, "maintain": maintain, "deprovision": deprovision },
            "subscriptions": [vendor.id],
        });
        let customer = Terraform::example("complete/byoc/azure/customer")?
            .with(bench.owner().environment())
            .with([(
                "DATAPLANE_SCHEMA_ANSWERS".to_owned(),
                answers.display().to_string(),
            )])
            .variable("subscription_id", &bench.subscription.id)
            .variable("resource_group", GROUP)
            .variable("location", LOCATION)
            .variable("cluster", "prod")
            .variable("link_subnet_id", &published.link)
            .variable("vendor", &asked.to_string());
        let emulated = format!(
            "provider \"dataplane\" {{
  azure = {{
    subscription_id       = var.subscription_id
    resource_group        = var.resource_group
    location              = var.location
    allowed_subscriptions = [var.subscription_id]
    endpoints             = {}
  }}
}}
",
            bench.owner().endpoints()
        );
        customer.write("emulated_override.tf", &emulated)?;
        // The schema of a group invents an id that is none.
        let group = json!({
            "id": format!("/subscriptions/{}/resourceGroups/{DATA_PLANE}", bench.subscription.id),
            "name": DATA_PLANE, "location": LOCATION, "identities": GROUP,
        });
        let named = format!("module \"vendor_access\" {{\n  resource_group = {group}\n}}\n");
        customer.write("group_override.tf", &named)?;
        customer.init()?;
        let network = vendor.network()?;
        Ok(Self {
            customer,
            pipelines,
            vendor,
            network,
            bench,
            _folder: folder,
        })
    }

    /// What the customer's root says of the vendor's roles, where it says them; and in its own subscription the vendor's applications
    /// make endpoints.
    fn grant(&self) -> Result<()> {
        let subscription = &self.bench.subscription;
        let group =
            json!({ "resource_group_name": DATA_PLANE, "parameters": { "location": LOCATION } });
        let owner = subscription.owner();
        owner.call("resource", "resource_groups.create_or_update", &group)?;
        let data_plane = format!(
            "/subscriptions/{}/resourceGroups/{DATA_PLANE}",
            subscription.id
        );
        let cluster = cluster_of(subscription);
        let grants = ACCESSES
            .iter()
            .zip(&self.pipelines)
            .flat_map(|(access, to)| {
                [("data_plane", &data_plane), ("cluster", &cluster)]
                    .map(|(on, scope)| (format!("{access}/{on}"), scope, to))
            });
        for (number, (key, scope, to)) in grants.enumerate() {
            let said = format!("module.vendor_access.azurerm_role_definition.this[\"{key}\"]");
            let definition = self.customer.attributes(&said)?;
            let permissions = &definition["permissions"][0];
            let id = format!("7b3e0f1{number}-0000-4000-8000-000000000000");
            let group = &definition["scope"];
            let role = json!({
                "roleName": said, "type": "CustomRole", "assignableScopes": definition["assignable_scopes"],
                "permissions": [{ "actions": permissions["actions"], "dataActions": permissions["data_actions"] }],
            });
            let defined = json!({ "scope": group, "role_definition_id": id, "role_definition": { "properties": role } });
            owner.call(
                "authorization",
                "role_definitions.create_or_update",
                &defined,
            )?;
            assign(subscription, scope, &id, to)?;
        }
        for to in &self.pipelines {
            assign(subscription, &cluster, CLUSTER_ADMIN, to)?;
            assign(&self.vendor, &self.vendor.scope(), CONTRIBUTOR, to)?;
        }
        Ok(())
    }

    /// The application that the vendor's root is applied as.
    fn pipeline(&self) -> &Caller {
        let [provision, _, _] = &self.pipelines;
        provision
    }

    /// The vendor's root, told what the customer hands over.
    fn vendor(&self) -> Result<Terraform> {
        let network = self.network.own.split("/subnets/").next();
        let network = json!({ "id": network, "endpoint_subnet_id": self.network.own });
        let told = self.customer.output("customer")?;
        assert_eq!(told["server_name"], HOST);
        let terraform = Terraform::example("complete/byoc/azure/vendor")?
            .with(self.pipeline().environment())
            .variable("subscription_id", &self.vendor.id)
            .variable("resource_group", GROUP)
            .variable("customer", &told.to_string())
            .variable("network", &network.to_string())
            .variable("name_prefix", "acmeprod")
            .variable("operator_image", "localhost/dataplane-operator:0.1.0")
            .variable("control_plane_endpoint", "https://acme.control.example.com");
        let endpoints = self.pipeline().endpoints();
        let emulated = format!(
            "provider \"dataplane\" {{
  alias = \"vendor\"
  azure = {{
    subscription_id       = var.subscription_id
    resource_group        = var.resource_group
    location              = var.customer.location
    allowed_subscriptions = [var.subscription_id]
    endpoints             = {endpoints}
  }}
}}

provider \"dataplane\" {{
  azure = {{
    subscription_id       = var.customer.subscription_id
    tenant_id             = var.customer.tenant_id
    resource_group        = var.customer.data_plane_resource_group
    location              = var.customer.location
    allowed_subscriptions = [var.customer.subscription_id]
    endpoints             = {endpoints}
  }}
}}
"
        );
        terraform.write("emulated_override.tf", &emulated)?;
        terraform.init()?;
        Ok(terraform)
    }

    /// The customer writes down who is let in and who is kept out, and applies.
    fn answer(&self, accepted: &[&str], rejected: &[&str]) -> Result<()> {
        let said = json!({ "accepted_connections": accepted, "rejected_connections": rejected });
        self.customer
            .write("connections.auto.tfvars.json", &said.to_string())?;
        self.customer.apply_then_empty_plan()
    }

    /// One apply of the vendor's asks, is let in by an apply of the customer's meanwhile, and goes on: the endpoint's id.
    fn connected(&self, vendor: &Terraform) -> Result<String> {
        let applying = vendor.start_apply()?;
        let id = self.bench.subscription.asked(API)?;
        self.answer(&[&id], &[])?;
        let (succeeded, printed) = applying.finish(LIMIT)?;
        ensure!(succeeded, "{printed}");
        Ok(id)
    }

    /// Names of what the vendor made in the customer's group.
    fn made(&self) -> Result<Vec<String>> {
        let group = json!({ "resource_group_name": DATA_PLANE });
        let owner = self.bench.owner();
        let mut found = Vec::new();
        for (service, method) in [
            ("storage", "storage_accounts.list_by_resource_group"),
            ("containerregistry", "registries.list_by_resource_group"),
            ("loganalytics", "workspaces.list_by_resource_group"),
            ("msi", "user_assigned_identities.list_by_resource_group"),
            ("authorization", "role_assignments.list_for_resource_group"),
        ] {
            let listed = owner.call(service, method, &group)?;
            let names = listed.as_array().context("a list")?.iter();
            found.extend(names.map(|one| format!("{service} {}", one["name"])));
        }
        found.sort();
        Ok(found)
    }
}

fn cluster_of(subscription: &Subscription) -> String {
    format!(
        "{}/providers/Microsoft.ContainerService/managedClusters/prod",
        subscription.scope()
    )
}

/// What hashicorp/azurerm would read of the customer's cluster.
fn answers_of(bench: &Bench, frontend: &str) -> Result<Value> {
    let cluster = json!({
        "id": cluster_of(&bench.subscription), "node_resource_group": "acme-nodes", "private_fqdn": HOST,
        "oidc_issuer_url": bench.cluster()?.issuer(),
    });
    let balancer = json!({ "frontend_ip_configuration": [{ "id": frontend, "name": "api" }] });
    Ok(json!([
        { "type": "azurerm_client_config", "arguments": {}, "attributes": { "tenant_id": TENANT } },
        { "type": "azurerm_kubernetes_cluster", "arguments": { "name": "prod", "resource_group_name": GROUP }, "attributes": cluster },
        { "type": "azurerm_lb", "arguments": { "name": "kube-apiserver", "resource_group_name": "acme-nodes" }, "attributes": balancer },
    ]))
}

/// The owner gives somebody a role.
fn assign(subscription: &Subscription, scope: &str, role: &str, to: &Caller) -> Result<()> {
    let id = &subscription.id;
    let properties = json!({
        "principalId": to.principal, "principalType": "ServicePrincipal",
        "roleDefinitionId": format!("/subscriptions/{id}/providers/Microsoft.Authorization/roleDefinitions/{role}"),
    });
    // Named after the role and who has it, since each is given to somebody once.
    let name = format!("{}{}", &role[..24], &to.principal[24..]);
    let asked = json!({ "scope": scope, "role_assignment_name": name, "parameters": { "properties": properties } });
    let owner = subscription.owner();
    owner
        .call("authorization", "role_assignments.create", &asked)
        .map(drop)
}

/// Each side applies its own, and destroys it; the vendor has done each step as who is for it, with the rights that the customer's
/// root says.
#[test]
fn both_roots_are_applied_planned_empty_and_destroyed_without_a_trace() -> Result<()> {
    let both = Both::new()?;
    let (customer, owner) = (&both.customer, both.bench.owner());
    let before = both.made()?;
    let vendor = both.vendor()?;
    let id = both.connected(&vendor)?;
    vendor.plan()?.assert_empty("the vendor's plan")?;
    let refreshed = vendor.plan_refresh_only()?;
    refreshed.assert_no_difference("the vendor's refresh")?;
    assert_eq!(vendor.output("connection")?, id.as_str());
    let connections = customer.output("connections")?;
    assert_eq!(connections[0]["id"], id.as_str());
    assert_eq!(connections[0]["owner"], both.vendor.id.as_str());

    // The data plane is the customer's, in its group and its cluster.
    let made = both.made()?;
    for name in [
        "storage \"acmeprodmeta\"",
        "msi \"adminflyterole\"",
        "containerregistry \"acmeprodimages\"",
    ] {
        ensure!(made.iter().any(|one| one == name), "no {name}: {made:?}");
    }
    let kubectl = both.bench.kubectl()?;
    ensure!(kubectl.get("deployment", "union", "operator")?.is_some());
    assert_kept_out(&both)?;

    // Each forgets what it has of the connection, and takes it in again: what is left to write down is Terraform's own.
    for (root, address) in [(&vendor, ENDPOINT), (customer, SERVICE)] {
        root.succeed(&["state", "rm", address])?;
        root.import(address, API)?;
        let planned = root.plan()?.changes();
        let only_updates = planned.iter().all(|(_, actions)| actions == &["update"]);
        ensure!(only_updates, "{address}: {planned:?}");
        root.apply()?;
        root.plan()?.assert_empty("the plan after the import")?;
    }
    assert_eq!(vendor.output("connection")?, id.as_str());

    let refused = format!("{:#}", customer.destroy().expect_err("in use"));
    for part in ["is in use", both.vendor.id.as_str()] {
        ensure!(refused.contains(part), "no {part} in: {refused}");
    }
    let name = "cluster_name  = \"prod-eu\"";
    let unprotected = format!("{name}\n  definitions   = {{ prevent_deletion = false }}");
    vendor.edit("main.tf", name, &unprotected)?;
    let [_, maintain, deprovision] = &both.pipelines;
    let vendor = vendor.with(maintain.environment());
    vendor.apply()?;
    vendor.with(deprovision.environment()).destroy()?;
    assert_eq!(both.made()?, before);
    both.vendor.assert_nothing_private_left()?;
    customer.destroy()?;
    both.bench.subscription.assert_nothing_private_left()?;
    let gone = json!({ "resource_group_name": DATA_PLANE });
    owner
        .call("resource", "resource_groups.get", &gone)
        .map(drop)
}

/// What the vendor has ends at its group: the way in and the customer's other things are not its own to change.
fn assert_kept_out(both: &Both) -> Result<()> {
    let scope = both.bench.subscription.scope();
    let pipeline = both.pipeline();
    let principal = &pipeline.principal;
    let id = &both.bench.subscription.id;
    let properties = json!({
        "principalId": principal, "principalType": "ServicePrincipal",
        "roleDefinitionId": format!("/subscriptions/{id}/providers/Microsoft.Authorization/roleDefinitions/{CONTRIBUTOR}"),
    });
    let name = "6a2f1f9c-0000-4000-8000-000000000002";
    let asked = json!({ "scope": scope, "role_assignment_name": name, "parameters": { "properties": properties } });
    let refused = pipeline.refused("authorization", "role_assignments.create", &asked)?;
    assert_eq!(refused, "AuthorizationFailed");
    let vault = json!({ "resource_group_name": GROUP });
    let refused = pipeline.refused("keyvault", "vaults.list_by_resource_group", &vault)?;
    assert_eq!(refused, "AuthorizationFailed");
    Ok(())
}

/// Cut off, the vendor is told whose turn it is; let in again, its next apply goes on with the same endpoint.
#[test]
fn a_vendor_that_is_cut_off_is_told_so_and_comes_back() -> Result<()> {
    let both = Both::new()?;
    let vendor = both.vendor()?;
    let id = both.connected(&vendor)?;

    // Taken out of the list alone, it stays in.
    both.answer(&[], &[])?;
    vendor.plan()?.assert_empty("the plan of who is let in")?;
    both.answer(&[], &[&id])?;
    let connections = both.customer.output("connections")?;
    assert_eq!(connections[0]["state"], "rejected");

    let drift = vendor.plan()?.drift();
    assert_eq!(drift[0].0, ENDPOINT);
    let waiting = vendor.variable("acceptance_timeout", "3s");
    let said = waiting.diagnostics("apply")?;
    let remedy = said.iter().find(|each| each.severity == "error");
    let remedy = &remedy.context("a postcondition")?.detail;
    ensure!(remedy.contains("rejected"), "{remedy}");
    assert_eq!(both.vendor.listed("privateEndpoints")?, [API]);

    both.answer(&[&id], &[])?;
    let waiting = waiting.variable("acceptance_timeout", "10m");
    waiting.apply()?;
    waiting.plan()?.assert_empty("the vendor's plan")?;
    assert_eq!(waiting.output("connection")?, id.as_str());
    Ok(())
}

/// Killed before the service is finished, and again as it lets the vendor in: the next apply goes on with what is there.
#[test]
fn a_customer_that_is_killed_goes_on() -> Result<()> {
    let both = Both::prepared()?;
    let (customer, ours) = (&both.customer, &both.bench.subscription);
    let killed_at = |operation: &'static str| -> Result<()> {
        let gate = ours.gate();
        ours.fault(&Fault {
            operation,
            calls: 0..100,
            answer: Answer::Held(gate.clone()),
        })?;
        let applying = customer.start_apply()?;
        gate.until_held(1, LIMIT)?;
        applying.kill()?;
        ours.clear_faults()
    };
    killed_at("Microsoft.Resources/tags/write")?;
    assert_eq!(ours.listed("privateLinkServices")?, [API]);
    customer.apply_then_empty_plan()?;
    assert_eq!(ours.listed("privateLinkServices")?, [API]);
    both.grant()?;

    let vendor = both.vendor()?;
    let applying = vendor.start_apply()?;
    let id = ours.asked(API)?;
    let accepted = json!({ "accepted_connections": [id] });
    customer.write("connections.auto.tfvars.json", &accepted.to_string())?;
    killed_at("Microsoft.Network/privateLinkServices/privateEndpointConnections/write")?;
    customer.apply_then_empty_plan()?;
    let (succeeded, printed) = applying.finish(LIMIT)?;
    ensure!(succeeded, "{printed}");
    vendor.plan()?.assert_empty("the vendor's plan")?;
    let connections = customer.output("connections")?;
    assert_eq!(connections[0]["id"], id.as_str());
    assert_eq!(connections[0]["state"], "available");
    Ok(())
}

/// Killed and interrupted while it waits to be let in, and everything else is made: the request stays, and the next apply goes on
/// with it.
#[test]
fn a_vendor_that_is_killed_or_interrupted_asks_once() -> Result<()> {
    let both = Both::new()?;
    let vendor = both.vendor()?;
    let mut applying = vendor.start_apply()?;
    let id = both.bench.subscription.asked(API)?;
    for made in [
        "log_group.this[0]",
        "registry.this[0]",
        "role.this[\"admin\"]",
        "role.this[\"builder\"]",
        "role.this[\"user\"]",
    ] {
        applying.until_printed(
            &format!("module.azure.dataplane_{made}: Creation complete"),
            LIMIT,
        )?;
    }
    applying.kill()?;

    let mut applying = vendor.start_apply()?;
    applying.until_printed("dataplane_private_endpoint.this: Still creating", LIMIT)?;
    applying.interrupt()?;
    let (succeeded, printed) = applying.finish(LIMIT)?;
    ensure!(!succeeded && !printed.contains("panic"), "{printed}");
    assert_eq!(both.bench.subscription.connections(API)?.len(), 1);

    both.answer(&[&id], &[])?;
    vendor.apply()?;
    vendor.plan()?.assert_empty("the vendor's plan")?;
    assert_eq!(vendor.output("connection")?, id.as_str());
    assert_eq!(both.vendor.listed("privateEndpoints")?, [API]);
    Ok(())
}

/// The customer makes the service anew: the vendor's next apply asks anew, and the data plane stays what it is.
#[test]
fn a_service_that_is_made_anew_is_asked_anew() -> Result<()> {
    let both = Both::new()?;
    let vendor = both.vendor()?;
    both.connected(&vendor)?;
    let made = both.made()?;
    both.customer
        .write("force.auto.tfvars.json", "{ \"force_destroy\": true }")?;
    both.customer.apply()?;
    let anew = "-replace=module.private_api.dataplane_private_service.this";
    both.customer
        .succeed(&["apply", "-input=false", "-auto-approve", anew])?;

    let planned = vendor.plan()?.changes();
    let replaced = planned.iter().find(|(address, _)| address == ENDPOINT);
    let (_, actions) = replaced.with_context(|| format!("{planned:?}"))?;
    assert_eq!(*actions, ["delete", "create"]);
    both.connected(&vendor)?;
    vendor.plan()?.assert_empty("the vendor's plan")?;
    assert_eq!(both.made()?, made);
    Ok(())
}

//! Marks where a cloud keeps tags otherwise than they are written.

use std::{collections::BTreeSet, sync::Arc};

use async_trait::async_trait;
use clouds::{
    Account, Clouds, Refusal,
    account::{Caller, Managed, Module, Operation, Within},
    memory::Memory,
    policies::PolicyDocument,
    tags::{CREATING, OWNER, RESOURCE, Tags},
};
use serde_json::json;

use crate::testing::{of_clouds, outage, over, says_first};

/// An account whose objects have room for the marks alone, and for ten characters of each.
struct Narrow(Memory);

#[async_trait]
impl Account for Narrow {
    fn kept(&self, _: Managed, all: &Tags, own: &Tags) -> Result<Tags, Refusal> {
        if !own.is_empty() {
            return Err(Refusal::new("tags", "It has no labels: leave them out."));
        }
        let marks = [OWNER, RESOURCE, CREATING];
        Ok(marks
            .into_iter()
            .filter_map(|mark| {
                Some((
                    mark.to_owned(),
                    all.get(mark)?.chars().rev().take(10).collect(),
                ))
            })
            .collect())
    }

    async fn caller(&self) -> clouds::Result<Caller> {
        self.0.caller().await
    }

    fn made_by(&self, module: Module) -> Option<BTreeSet<Managed>> {
        self.0.made_by(module)
    }

    async fn required(
        &self,
        managed: &BTreeSet<Managed>,
        modules: &BTreeSet<Module>,
        operations: &BTreeSet<Operation>,
        within: &Within,
    ) -> clouds::Result<PolicyDocument> {
        self.0.required(managed, modules, operations, within).await
    }
}

fn narrow(memory: &Memory) -> Clouds {
    Clouds {
        account: Arc::new(Narrow(memory.clone())),
        ..memory.clouds()
    }
}

#[tokio::test]
async fn the_plan_promises_what_the_cloud_keeps() {
    let memory = Memory::default();
    let harness = of_clouds("acme-production", narrow(&memory)).await;
    let group = harness.resource("dataplane_log_group");
    let config = json!({ "name": "/acme/tasks" });
    let planned = group.plan_create(config.clone()).await;
    let kept = json!({ OWNER: "noitcudorp", RESOURCE: "sksat/emca" });
    assert_eq!(planned.values["tags_all"], kept);
    let state = group.create(config.clone()).await;
    assert_eq!(state["tags_all"], kept);
    let state = group.settled(&state, config.clone()).await;
    group.delete(state).await;

    memory.lose_answer("log_groups.create", 1, outage());
    group.try_create(config.clone()).await.unwrap_err();
    let state = group.create(config.clone()).await;
    group.settled(&state, config).await;
}

#[tokio::test]
async fn somebody_else_s_shortened_mark_is_not_ours() {
    let memory = Memory::default();
    let config = json!({ "name": "/acme/tasks" });
    let other = of_clouds("acme-test", narrow(&memory)).await;
    let other = other.resource("dataplane_log_group");
    other.create(config.clone()).await;
    let harness = of_clouds("acme-production", narrow(&memory)).await;
    let failed = harness
        .resource("dataplane_log_group")
        .try_create(config)
        .await;
    let said = crate::testing::text(&failed.unwrap_err().diagnostics);
    assert!(
        said.contains("exists already") && said.contains("tset-emca"),
        "{said}"
    );
}

#[tokio::test]
async fn tags_that_the_cloud_does_not_keep_are_refused_where_they_are_written() {
    let harness = of_clouds("acme-prod", narrow(&Memory::default())).await;
    let group = harness.resource("dataplane_log_group");
    let config = json!({ "name": "/acme/tasks", "tags": { "env": "prod" } });
    let said = group.try_plan(None, config).await.unwrap_err();
    says_first(&said, "tags", &["Invalid value of tags", "leave them out"]);

    let memory = Memory::default();
    memory.refuse("account.kept", Refusal::new("tags", "the key is too long"));
    let harness = over(&memory).await;
    let group = harness.resource("dataplane_log_group");
    let said = group.try_plan(None, json!({ "name": "/acme/tasks" })).await;
    says_first(&said.unwrap_err(), "", &["the provider's tags", "too long"]);
    assert!(memory.calls().is_empty());
}

//! Names that are written in two ways and mean one object, as in a cloud that takes no notice of letter case.

use framework::{Context, Result, Text, Value};

use crate::{client::Client, ownership::Kind};

/// Keeps the prior spelling of a name where the configured cloud takes the wanted one for the same: a replacement would delete the
/// very object that it makes.
pub fn keep<N: PartialEq + Clone>(
    cx: &Context<Client>,
    kind: Kind,
    prior: &Value<Text<N>>,
    wanted: &mut Value<Text<N>>,
) -> Result<()> {
    let (Some(before), Some(after)) = (prior.known(), wanted.known()) else {
        return Ok(());
    };
    // Nobody else waits for a provider that is not configured yet.
    if before == after || !before.text().eq_ignore_ascii_case(after.text()) {
        return Ok(());
    }
    let account = &cx.client()?.clouds()?.account;
    if account.same_name(kind, before.text(), after.text()) {
        *wanted = prior.clone();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clouds::{Clouds, memory::Memory};
    use framework::testing::{Action, Harness, UNKNOWN};
    use serde_json::{Value as Json, json};

    use crate::{
        Dataplane,
        testing::{azure, of_clouds, over, text},
    };

    /// A name, and the same in other letters.
    const NAMES: [(&str, &str); 3] = [
        ("dataplane_log_group", "acme-Tasks"),
        ("dataplane_role", "adminflyteRole"),
        ("dataplane_secret", "acme-vault/Token"),
    ];

    fn config(resource: &str, name: &str) -> Json {
        let mut config = json!({ "name": name });
        if resource == "dataplane_role" {
            config["profile"] = "user".into();
            config["buckets"] = json!({ "data": { "id": "acme-data" } });
            config["trust"] = json!({ "azure": { "issuer": "https://issuer.example/" } });
            config["subjects"] = json!([{ "namespace": "a", "service_account": "default" }]);
        }
        config
    }

    /// What is in memory, by an account that knows names as Azure does.
    async fn careless(memory: &Memory) -> Harness<Dataplane> {
        let clouds = Clouds {
            account: azure().account,
            ..memory.clouds()
        };
        of_clouds("acme-prod", clouds).await
    }

    #[tokio::test(start_paused = true)]
    async fn a_name_in_other_letters_is_the_same_where_the_cloud_says_so() {
        for (resource, name) in NAMES {
            let memory = Memory::default();
            let harness = careless(&memory).await;
            let subject = harness.resource(resource);
            let state = subject.create(config(resource, name)).await;
            let lower = config(resource, &name.to_lowercase());
            let planned = subject.plan(&state, lower.clone()).await;
            assert_eq!(planned.action, Action::NoOp, "{resource}");
            let mut tagged = lower.clone();
            tagged["tags"] = json!({ "env": "prod" });
            let planned = subject.plan(&state, tagged.clone()).await;
            assert_eq!(planned.action, Action::Update, "{resource}");
            assert_eq!(planned.values["name"], name, "{resource}");
            let state = subject.apply(&planned, tagged.clone()).await;
            subject.settled(&state, tagged).await;
            let planned = subject
                .plan(&state, config(resource, &format!("{name}-x")))
                .await;
            assert_eq!(planned.action, Action::Replace, "{resource}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn elsewhere_it_is_another_name() {
        for (resource, name) in NAMES {
            let harness = over(&Memory::default()).await;
            let subject = harness.resource(resource);
            let state = subject.create(config(resource, name)).await;
            let lower = config(resource, &name.to_lowercase());
            let planned = subject.plan(&state, lower).await;
            assert_eq!(planned.action, Action::Replace, "{resource}");
        }
    }

    /// One that is imported in other letters carries a mark in those that it was made with.
    #[tokio::test]
    async fn a_mark_in_other_letters_is_no_difference() {
        let memory = Memory::default();
        let harness = careless(&memory).await;
        let group = harness.resource("dataplane_log_group");
        let written = config("dataplane_log_group", "acme-tasks");
        group.create(written.clone()).await;
        memory.change(|world| {
            let mut found = world.log_groups.pop_first().unwrap().1;
            found.name = "ACME-Tasks".parse().unwrap();
            world.log_groups.insert(found.name.clone(), found);
        });
        let state = group.import("ACME-Tasks").await;
        let marks = state["tags_all"]["dataplane:resource"].as_str();
        assert_eq!(marks, Some("dataplane_log_group/ACME-Tasks"));
        let calls = memory.calls().len();
        let mut tagged = written;
        tagged["tags"] = json!({ "team": "ml" });
        let state = group.update(&state, tagged.clone()).await;
        let calls = memory.calls().split_off(calls);
        assert!(!calls.contains(&"log_groups.set_tags"), "{calls:?}");
        group.settled(&state, tagged).await;
    }

    /// Nobody can say yet what it means, and a guess may delete what is to stay.
    #[tokio::test]
    async fn without_a_configured_cloud_it_is_not_guessed() {
        let memory = Memory::default();
        let state = over(&memory)
            .await
            .resource("dataplane_log_group")
            .create(json!({ "name": "acme-Tasks" }))
            .await;
        let provider = Dataplane::over(
            memory.clouds(),
            std::sync::Arc::new(crate::cluster::memory::Clusters::default()),
        );
        let config = json!({ "owner": UNKNOWN, "aws": { "region": "eu-west-1" } });
        let harness = Harness::new(provider, config).await;
        let group = harness.resource("dataplane_log_group");
        let said = group.try_plan(Some(&state), json!({ "name": "acme-tasks" }));
        let said = text(&said.await.unwrap_err());
        assert!(said.contains("configuration is not known yet"), "{said}");
        let other = group.plan(&state, json!({ "name": "acme-other" })).await;
        assert_eq!(other.action, Action::Replace);
    }
}

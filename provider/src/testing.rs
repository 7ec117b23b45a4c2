//! What the tests of the resources share: the provider over a cloud in memory, and a create that is broken at every call.

use std::sync::Arc;

use clouds::{
    Call, Clouds, Error, Refusal,
    memory::{Memory, World},
    tags::Tags,
};
use framework::{
    Diagnostic, Value,
    testing::{Harness, Subject, UNKNOWN},
};
use serde_json::{Value as Json, json};

use crate::{Client, Dataplane, cluster};

/// The provider of the owner `acme-prod` over a cloud in memory, with a tag of its own.
pub async fn over(memory: &Memory) -> Harness<Dataplane> {
    owned_by("acme-prod", memory).await
}

/// The same for another owner.
pub async fn owned_by(owner: &str, memory: &Memory) -> Harness<Dataplane> {
    of_clouds(owner, memory.clouds()).await
}

/// The same over other clouds.
pub async fn of_clouds(owner: &str, clouds: Clouds) -> Harness<Dataplane> {
    let provider = Dataplane::over(clouds, Arc::new(cluster::memory::Clusters::default()));
    let config =
        json!({ "owner": owner, "tags": { "team": "ml" }, "aws": { "region": "eu-west-1" } });
    Harness::new(provider, config).await
}

/// Azure, as far as it answers without being asked.
pub fn azure() -> Clouds {
    clouds_azure::connect(clouds_azure::Config::new(
        "8ad3f4e2-7c11-4c7b-9a26-0f5a8e6a1c11".parse().unwrap(),
        "acme".parse().unwrap(),
        "westeurope".parse().unwrap(),
    ))
}

/// AWS, as far as it answers without being asked.
pub fn aws() -> Clouds {
    let config = clouds_aws::Config::new("eu-west-1".parse().unwrap());
    clouds_aws::connect(config, clouds_aws_ec2::connectivity)
}

/// What the provider of `acme-prod` hands to a resource that is called by hand.
pub fn client(memory: &Memory) -> Client {
    Client {
        cloud: None,
        clouds: Some(memory.clouds()),
        region: None,
        clusters: Arc::new(cluster::memory::Clusters::default()),
        control_plane: Value::Null,
        owner: "acme-prod".parse().unwrap(),
        tags: Tags::new(),
    }
}

/// An error that nothing waits for.
pub fn outage() -> Error {
    Error::Unavailable(Box::new(Call::new("test", "object").because("503")))
}

/// An error that the next look mends.
pub fn not_ready() -> Error {
    Error::NotReady(Box::new(
        Call::new("test", "object").because("not there yet"),
    ))
}

/// All messages as one text.
pub fn text(diagnostics: &[Diagnostic]) -> String {
    diagnostics
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("\n")
}

/// Validates a configuration and asserts that the first message is at `path` and says all of `parts`.
pub async fn refuses(subject: &Subject<'_, Dataplane>, config: Json, path: &str, parts: &[&str]) {
    says_first(&subject.validate(config).await, path, parts);
}

/// The first message is at `path` and says all of `parts`.
pub fn says_first(said: &[Diagnostic], path: &str, parts: &[&str]) {
    let first = said
        .first()
        .unwrap_or_else(|| panic!("{path}: nothing was said"));
    let at = first
        .path
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default();
    assert_eq!(at, path, "{}", text(said));
    for part in parts {
        assert!(
            first.to_string().contains(part),
            "{part:?} is not in: {first}"
        );
    }
}

/// Lets a cloud refuse each of these fields, and asserts that the plan says so at the argument that it is: of a new object, and of
/// none that has the same value already, also while its name is unknown, and together with its tags. What only the apply tells is
/// refused then, before the first call.
pub async fn refuses_at_plan(
    resource: &str,
    check: &'static str,
    config: Json,
    fields: &[(&'static str, &str)],
) {
    for (field, argument) in fields {
        let memory = Memory::default();
        let harness = over(&memory).await;
        let subject = harness.resource(resource);
        let state = subject.create(config.clone()).await;
        let calls = memory.calls().len();
        memory.refuse(check, Refusal::new(field, "This cloud has it not."));

        let said = subject.try_plan(None, config.clone()).await.unwrap_err();
        let parts = ["Invalid value of", argument, "This cloud has it not."];
        says_first(&said, argument, &parts);
        subject.plan(&state, config.clone()).await;

        let mut nameless = config.clone();
        if *argument != "name" && nameless.get("name").is_some() {
            nameless["name"] = UNKNOWN.into();
            let said = subject.try_plan(None, nameless).await.unwrap_err();
            says_first(&said, argument, &parts);
        }

        let mut unknown = config.clone();
        unknown[*argument] = UNKNOWN.into();
        let planned = subject.plan_create(unknown).await;
        let failed = subject.try_apply(&planned, config.clone()).await;
        let failed = failed.expect_err(argument);
        says_first(&failed.diagnostics, argument, &parts);
        assert!(failed.state.is_none(), "{argument}");
        assert_eq!(memory.calls().len(), calls, "{argument}");

        memory.refuse("account.kept", Refusal::new("tags", "No tags here."));
        let said = subject.try_plan(None, config.clone()).await.unwrap_err();
        says_first(&said, argument, &parts);
        assert!(text(&said).contains("No tags here."), "{}", text(&said));
    }
}

/// Creates what must not be made: nothing is kept of it, and all that was said is the answer.
pub async fn refused(subject: &Subject<'_, Dataplane>, config: Json) -> String {
    let failed = subject
        .try_create(config)
        .await
        .expect_err("it must not be made");
    assert!(failed.state.is_none(), "{:?}", failed.state);
    text(&failed.diagnostics)
}

/// Lets another owner make the object, and asserts that a create says all of `parts` and changes nothing.
pub async fn leaves_to_its_owner(resource: &str, config: Json, parts: &[&str]) {
    let memory = Memory::default();
    owned_by("acme-test", &memory)
        .await
        .resource(resource)
        .create(config.clone())
        .await;
    let world = || memory.change(|world| format!("{world:?}"));
    let before = world();
    let said = refused(&over(&memory).await.resource(resource), config).await;
    for part in parts {
        assert!(said.contains(part), "{part:?} is not in: {said}");
    }
    assert_eq!(world(), before);
}

/// Lets the object vanish, and asserts that a read drops it and a destroy has nothing against that.
pub async fn drops_what_is_gone(resource: &str, config: Json, vanish: fn(&mut World)) {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let subject = harness.resource(resource);
    let state = subject.create(config).await;
    memory.change(vanish);
    assert!(subject.read(&state).await.is_none());
    subject.delete(state).await;
}

/// Breaks a create at every one of its calls, once before and once after the call's effect, and asserts that the next apply
/// comes to the same end, with nothing left once it is destroyed.
pub async fn survives_every_failure(resource: &str, config: Json, remaining: fn(&World) -> usize) {
    survives_every_failure_in(Memory::default, resource, config, remaining).await;
}

/// The same in a cloud with something in it.
pub async fn survives_every_failure_in(
    fresh: impl Fn() -> Memory,
    resource: &str,
    config: Json,
    remaining: fn(&World) -> usize,
) {
    let memory = fresh();
    over(&memory)
        .await
        .resource(resource)
        .create(config.clone())
        .await;
    let calls = memory.calls();
    for (at, operation) in calls.iter().enumerate() {
        let nth = calls[..=at]
            .iter()
            .filter(|call| *call == operation)
            .count();
        for lost in [false, true] {
            let memory = fresh();
            if lost {
                memory.lose_answer(operation, nth, outage());
            } else {
                memory.fail(operation, nth, outage());
            }
            let context = format!("{operation} #{nth}, answer lost: {lost}");
            let harness = over(&memory).await;
            let subject = harness.resource(resource);
            let failed = subject
                .try_create(config.clone())
                .await
                .expect_err(&context);
            assert_eq!(memory.pending_failures(), Vec::<&str>::new(), "{context}");
            let made = match &failed.state {
                Some(state) => {
                    assert!(state.tainted, "{context}");
                    subject.update(state, config.clone()).await
                }
                None => subject.create(config.clone()).await,
            };
            assert_eq!(memory.change(|world| remaining(world)), 1, "{context}");
            subject.settled(&made, config.clone()).await;
            subject.delete(made).await;
            assert_eq!(memory.change(|world| remaining(world)), 0, "{context}");
        }
    }
}

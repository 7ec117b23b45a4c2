//! Clouds that take their time, or keep something else than what they were told.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use clouds::{
    Clouds, Refusal, Result,
    private_endpoints::{
        EndpointDefaults, EndpointSettings, NewPrivateEndpoint, PrivateEndpointId, ServiceName,
    },
    tags::Tags,
};
use tokio::{
    sync::Mutex,
    time::{Instant, sleep_until},
};

use super::*;
use crate::testing::of_clouds;

/// Private endpoints in memory, of a cloud with habits.
struct Peculiar {
    memory: Memory,
    /// One creation at a time, as in a virtual network of Azure.
    turn: Mutex<()>,
    /// How long a creation takes once it is its turn.
    creation: Duration,
    /// How long a step may take where nobody says it.
    patience: Duration,
    /// What becomes of settings that are written, after what was found.
    keeps: fn(&Found, EndpointSettings) -> EndpointSettings,
}

/// A cloud over this one in memory.
fn peculiar(memory: &Memory, change: impl FnOnce(&mut Peculiar)) -> Clouds {
    let mut peculiar = Peculiar {
        memory: memory.clone(),
        turn: Mutex::default(),
        creation: Duration::ZERO,
        patience: PrivateEndpoints::patience(memory),
        keeps: |_, wanted| wanted,
    };
    change(&mut peculiar);
    Clouds {
        private_endpoints: Arc::new(peculiar),
        ..memory.clouds()
    }
}

#[async_trait]
impl PrivateEndpoints for Peculiar {
    fn check(&self, wanted: &NewPrivateEndpoint) -> Vec<Refusal> {
        PrivateEndpoints::check(&self.memory, wanted)
    }

    fn replaces(&self) -> &'static [&'static str] {
        PrivateEndpoints::replaces(&self.memory)
    }

    fn patience(&self) -> Duration {
        self.patience
    }

    fn defaults(&self, service: &ServiceName, kind: EndpointType) -> EndpointDefaults {
        self.memory.defaults(service, kind)
    }

    async fn service(&self, service: &ServiceName, kind: EndpointType) -> Result<ServiceOffer> {
        self.memory.service(service, kind).await
    }

    async fn create(&self, new: &NewPrivateEndpoint) -> Result<Found> {
        let _turn = self.turn.lock().await;
        sleep_until(Instant::now() + self.creation).await;
        // What comes with a look of its own is not told by the creating call.
        Ok(Found {
            addresses: Vec::new(),
            ..PrivateEndpoints::create(&self.memory, new).await?
        })
    }

    async fn find(&self, wanted: &NewPrivateEndpoint) -> Result<Found> {
        PrivateEndpoints::find(&self.memory, wanted).await
    }

    async fn get(&self, id: &PrivateEndpointId) -> Result<Found> {
        PrivateEndpoints::get(&self.memory, id).await
    }

    async fn configure(&self, found: &Found, wanted: &EndpointSettings) -> Result<()> {
        let kept = (self.keeps)(found, wanted.clone());
        PrivateEndpoints::configure(&self.memory, found, &kept).await
    }

    async fn set_tags(&self, found: &Found, tags: &Tags) -> Result<()> {
        PrivateEndpoints::set_tags(&self.memory, found, tags).await
    }

    async fn delete(&self, id: &PrivateEndpointId) -> Result<()> {
        PrivateEndpoints::delete(&self.memory, id).await
    }

    fn acceptance(&self, endpoint: &Found) -> String {
        self.memory.acceptance(endpoint)
    }
}

/// A creation of minutes is no creation that hangs, and neither is one that has to wait for others.
#[tokio::test(start_paused = true)]
async fn siblings_that_are_made_one_after_the_other_are_all_made() {
    let memory = Memory::default();
    let slow = peculiar(&memory, |cloud| cloud.creation = Duration::from_secs(90));
    let harness = of_clouds("acme-prod", slow).await;
    let endpoint = harness.resource(NAME);
    let began = Instant::now();
    let make = |name: &str| endpoint.create(with(full(), "name", name));
    let states = tokio::join!(make("a"), make("b"), make("c"), make("d"));
    assert_eq!(began.elapsed().as_secs(), 4 * 90);
    for state in [states.0, states.1, states.2, states.3] {
        assert_eq!(state["state"], "available");
    }
    assert_eq!(memory.change(|world| left(world)), 4);
}

/// A look that fails afterwards must not lose what was made, so that the creating call's own answer is what is kept first.
#[tokio::test(start_paused = true)]
async fn what_the_creating_call_does_not_tell_is_looked_up() {
    let memory = Memory::default();
    let harness = of_clouds("acme-prod", peculiar(&memory, |_| {})).await;
    let endpoint = harness.resource(NAME);
    let state = endpoint.create(full()).await;
    assert_eq!(state["addresses"], json!(["10.0.0.10", "10.0.0.11"]));
    endpoint.settled(&state, full()).await;

    let memory = Memory::default();
    memory.fail("private_endpoints.get", 1, outage());
    let harness = of_clouds("acme-prod", peculiar(&memory, |_| {})).await;
    let endpoint = harness.resource(NAME);
    let failed = endpoint.try_create(full()).await.unwrap_err();
    let kept = failed.state.unwrap();
    assert!(kept["id"].as_str().unwrap().starts_with("vpce-"));
}

/// The last of many has to wait longer than one alone may take.
#[tokio::test(start_paused = true)]
async fn a_cloud_that_takes_its_turns_has_the_time_for_it() {
    let memory = Memory::default();
    let slow = peculiar(&memory, |cloud| {
        cloud.creation = Duration::from_secs(90);
        cloud.patience = Duration::from_hours(1);
    });
    let harness = of_clouds("acme-prod", slow).await;
    let endpoint = harness.resource(NAME);
    let names: Vec<_> = (0..10).map(|number| format!("e{number}")).collect();
    let make = |name: &String| endpoint.create(with(full(), "name", name.as_str()));
    let states = futures::future::join_all(names.iter().map(make)).await;
    assert_eq!(states.len(), 10);
    assert_eq!(memory.change(|world| left(world)), 10);
}

/// The owner is not waited for an hour because the cloud may take one.
#[tokio::test(start_paused = true)]
async fn the_owner_has_the_same_time_in_every_cloud() {
    let memory = offered();
    let slow = peculiar(&memory, |cloud| {
        cloud.creation = Duration::from_mins(15);
        cloud.patience = Duration::from_hours(1);
    });
    let harness = of_clouds("acme-prod", slow).await;
    let began = Instant::now();
    let state = harness.resource(NAME).create(vendor()).await;
    assert_eq!(began.elapsed(), Duration::from_mins(25));
    assert_eq!(state["state"], "pending_acceptance");
}

/// A cloud may read a policy back in a form of its own, and ignore a message.
#[tokio::test(start_paused = true)]
async fn what_the_cloud_keeps_otherwise_is_not_sent_again_and_again() {
    let memory = Memory::default();
    let stubborn = peculiar(&memory, |cloud| {
        cloud.keeps = |found, wanted| EndpointSettings {
            request_message: found.settings.request_message.clone(),
            ..wanted
        };
    });
    let harness = of_clouds("acme-prod", stubborn).await;
    let endpoint = harness.resource(NAME);
    let state = endpoint.create(full()).await;
    let began = Instant::now();
    let mut other = with(full(), "request_message", "Hello.");
    other["security_groups"] = json!(["sg-0abc0002"]);
    let planned = endpoint.plan(&state, other.clone()).await;
    let state = endpoint.apply(&planned, other).await;
    assert!(began.elapsed() < Duration::from_mins(1));
    assert_eq!(calls(&memory, "private_endpoints.configure"), 2);
    assert_eq!(state["security_groups"], json!(["sg-0abc0002"]));
    let said = text(&state.warnings);
    assert!(
        said.contains("tells something else of request_message."),
        "{said}"
    );
}

/// What the cloud cannot change is for the plan to tell.
#[tokio::test(start_paused = true)]
async fn what_cannot_change_is_never_sent() {
    let memory = Memory::default();
    memory.change(|world| world.lasting = &["private_dns", "subnets"]);
    let quiet = peculiar(&memory, |cloud| {
        cloud.keeps = |_, _| panic!("there is nothing to set");
    });
    let harness = of_clouds("acme-prod", quiet).await;
    let endpoint = harness.resource(NAME);
    let state = endpoint.create(full()).await;
    stored(&memory, |found| found.settings.private_dns = false);
    let tagged = with(full(), "tags", json!({ "env": "test" }));
    endpoint.update(&state, tagged).await;
}

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
    time::{Instant, sleep},
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
    /// What becomes of settings that are written, after what was found.
    keeps: fn(&Found, EndpointSettings) -> EndpointSettings,
}

/// A cloud over this one in memory.
fn peculiar(memory: &Memory, change: impl FnOnce(&mut Peculiar)) -> Clouds {
    let mut peculiar = Peculiar {
        memory: memory.clone(),
        turn: Mutex::default(),
        creation: Duration::ZERO,
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

    fn defaults(&self, service: &ServiceName, kind: EndpointType) -> EndpointDefaults {
        self.memory.defaults(service, kind)
    }

    async fn service(&self, service: &ServiceName, kind: EndpointType) -> Result<ServiceOffer> {
        self.memory.service(service, kind).await
    }

    async fn create(&self, new: &NewPrivateEndpoint) -> Result<Found> {
        let _turn = self.turn.lock().await;
        sleep(self.creation).await;
        PrivateEndpoints::create(&self.memory, new).await
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

//! The watches: they keep what is known of actions and pods, and tell the queue which actions to look at.
//!
//! Objects are let go as soon as what is kept of them is taken. A server that streams its lists is asked to, since that costs
//! it and us least memory; from one that does not the lists are read in pages.

use std::sync::Arc;

use futures::{Stream, StreamExt};
use k8s_openapi::{NamespaceResourceScope, api::core::v1::Pod};
use kube::{
    Api, Client, Resource, ResourceExt,
    runtime::{
        WatchStreamExt,
        watcher::{self, Event, watcher},
    },
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{
    kept::{Body, Kept, KeptAction, KeptPod},
    labels::{self, MANAGED},
    resource::ActionResource,
    settings::Settings,
    work_queue::{Key, WorkQueue},
};
use crate::process::chain;

const PAGE: u32 = 500;

/// What the watches write into.
#[derive(Clone)]
pub struct Sight {
    pub settings: Arc<Settings>,
    pub actions: Arc<Kept<KeptAction>>,
    pub pods: Arc<Kept<KeptPod>>,
    pub queue: Arc<WorkQueue>,
}

/// Where is looked: a namespace, or all of them.
pub type Scope = Option<Arc<str>>;

impl Sight {
    /// Follows the pods until it is asked to stop; tells when all of them are known.
    pub async fn follow_pods(
        self,
        client: Client,
        scope: Scope,
        known: watch::Sender<bool>,
        stop: CancellationToken,
    ) {
        let api: Api<Pod> = api(client, &scope);
        follow(api, Some(MANAGED), &known, &stop, |event| match event {
            Event::Init => self.pods.listing_begins(scope.as_ref()),
            Event::InitApply(pod) => {
                if let Some((key, owner)) = names(&pod) {
                    self.pods.listed(scope.as_ref(), &key, KeptPod::of(pod));
                    self.queue.add(owner);
                }
            }
            Event::InitDone => {
                for pod in self.pods.listing_ends(scope.as_ref()) {
                    // Its name is that of its action and the number of the attempt.
                    if let Some((action, _)) = pod.name.rsplit_once('-') {
                        self.queue.add(Key::new(&pod.namespace, action));
                    }
                }
            }
            Event::Apply(pod) => {
                if let Some((key, owner)) = names(&pod) {
                    let pod = KeptPod::of(pod);
                    let action = self.actions.get(&owner);
                    let has_none = action.is_none_or(|action| action.uid != pod.owner);
                    self.pods.seen(&key, pod);
                    self.queue.add(owner);
                    if has_none {
                        // No look at an action is about it.
                        self.queue.add(key);
                    }
                }
            }
            Event::Delete(pod) => {
                if let Some((key, owner)) = names(&pod) {
                    self.pods.gone(&key, &pod.uid().unwrap_or_default());
                    self.queue.add(owner);
                }
            }
        })
        .await;
    }

    /// Follows the actions until it is asked to stop; tells when all of them are known.
    pub async fn follow_actions(
        self,
        client: Client,
        scope: Scope,
        known: watch::Sender<bool>,
        stop: CancellationToken,
    ) {
        let api: Api<ActionResource> = api(client, &scope);
        follow(api, None, &known, &stop, |event| match event {
            Event::Init => self.actions.listing_begins(scope.as_ref()),
            Event::InitApply(resource) => {
                let key = key(&resource);
                let kept = KeptAction::read(&resource, &self.settings);
                let open = !matches!(kept.body, Body::Over);
                self.actions.listed(scope.as_ref(), &key, kept);
                if open {
                    self.queue.add(key);
                }
            }
            Event::InitDone => drop(self.actions.listing_ends(scope.as_ref())),
            Event::Apply(resource) => {
                let key = key(&resource);
                let kept = KeptAction::read(&resource, &self.settings);
                // What was written here comes back by the watch: there is nothing new in it.
                let new = self
                    .actions
                    .get(&key)
                    .is_none_or(|known| known.version != kept.version);
                let open = !matches!(kept.body, Body::Over);
                self.actions.seen(&key, kept);
                if new && open {
                    self.queue.add(key);
                }
            }
            Event::Delete(resource) => {
                self.actions
                    .gone(&key(&resource), &resource.uid().unwrap_or_default());
            }
        })
        .await;
    }
}

/// The pod and its action. None for a pod that merely has our label, which is not kept.
fn names(pod: &Pod) -> Option<(Key, Key)> {
    let owner = labels::owner(pod)?;
    let key = key(pod);
    let action = Key {
        namespace: Arc::clone(&key.namespace),
        name: owner.name.as_str().into(),
    };
    Some((key, action))
}

fn key(object: &impl ResourceExt) -> Key {
    Key::new(&object.namespace().unwrap_or_default(), &object.name_any())
}

fn api<K>(client: Client, scope: &Scope) -> Api<K>
where
    K: Resource<Scope = NamespaceResourceScope>,
    K::DynamicType: Default,
{
    match scope {
        Some(namespace) => Api::namespaced(client, namespace),
        None => Api::all(client),
    }
}

async fn follow<K>(
    api: Api<K>,
    labels: Option<&str>,
    known: &watch::Sender<bool>,
    stop: &CancellationToken,
    mut take: impl FnMut(Event<K>),
) where
    K: Resource + Clone + std::fmt::Debug + for<'de> serde::Deserialize<'de> + Send + 'static,
{
    let config = labels.map_or_else(watcher::Config::default, |labels| {
        watcher::Config::default().labels(labels)
    });
    let streaming = config.clone().streaming_lists();
    let paged = config.page_size(PAGE);
    if told(watcher(api.clone(), streaming), known, stop, &mut take).await == Ended::NotStreamed {
        info!("this API server does not stream lists: they are read in pages");
        told(watcher(api, paged), known, stop, &mut take).await;
    }
}

#[derive(PartialEq, Eq)]
enum Ended {
    Stopped,
    /// The server does not know streamed lists.
    NotStreamed,
}

async fn told<K>(
    stream: impl Stream<Item = watcher::Result<Event<K>>> + Send,
    known: &watch::Sender<bool>,
    stop: &CancellationToken,
    take: &mut impl FnMut(Event<K>),
) -> Ended
where
    K: Send,
{
    let mut stream = std::pin::pin!(stream.default_backoff());
    loop {
        let event = tokio::select! {
            event = stream.next() => event,
            () = stop.cancelled() => return Ended::Stopped,
        };
        match event {
            Some(Ok(event)) => {
                let complete = matches!(event, Event::InitDone);
                take(event);
                if complete {
                    known.send_replace(true);
                }
            }
            Some(Err(error)) if !*known.borrow() && is_not_streamed(&error) => {
                return Ended::NotStreamed;
            }
            // It goes on by itself, with backoff.
            Some(Err(error)) => warn!(error = chain(&error), "watching"),
            None => return Ended::Stopped,
        }
    }
}

/// A server that does not know `sendInitialEvents`, or has it switched off, finds the request invalid.
fn is_not_streamed(error: &watcher::Error) -> bool {
    let (watcher::Error::WatchStartFailed(kube::Error::Api(status))
    | watcher::Error::InitialListFailed(kube::Error::Api(status))
    | watcher::Error::WatchError(status)) = error
    else {
        return false;
    };
    matches!(status.code, 400 | 422)
}

#[cfg(test)]
mod tests;

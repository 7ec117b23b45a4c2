//! What the reconciler needs of the world outside of the cluster.

use std::{num::NonZeroU32, time::Duration};

use dataplane_api::object_uri::ObjectUri;
use dataplane_proto::flyteidl2::{core::CatalogCacheStatus, task::Inputs, workflow::ActionEvent};

use crate::executor::{
    action::Action,
    cache::{Claim, Reused, Unclear},
    failure::Failure,
    transition::Transition,
};

/// The control plane, as far as events go.
pub trait Sink: Send + Sync + 'static {
    /// The event that tells of a transition.
    fn event(&self, transition: &Transition) -> ActionEvent;
    /// Whether all of them were taken. They are told in order, and again when in doubt.
    fn deliver(&self, events: Vec<ActionEvent>) -> impl Future<Output = bool> + Send;
    /// For how long nobody has taken any. None while somebody does.
    fn away_for(&self) -> Option<Duration>;
}

/// Why something could not be read.
pub trait Unread: std::error::Error + Send + Sync + 'static {
    /// Whether the same call may succeed later without anybody's doing.
    fn may_pass(&self) -> bool;
}

/// The object store, as far as results go.
pub trait Objects: Send + Sync + 'static {
    type Error: Unread;
    /// What the attempt that writes under this prefix said of its failure, if it failed. One that must have left outputs and
    /// did not failed too. The error that was [`left`](Self::left) counts as none.
    fn outcome(
        &self,
        prefix: &str,
        outputs: bool,
        left: &str,
    ) -> impl Future<Output = Result<Result<(), Failure>, Self::Error>> + Send;
    /// What the error that is under this prefix now can be told by from another that replaces it; none when there is no error.
    fn left(
        &self,
        prefix: &str,
    ) -> impl Future<Output = Result<Option<String>, Self::Error>> + Send;
    /// The inputs of an action; or why they can't be used.
    fn inputs(
        &self,
        action: &Action,
    ) -> impl Future<Output = Result<Result<Inputs, Failure>, Self::Error>> + Send;
    /// What the cache knows an action by; none when it has no key.
    fn claim(&self, action: &Action)
    -> impl Future<Output = Result<Option<Claim>, Unclear>> + Send;
    /// What the cache has for an attempt, whose outputs are then written.
    fn look_up(
        &self,
        action: &Action,
        claim: Option<&Claim>,
        attempt: NonZeroU32,
    ) -> impl Future<Output = Reused> + Send;
    /// Gives the outputs of an attempt to the cache.
    fn keep(
        &self,
        action: &Action,
        claim: Option<&Claim>,
        attempt: NonZeroU32,
    ) -> impl Future<Output = CatalogCacheStatus> + Send;
    /// Stays the one that computes a result for others.
    fn stay_reserved(&self, claim: &Claim) -> impl Future<Output = ()> + Send;
    /// Lets others compute it, after an end without a result.
    fn give_way(&self, claim: &Claim) -> impl Future<Output = ()> + Send;
    /// A URL by which an object can be read for a while; or why it can't be signed.
    fn sign(
        &self,
        uri: &ObjectUri,
    ) -> impl Future<Output = Result<Result<String, Failure>, Self::Error>> + Send;
}

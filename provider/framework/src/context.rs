//! What every call gets beside its values: the client, the private state, and when to stop.

use std::future::Future;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::wait::{Deadline, Stoppable};
use crate::{Diagnostic, Diagnostics, Private, Result, Timeouts, Value};

/// What is being done to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verb {
    /// Checking a configuration.
    Validate,
    /// Building the client.
    Configure,
    /// Deciding what an apply will do.
    Plan,
    /// Making an object.
    Create,
    /// Looking at an object.
    Read,
    /// Changing an object.
    Update,
    /// Removing an object.
    Delete,
    /// Taking an existing object into the state.
    Import,
    /// Reading state of an older version.
    Upgrade,
    /// Taking over the state of another resource type.
    Move,
    /// Opening an ephemeral resource.
    Open,
    /// Renewing an ephemeral resource.
    Renew,
    /// Closing an ephemeral resource.
    Close,
}

impl Verb {
    /// The form for messages: `creating`.
    #[must_use]
    pub fn progressive(self) -> &'static str {
        match self {
            Self::Validate => "validating",
            Self::Configure => "configuring",
            Self::Plan => "planning",
            Self::Create => "creating",
            Self::Read => "reading",
            Self::Update => "updating",
            Self::Delete => "deleting",
            Self::Import => "importing",
            Self::Upgrade => "upgrading the state of",
            Self::Move => "moving the state of",
            Self::Open => "opening",
            Self::Renew => "renewing",
            Self::Close => "closing",
        }
    }
}

/// What a call gets beside its values. `C` is the provider's client.
#[derive(Debug)]
pub struct Context<C> {
    client: Option<Arc<C>>,
    private: Private,
    stop: CancellationToken,
    verb: Verb,
    warnings: Mutex<Diagnostics>,
}

impl<C> Context<C> {
    /// A context for calling a resource by hand, as unit tests do. Nothing ever stops it.
    #[must_use]
    pub fn new(client: C, verb: Verb) -> Self {
        Self::of_call(
            Some(Arc::new(client)),
            Private::default(),
            CancellationToken::new(),
            verb,
        )
    }

    pub(crate) fn of_call(
        client: Option<Arc<C>>,
        private: Private,
        stop: CancellationToken,
        verb: Verb,
    ) -> Self {
        Self {
            client,
            private,
            stop,
            verb,
            warnings: Mutex::default(),
        }
    }

    /// Tells the person who runs Terraform what they should know, though the call succeeds. One that fails says why, and this is
    /// not shown.
    pub fn warn(&self, summary: impl Into<String>, detail: impl Into<String>) {
        let mut warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        warnings.warning(summary, detail);
    }

    /// What there was to tell.
    pub(crate) fn warnings(&self) -> Diagnostics {
        mem::take(&mut self.warnings.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The configured client.
    pub fn client(&self) -> Result<&C> {
        self.client_if_known().ok_or_else(|| {
            Diagnostic::error(
                "The provider's configuration is not known yet",
                "This operation talks to the outside, and a part of the provider block depends on something that is not \
                 there yet. Apply what it depends on first (with -target), or give the provider values that are known.",
            )
            .into()
        })
    }

    /// The configured client; none while a part of the provider's configuration is unknown, as plans may see it.
    pub fn client_if_known(&self) -> Option<&C> {
        self.client.as_deref()
    }

    /// What the provider remembers beside the state.
    pub fn private(&self) -> &Private {
        &self.private
    }

    /// Cancelled when the user interrupts Terraform. [`wait::until`](crate::wait::until) minds it by itself, and what leaves
    /// nothing behind (plans, reads, imports, data sources, opening) is dropped then. Creates, updates and deletes are not:
    /// one that makes many calls outside of waits looks at this between them.
    pub fn stopped(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// The outcome of what may be given up at any point, because it leaves nothing behind: it is, when Terraform asks to stop.
    pub(crate) async fn unless_stopped<T>(
        &self,
        request: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Err(Diagnostic::error(
                "",
                "interrupted: Terraform was asked to stop before this was done. Nothing was changed by it",
            )
            .into()),
            done = request => done,
        }
    }

    /// What is being done.
    pub fn verb(&self) -> Verb {
        self.verb
    }

    /// When to give up: what the user's `timeouts` say about this operation, else the default, from now on.
    pub fn deadline(&self, timeouts: &Value<Timeouts>, default: Duration) -> Deadline {
        let chosen = timeouts.known().and_then(|timeouts| timeouts.of(self.verb));
        Deadline::after(chosen.unwrap_or(default))
    }
}

impl<C> Stoppable for Context<C> {
    fn stopped(&self) -> CancellationToken {
        self.stop.clone()
    }
}

//! The call that takes events.

use std::{sync::Arc, time::Duration};

use dataplane_proto::flyteidl2::workflow::{
    ActionEvent, RecordRequest, events_proxy_service_client::EventsProxyServiceClient,
};
use tokio::time::timeout;
use tonic::{Code, Status, service::interceptor::InterceptedService, transport::Channel};

use crate::{channel::TokenFile, process::chain};

/// How long one call may take.
const CALL: Duration = Duration::from_secs(30);

/// Who takes events.
pub trait Record: Clone + Send + Sync + 'static {
    /// Ok when all of them are kept.
    fn record(&self, events: Vec<ActionEvent>) -> impl Future<Output = Result<(), Status>> + Send;
}

/// The control plane's service.
#[derive(Clone)]
pub struct Proxy(EventsProxyServiceClient<InterceptedService<Channel, TokenFile>>);

impl Proxy {
    pub fn new(channel: Channel, token: TokenFile) -> Self {
        Self(EventsProxyServiceClient::with_interceptor(channel, token))
    }
}

impl Record for Proxy {
    async fn record(&self, events: Vec<ActionEvent>) -> Result<(), Status> {
        let mut client = self.0.clone();
        timeout(CALL, client.record(RecordRequest { events }))
            .await
            .unwrap_or_else(|_| {
                let seconds = CALL.as_secs();
                Err(Status::deadline_exceeded(format!(
                    "no answer for {seconds} seconds"
                )))
            })
            .map(drop)
    }
}

/// What an answer says about the events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Nobody is there who could take any event.
    Away,
    /// They are there already.
    Known,
    /// One of them is wrong, and will be wrong the next time.
    Invalid,
    /// One of them is about what is not there or may not be told; or, where none is taken, we may not tell anything.
    Unwelcome,
    /// Too many at the moment.
    Busy,
    /// They were not taken, and it may be because of one of them.
    Trouble,
}

impl Answer {
    pub fn of(status: &Status) -> Self {
        match status.code() {
            Code::Unavailable
            | Code::DeadlineExceeded
            | Code::Cancelled
            | Code::Unauthenticated
            | Code::Unimplemented => Self::Away,
            Code::AlreadyExists => Self::Known,
            Code::InvalidArgument => Self::Invalid,
            Code::NotFound
            | Code::FailedPrecondition
            | Code::OutOfRange
            | Code::PermissionDenied => Self::Unwelcome,
            Code::ResourceExhausted => Self::Busy,
            _ => Self::Trouble,
        }
    }
}

/// The answer as a text for the log, with what can be done about it.
pub fn explain(status: &Status) -> Arc<str> {
    let what_to_do = match status.code() {
        Code::Unauthenticated => {
            "; check control_plane.audience and that the control plane knows this cluster's issuer"
        }
        Code::Unimplemented => {
            "; check control_plane.endpoint: nothing there offers flyteidl2.workflow.EventsProxyService"
        }
        _ => "",
    };
    let cause = std::error::Error::source(status)
        .map(|source| format!(": {}", chain(source)))
        .unwrap_or_default();
    format!(
        "{} ({:?}){cause}{what_to_do}",
        status.message(),
        status.code()
    )
    .into()
}

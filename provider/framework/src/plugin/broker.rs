//! `plugin.GRPCBroker`: side connections. The host opens the stream at once and Terraform never uses it.

use std::pin::Pin;

use dataplane_proto::goplugin::ConnInfo;
use dataplane_proto::goplugin::grpc_broker_server::GrpcBroker;
use futures::StreamExt;
use futures::stream::{Stream, pending};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};

/// Keeps the stream open until the host closes its side or the plugin ends.
pub(super) struct Broker {
    stop: CancellationToken,
}

impl Broker {
    pub(super) fn new(stop: CancellationToken) -> Self {
        Self { stop }
    }
}

#[tonic::async_trait]
impl GrpcBroker for Broker {
    type StartStreamStream = Pin<Box<dyn Stream<Item = Result<ConnInfo, Status>> + Send>>;

    async fn start_stream(
        &self,
        request: Request<Streaming<ConnInfo>>,
    ) -> Result<Response<Self::StartStreamStream>, Status> {
        let mut offers = request.into_inner();
        let stop = self.stop.clone();
        let over = async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = async { while let Some(Ok(_)) = offers.next().await {} } => {}
            }
        };
        Ok(Response::new(Box::pin(
            pending().take_until(Box::pin(over)),
        )))
    }
}

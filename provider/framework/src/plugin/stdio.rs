//! `plugin.GRPCStdio`: a stream for output that nobody wrote. The host opens it at once and expects it to stay open;
//! whatever came on it, Terraform would log as a warning.

use std::pin::Pin;

use dataplane_proto::goplugin::StdioData;
use dataplane_proto::goplugin::grpc_stdio_server::GrpcStdio;
use futures::StreamExt;
use futures::stream::{Stream, pending};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

/// Keeps the stream open until the plugin ends.
pub(super) struct Stdio {
    stop: CancellationToken,
}

impl Stdio {
    pub(super) fn new(stop: CancellationToken) -> Self {
        Self { stop }
    }
}

#[tonic::async_trait]
impl GrpcStdio for Stdio {
    type StreamStdioStream = Pin<Box<dyn Stream<Item = Result<StdioData, Status>> + Send>>;

    async fn stream_stdio(
        &self,
        _request: Request<()>,
    ) -> Result<Response<Self::StreamStdioStream>, Status> {
        Ok(Response::new(Box::pin(
            pending().take_until(self.stop.clone().cancelled_owned()),
        )))
    }
}

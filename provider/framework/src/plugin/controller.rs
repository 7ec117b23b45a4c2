//! `plugin.GRPCController`: the host says that it is done. Without it Terraform waits two seconds, then kills.

use dataplane_proto::goplugin::Empty;
use dataplane_proto::goplugin::grpc_controller_server::GrpcController;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

/// Ends the plugin when the host asks for it.
pub(super) struct Controller {
    stop: CancellationToken,
}

impl Controller {
    pub(super) fn new(stop: CancellationToken) -> Self {
        Self { stop }
    }
}

#[tonic::async_trait]
impl GrpcController for Controller {
    async fn shutdown(&self, _request: Request<Empty>) -> Result<Response<Empty>, Status> {
        tracing::debug!("Terraform asked the provider to end");
        self.stop.cancel();
        Ok(Response::new(Empty {}))
    }
}

//! The program around the protocol's service: how Terraform starts it, finds it, trusts it and ends it.
//!
//! This is HashiCorp's go-plugin, version 1 of its core protocol, with gRPC and mutual TLS.

mod arguments;
mod broker;
mod connection;
mod controller;
mod debug;
mod environment;
mod handshake;
mod listen;
mod stdio;
mod stdout;
mod tls;

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use dataplane_proto::goplugin::grpc_broker_server::GrpcBrokerServer;
use dataplane_proto::goplugin::grpc_controller_server::GrpcControllerServer;
use dataplane_proto::goplugin::grpc_stdio_server::GrpcStdioServer;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic::transport::Server;
use tonic_health::ServingStatus;

use self::arguments::Command;
use self::connection::Connections;
use self::environment::Environment;
use self::listen::Listener;

/// The largest message in either direction: what Go's providers allow. Terraform itself stops at 64 MiB for schemas.
pub(crate) const LARGEST_MESSAGE: usize = 256 * 1024 * 1024;

/// How long calls that still run may take to end after Terraform said that it is done; it kills after two seconds.
const DRAIN: Duration = Duration::from_millis(500);

/// What a plugin says about itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct About {
    /// The provider's short name: `dataplane`.
    pub(crate) name: &'static str,
    /// The provider's source address: `registry.terraform.io/dataplane/dataplane`.
    pub(crate) address: &'static str,
    /// The provider's version, without a `v`.
    pub(crate) version: &'static str,
}

/// Runs the process as its arguments and its environment say, with the service that `service` makes. The token it is
/// given is cancelled when the plugin ends.
pub(crate) fn run(about: About, service: impl FnOnce(CancellationToken) -> Routes) -> ExitCode {
    let outcome = match Command::parse(std::env::args_os().skip(1)) {
        Ok(Command::Version) => stdout::line(&format!(
            "terraform-provider-{} v{}",
            about.name, about.version
        )),
        Ok(Command::Help) => stdout::line(&arguments::help(about)),
        Ok(command) => start(about, command, service),
        Err(problem) => Err(io::Error::other(problem)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            // Nothing is left to do about a standard error that is closed.
            let _ = writeln!(io::stderr(), "{problem}");
            ExitCode::FAILURE
        }
    }
}

fn start(
    about: About,
    command: Command,
    service: impl FnOnce(CancellationToken) -> Routes,
) -> io::Result<()> {
    let environment = Environment::read(about.name);
    crate::panic::install_hook();
    crate::logging::install(environment.log_level, about.name);
    let debug = command == Command::Debug;
    if !debug {
        handshake::check(about, &environment).map_err(io::Error::other)?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        // On one processor, too, a request that computes must not hold up StopProvider.
        .worker_threads(std::thread::available_parallelism().map_or(2, |cores| cores.get().max(2)))
        .thread_name("provider")
        .build()?;
    let stop = CancellationToken::new();
    let routes = service(stop.clone());
    let outcome = runtime.block_on(async {
        if debug {
            debug::run(about, &environment, routes, stop).await
        } else {
            plugin(&environment, routes, stop).await
        }
    });
    // What still runs, a blocking call included, must not keep the process: Terraform is gone or about to kill it.
    runtime.shutdown_background();
    outcome
}

/// Serves Terraform until it says that it is done, or is gone.
async fn plugin(
    environment: &Environment,
    routes: Routes,
    stop: CancellationToken,
) -> io::Result<()> {
    debug::ignore_interrupts()?;
    let identity = environment
        .client_certificate
        .as_deref()
        .map(tls::Identity::for_client)
        .transpose()?;
    let listener = Listener::bind(environment)?;
    let socket = listener.socket();
    handshake::announce(socket, identity.as_ref().map(tls::Identity::certificate))?;
    let mut connections = Connections::accept(listener, identity.map(tls::Identity::into_config));
    let open = connections.open();
    let end = stop.clone();
    let serving = serve(routes, connections.incoming(), stop.clone(), stop.clone());
    let outcome = tokio::select! {
        outcome = serving => outcome,
        () = open.lost() => {
            tracing::debug!("Terraform closed its connection");
            end.cancel();
            Ok(())
        }
    };
    connections.close().await;
    outcome
}

/// Serves the provider and go-plugin's own services until `stop` is cancelled. A host that says it is done cancels
/// `dismissed`.
async fn serve(
    routes: Routes,
    incoming: connection::Incoming,
    stop: CancellationToken,
    dismissed: CancellationToken,
) -> io::Result<()> {
    let (reporter, health) = tonic_health::server::health_reporter();
    reporter
        .set_service_status("plugin", ServingStatus::Serving)
        .await;
    let routes = routes
        .add_service(GrpcControllerServer::new(controller::Controller::new(
            dismissed,
        )))
        .add_service(GrpcStdioServer::new(stdio::Stdio::new(stop.clone())))
        .add_service(GrpcBrokerServer::new(broker::Broker::new(stop.clone())))
        .add_service(health);
    let serving = Server::builder()
        .add_routes(routes)
        .serve_with_incoming_shutdown(incoming, stop.clone().cancelled_owned());
    let drained = async {
        stop.cancelled().await;
        crate::wait::pause(DRAIN).await;
    };
    tokio::select! {
        outcome = serving => outcome.map_err(io::Error::other),
        () = drained => Ok(()),
    }
}

//! The entry point of a provider's binary.

use std::process::ExitCode;

use dataplane_proto::tfplugin6::provider_server::ProviderServer;
use tonic::service::Routes;

use crate::plugin::{self, About, LARGEST_MESSAGE};
use crate::{Provider, rpc};

/// Runs a provider as the program that Terraform starts: all that `main` has to do.
///
/// ```no_run
/// # struct Example;
/// # impl framework::Provider for Example {
/// #     const NAME: &'static str = "example";
/// #     const ADDRESS: &'static str = "registry.terraform.io/example/example";
/// #     const VERSION: &'static str = "0.1.0";
/// #     type Config = Config;
/// #     type Client = ();
/// #     async fn configure(&self, _config: Config) -> framework::Result<Option<()>> { Ok(Some(())) }
/// # }
/// # /// The provider.
/// # #[derive(framework::Model, Clone, Debug, Default, PartialEq)]
/// # struct Config {}
/// fn main() -> std::process::ExitCode {
///     framework::serve(Example)
/// }
/// ```
///
/// Started by Terraform it shakes hands on standard output, trusts that Terraform alone, and serves until it is told to
/// end or the connection is gone for good. Interrupts are left to Terraform. Started by a person it says what it is;
/// `--debug` makes it serve any Terraform that gets the environment variable it prints, `--version` and `--help` print
/// what they say.
///
/// Besides Terraform's own, it reads `PLUGIN_NETWORK=tcp`, to listen on TCP where it would take a unix socket.
pub fn serve<P: Provider>(provider: P) -> ExitCode {
    let about = About {
        name: P::NAME,
        address: P::ADDRESS,
        version: P::VERSION,
    };
    plugin::run(about, |stop| {
        let service = ProviderServer::new(rpc::Service::new(provider, stop))
            .max_decoding_message_size(LARGEST_MESSAGE)
            .max_encoding_message_size(LARGEST_MESSAGE);
        Routes::new(service)
    })
}

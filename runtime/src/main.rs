//! The data plane's operator: one binary with a mode per component.

mod admin;
mod args;
mod backoff;
mod channel;
mod executor;
mod fetch_bundle;
mod lease;
mod metrics;
mod operator;
mod printing;
mod process;

use std::process::ExitCode;

use clap::Parser;

/// `EX_CONFIG` of sysexits: starting again does not help until the configuration changes.
const BAD_CONFIGURATION: u8 = 78;

fn main() -> ExitCode {
    match args::Args::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            process::report(&error);
            if error.is::<args::ReadConfigError>() || error.is::<channel::BadEndpointError>() {
                BAD_CONFIGURATION.into()
            } else {
                ExitCode::FAILURE
            }
        }
    }
}

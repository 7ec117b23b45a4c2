//! One Terraform root for many tenants: waves that stop at the first failures, a summary with a line per tenant, and a
//! journal of who changed what. It only runs `terraform` (docs/design/0009).

mod apply;
mod args;
mod backend;
mod diagnostics;
mod fleet_file;
mod journal;
mod lock;
mod look;
mod outcome;
mod providers;
mod resume;
mod root;
mod running;
mod saved_plan;
mod sha256;
mod status;
mod stop;
mod summary;
mod table;
mod tenants;
mod terraform;
mod waves;
mod workspace;

use std::{io::Write as _, process::ExitCode};

use clap::Parser as _;

fn main() -> ExitCode {
    match args::Args::parse().run() {
        Ok(code) => code,
        Err(error) => {
            // Nothing is left to be done about a standard error that is closed.
            let _ = writeln!(std::io::stderr().lock(), "dataplane-fleet: {error:#}");
            ExitCode::FAILURE
        }
    }
}

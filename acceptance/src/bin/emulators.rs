//! Runs the emulated clouds, the Kubernetes API server and the control plane in the foreground, and prints how to reach them.
//! `emulators run COMMAND [ARGUMENT…]` runs one command beside the emulated clouds alone, for tests that are told their
//! addresses by their environment, and ends as the command does.

use std::{
    ffi::OsString,
    io::Write as _,
    path::Path,
    process::{Command, ExitCode},
};

use acceptance::{
    aws::{Account, Emulators, Front},
    azure::Azure,
    azurite::Azurite,
    cluster::{Cluster, Site},
    control_plane::ControlPlane,
    google::Google,
    issuer::Issuer,
    setup,
};
use anyhow::{Context as _, Result};

fn main() -> Result<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    match arguments.next() {
        None => serve().map(|()| ExitCode::SUCCESS),
        Some(verb) if verb == "run" => run(&arguments.collect::<Vec<_>>()),
        Some(_) => anyhow::bail!("usage: emulators [run COMMAND [ARGUMENT…]]"),
    }
}

/// Runs a command that reads the emulators' addresses from its environment.
fn run(command: &[OsString]) -> Result<ExitCode> {
    let (program, arguments) = command.split_first().context("run what?")?;
    let directory = setup::scratch()?;
    let emulators = Emulators::start_in(directory.path())?;
    let google = Google::start_in(directory.path())?;
    let azure = Azure::start_in(directory.path())?;
    let azurite = Azurite::start_in(directory.path())?;
    let status = Command::new(program)
        .args(arguments)
        .envs(addresses(&emulators, &google))
        .envs(azure.environment())
        .envs(azurite.environment())
        .status()
        .with_context(|| format!("starting {}", program.display()))?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// What the tests of the clouds crates read.
fn addresses(emulators: &Emulators, google: &Google) -> [(&'static str, String); 3] {
    [
        ("DATAPLANE_MINISTACK_ENDPOINT", emulators.ministack()),
        ("DATAPLANE_MOTO_ENDPOINT", emulators.moto()),
        ("DATAPLANE_GOOGLE_ENDPOINT", google.endpoint().to_owned()),
    ]
}

fn serve() -> Result<()> {
    let directory = setup::scratch()?;
    let cluster = Cluster::start_in(&directory.path().join("cluster"), Site::default())?;
    let emulators = Emulators::start_in(&directory.path().join("aws"))?;
    let google = Google::start_in(directory.path())?;
    google.trust(&cluster)?;
    let azure = Azure::start_in(directory.path())?;
    azure.trust(&cluster)?;
    let azurite = Azurite::start_in(directory.path())?;
    let front = Front::start(&emulators)?;
    front.trust(Issuer::of(&cluster)?);
    let control_plane = ControlPlane::start("127.0.0.1:0", Issuer::of(&cluster)?)?;
    let authority = directory.path().join("control-plane.crt");
    std::fs::write(&authority, control_plane.ca_certificate())?;

    let mut lines = vec![
        format!("export KUBECONFIG={}", cluster.kubeconfig().display()),
        format!(
            "export KUBECTL={}",
            setup::Kubernetes::Kubectl.path()?.display()
        ),
        format!("export OIDC_ISSUER={}", cluster.issuer()),
        format!("export CONTROL_PLANE={}", control_plane.endpoint()),
        format!("export CONTROL_PLANE_CA={}", authority.display()),
    ];
    let account = Account::new(&front);
    let addresses = addresses(&emulators, &google).map(|(name, value)| (name.to_owned(), value));
    lines.extend(
        account
            .environment()
            .into_iter()
            .chain(addresses)
            .chain(
                azure
                    .environment()
                    .into_iter()
                    .chain(azurite.environment())
                    .map(|(name, value)| (name.to_owned(), value)),
            )
            .map(|(name, value)| format!("export {name}={value}")),
    );
    let text = lines.join("\n");
    let file = Path::new(directory.path()).join("environment");
    std::fs::write(&file, &text)?;
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{text}\n# the same: source {}\n# Ctrl-C ends all of it",
        file.display()
    )?;
    out.flush()?;

    acceptance::issuer::runtime().block_on(tokio::signal::ctrl_c())?;
    Ok(())
}

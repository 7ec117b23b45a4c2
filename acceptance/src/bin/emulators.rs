//! Runs the emulated AWS, the Kubernetes API server and the control plane in the foreground, and prints how to reach them.

use std::{io::Write as _, path::Path};

use acceptance::{
    aws::{Account, Emulators, Front},
    cluster::{Cluster, Site},
    control_plane::ControlPlane,
    issuer::Issuer,
    setup,
};
use anyhow::Result;

fn main() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let cluster = Cluster::start_in(&directory.path().join("cluster"), Site::default())?;
    let emulators = Emulators::start_in(&directory.path().join("aws"))?;
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
        format!("export MINISTACK={}", emulators.ministack()),
        format!("export MOTO={}", emulators.moto()),
    ];
    let account = Account::new(&front);
    lines.extend(
        account
            .environment()
            .iter()
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

//! The targets mean the same in whatever shell they are called.

use std::{fs, os::unix::fs::PermissionsExt as _, process::Command};

use acceptance::setup;
use anyhow::{Context as _, Result, ensure};

#[test]
fn commands_of_the_demo_are_not_taken_for_the_real_ones() -> Result<()> {
    let cache = setup::scratch()?;
    let commands = cache.path().join("demo/bin");
    fs::create_dir_all(&commands)?;
    let terraform = commands.join("terraform");
    fs::write(&terraform, "#!/bin/sh\nexit 1\n")?;
    fs::set_permissions(&terraform, fs::Permissions::from_mode(0o755))?;
    let path = setup::variable("PATH").context("PATH is not set")?;
    let path = std::iter::once(commands).chain(std::env::split_paths(&path));
    let output = Command::new("make")
        .arg(format!("CACHE={}", cache.path().display()))
        .args(["--eval=which: ; @command -v terraform", "which"])
        .current_dir(setup::checkout())
        .env_remove("MAKEFLAGS")
        .env_remove("MAKELEVEL")
        .env("PATH", std::env::join_paths(path)?)
        .output()?;
    let found = String::from_utf8(output.stdout)?;
    ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(found.trim(), setup::terraform()?.display().to_string());
    Ok(())
}

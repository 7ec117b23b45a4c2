//! `make bench`: what the provider and the executor cost, each figure beside something else measured in the same run. It writes
//! docs/benchmarks.md. Parts that are named on the command line (`calls`, or `tenants=5` for fewer of them) are only printed.

mod calls;
mod complete;
mod executor;
mod refresh;
mod sides;
mod start;
mod table;
mod tenants;

use std::{fs, io::Write as _};

use acceptance::setup;
use anyhow::{Context as _, Result, ensure};

fn main() -> Result<()> {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    let (asked, tenants) = read(asked)?;
    let of_tenants = || tenants::measure(tenants);
    let parts: [(&str, &dyn Fn() -> Result<String>); 7] = [
        ("start", &start::measure),
        ("complete", &complete::measure),
        ("calls", &calls::measure),
        ("sides", &sides::measure),
        ("refresh", &refresh::measure),
        ("tenants", &of_tenants),
        ("executor", &executor::measure),
    ];
    for name in &asked {
        ensure!(
            parts.iter().any(|(what, _)| what == name),
            "there is no part {name:?} to measure"
        );
    }
    let mut sections = Vec::new();
    for (what, measure) in parts {
        if !asked.is_empty() && !asked.iter().any(|asked| asked == what) {
            continue;
        }
        writeln!(std::io::stderr().lock(), "bench: {what} …")?;
        sections.push(measure().with_context(|| format!("measuring {what}"))?);
    }
    if !asked.is_empty() {
        return Ok(writeln!(
            std::io::stdout().lock(),
            "{}",
            sections.join("\n")
        )?);
    }
    let page = format!(
        "# Benchmarks\n\n\
         Made by `make bench`; do not edit. {machine}\n\n\
         Times differ between machines and runs; the ratios beside them are what to look at.\n\n{}\n",
        sections.join("\n"),
        machine = machine()
    );
    let file = setup::checkout().join("docs/benchmarks.md");
    fs::write(&file, page).with_context(|| format!("writing {}", file.display()))
}

/// The parts that are asked for, and how many tenants there are to be.
fn read(mut asked: Vec<String>) -> Result<(Vec<String>, usize)> {
    let mut tenants = tenants::TENANTS;
    for name in &mut asked {
        if let Some(count) = name.strip_prefix("tenants=") {
            tenants = count.parse().with_context(|| format!("reading {name}"))?;
            "tenants".clone_into(name);
        }
    }
    ensure!(tenants > 0, "there is nothing to measure without tenants");
    Ok((asked, tenants))
}

/// The machine in a sentence, without its name.
fn machine() -> String {
    let model = fs::read_to_string("/proc/cpuinfo")
        .unwrap_or_default()
        .lines()
        .find_map(|line| {
            line.strip_prefix("model name")?
                .split_once(": ")
                .map(|(_, name)| name.to_owned())
        })
        .unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!(
        "Measured on {cores} cores ({model}), {}.",
        std::env::consts::OS
    )
}

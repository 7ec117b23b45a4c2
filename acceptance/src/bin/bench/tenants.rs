//! Tenants by `dataplane-fleet`, one at a time, a fifth and all at once, on a cloud that throttles; beside a loop of `xargs`.

mod resident;

use std::{
    cell::Cell,
    collections::BTreeSet,
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use acceptance::{
    aws::{Answer, Fault},
    process, setup,
    tenants::{Tenants, name},
};
use anyhow::{Context as _, Result, ensure};

use self::resident::Watched;
use crate::table;

/// Of these, 1, 10 and 50 at once.
pub const TENANTS: usize = 50;

/// One call in so many is answered with the service's throttling error.
const EVERY: usize = 20;

/// The services whose calls are counted for that, one by one.
const THROTTLING: [&str; 3] = ["s3", "iam", "logs"];

/// More calls than any of these services gets here.
const CALLS: usize = 8000;

const WAVES: &str = "  - { name: all, tenants: [\"*\"] }\n";

/// What the tool says of a turn that it will repeat.
const AGAIN: &str = ", to be tried again";

/// What a person would write without the tool: no order, no stop, no summary, no record.
const LOOP: &str = r#"
export TF_IN_AUTOMATION=1 TF_DATA_DIR="$PWD/.loop/$1/data"
terraform init -input=false -backend-config="path=loop/$1.tfstate" >/dev/null &&
terraform plan -input=false -var-file="tenants/$1.tfvars.json" -out=".loop/$1/plan" >/dev/null
"#;

const LOOP_APPLY: &str = r#"
export TF_IN_AUTOMATION=1 TF_DATA_DIR="$PWD/.loop/$1/data"
terraform apply -input=false ".loop/$1/plan" >/dev/null
"#;

struct Measured {
    plan: Duration,
    apply: Duration,
    calls: usize,
    /// Calls that were answered with the service's throttling error.
    throttled: usize,
    /// Turns that ended with such an error, after the provider's own attempts, and were repeated.
    again: usize,
    /// Resident bytes of all processes at once, at most.
    resident: u64,
}

/// Of so many tenants.
pub fn measure(count: usize) -> Result<String> {
    let mut rows = Vec::new();
    for at_once in BTreeSet::from([1, count.div_ceil(5), count]) {
        let fleet = by_fleet(count, at_once).with_context(|| format!("{at_once} at once"))?;
        let by_loop = by_loop(count, at_once).with_context(|| format!("a loop of {at_once}"))?;
        rows.push(vec![
            at_once.to_string(),
            beside(fleet.plan, by_loop.plan),
            beside(fleet.apply, by_loop.apply),
            fleet.calls.to_string(),
            fleet.throttled.to_string(),
            fleet.again.to_string(),
            format!(
                "{} MiB ({})",
                fleet.resident / 1_048_576,
                by_loop.resident / 1_048_576
            ),
        ]);
    }
    let header = [
        "at once",
        "plan (loop)",
        "apply (loop)",
        "calls",
        "of these throttled",
        "turns repeated",
        "peak memory (loop)",
    ];
    Ok(format!(
        "## Many tenants\n\n{count} tenants of `examples/complete/many-tenants` by `dataplane-fleet`: an account and a state each, all new. Every {EVERY}th call to {} \
         is answered with the service's throttling error, which the provider repeats, and the tool a tenant's turn where that was not enough: in the end all \
         are planned and applied. Beside it, in brackets, is `xargs -P` around `terraform init`, `plan` and `apply`, which sums nothing up; it meets \
         the same errors. Memory is what fleet, Terraform and providers have resident together, by samples; emulators share the machine.\n\n{}",
        THROTTLING.join(", "),
        table::render(&header, &rows)
    ))
}

fn beside(fleet: Duration, by_loop: Duration) -> String {
    format!("{} ({})", table::seconds(fleet), table::seconds(by_loop))
}

fn by_fleet(count: usize, at_once: usize) -> Result<Measured> {
    let tenants = throttling(count)?;
    let parallelism = at_once.to_string();
    let again = Cell::new(0);
    let run = |verb: &str, code: i32, outcome: &str| -> Result<()> {
        let said = tenants.fleet(&[verb, "--parallelism", &parallelism])?;
        ensure!(
            said.code == Some(code) && said.with(outcome).len() == count,
            "{verb}: {:#}\n{}",
            said.printed,
            said.progress
        );
        let repeated = said.progress.matches(AGAIN).count();
        again.set(again.get() + repeated);
        Ok(())
    };
    // As the loop does: what is measured finds a filled cache.
    let first = tenants.fleet(&["plan", "--tenant", &name(0)])?;
    ensure!(first.code == Some(2), "{}", first.progress);
    tenants.front.take_calls();
    let measured = measured(
        &tenants,
        || run("plan", 2, "changed"),
        || run("apply", 0, "applied"),
    )?;
    Ok(Measured {
        again: again.get(),
        ..measured
    })
}

fn by_loop(count: usize, at_once: usize) -> Result<Measured> {
    let tenants = throttling(count)?;
    let cache = tenants.terraform.directory().join(".loop/plugins");
    std::fs::create_dir_all(&cache)?;
    // Terraform's cache of providers does not take two writers.
    each(&tenants, &cache, 1, LOOP, 1)?;
    tenants.front.take_calls();
    measured(
        &tenants,
        || each(&tenants, &cache, at_once, LOOP, count),
        || each(&tenants, &cache, at_once, LOOP_APPLY, count),
    )
}

/// `xargs` with a script for each of the first tenants.
fn each(tenants: &Tenants, cache: &Path, at_once: usize, script: &str, count: usize) -> Result<()> {
    let names: Vec<String> = (0..count).map(name).collect();
    let list = tenants.terraform.directory().join(".loop/names");
    std::fs::write(&list, names.join("\n"))?;
    let mut command = tenants.command(&setup::on_path("xargs")?);
    command
        .args(["-n", "1", "-P", &at_once.to_string(), "-a"])
        .arg(&list)
        .args([
            "sh",
            "-c",
            &format!("mkdir -p \".loop/$1\"\n{script}"),
            "sh",
        ])
        .env("TF_PLUGIN_CACHE_DIR", cache)
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let output = process::spawn(command)?.wait_with_output()?;
    ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

fn measured(
    tenants: &Tenants,
    plan: impl FnOnce() -> Result<()>,
    apply: impl FnOnce() -> Result<()>,
) -> Result<Measured> {
    let timed = |work: Box<dyn FnOnce() -> Result<()> + '_>| -> Result<Duration> {
        let begun = Instant::now();
        work()?;
        Ok(begun.elapsed())
    };
    let watched = Watched::start();
    let (plan, apply) = (timed(Box::new(plan))?, timed(Box::new(apply))?);
    let resident = watched.peak()?;
    let calls = tenants.front.take_calls();
    // More than the faults would have had none of the last.
    for service in THROTTLING {
        let of_it = calls.iter().filter(|call| call.service == service);
        ensure!(
            of_it.count() < CALLS,
            "{service} has more than {CALLS} calls"
        );
    }
    Ok(Measured {
        plan,
        apply,
        throttled: calls.iter().filter(|call| call.faulted).count(),
        again: 0,
        calls: calls.len(),
        resident,
    })
}

/// Tenants who are new, on a cloud that throttles.
fn throttling(count: usize) -> Result<Tenants> {
    let tenants = Tenants::new(count, WAVES)?;
    for service in THROTTLING {
        for call in (EVERY - 1..CALLS).step_by(EVERY) {
            tenants.front.fault(Fault {
                service,
                operation: "",
                calls: call..call + 1,
                answer: Answer::Throttled,
            });
        }
    }
    tenants.front.take_calls();
    Ok(tenants)
}

//! 50 tenants by `dataplane-fleet`, one at a time, ten and all at once, on a cloud that throttles; beside a loop of `xargs`.

mod resident;

use std::{
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

const TENANTS: usize = 50;

const AT_ONCE: [usize; 3] = [1, 10, 50];

/// One call in so many is answered with the service's throttling error.
const EVERY: usize = 20;

/// The services whose calls are counted for that, one by one.
const THROTTLING: [&str; 3] = ["s3", "iam", "logs"];

/// More calls than any of these services gets here.
const CALLS: usize = 8000;

const WAVES: &str = "  - { name: all, tenants: [\"*\"] }\n";

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
    throttled: usize,
    /// Resident bytes of all processes at once, at most.
    resident: u64,
}

pub fn measure() -> Result<String> {
    let mut rows = Vec::new();
    for at_once in AT_ONCE {
        let fleet = by_fleet(at_once).with_context(|| format!("{at_once} at once"))?;
        let by_loop = by_loop(at_once).with_context(|| format!("a loop of {at_once}"))?;
        rows.push(vec![
            at_once.to_string(),
            beside(fleet.plan, by_loop.plan),
            beside(fleet.apply, by_loop.apply),
            fleet.calls.to_string(),
            fleet.throttled.to_string(),
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
        "of these throttled, all survived",
        "peak memory (loop)",
    ];
    Ok(format!(
        "## Many tenants\n\n{TENANTS} tenants of `examples/complete/many-tenants` by `dataplane-fleet`: an account and a state each, all new. Every {EVERY}th call to {} \
         is answered with the service's throttling error. Beside it, in brackets, is `xargs -P` around `terraform init`, `plan` and `apply`, which sums nothing up; it meets \
         the same errors. Memory is what fleet, Terraform and providers have resident together, by samples; emulators share the machine.\n\n{}",
        THROTTLING.join(", "),
        table::render(&header, &rows)
    ))
}

fn beside(fleet: Duration, by_loop: Duration) -> String {
    format!("{} ({})", table::seconds(fleet), table::seconds(by_loop))
}

fn by_fleet(at_once: usize) -> Result<Measured> {
    let tenants = throttling()?;
    let parallelism = at_once.to_string();
    let run = |verb: &str, code: i32| -> Result<()> {
        let said = tenants.fleet(&[verb, "--parallelism", &parallelism])?;
        ensure!(
            said.code == Some(code),
            "{verb}: {:#}\n{}",
            said.printed,
            said.progress
        );
        Ok(())
    };
    // As the loop does: what is measured finds a filled cache.
    let first = tenants.fleet(&["plan", "--tenant", &name(0)])?;
    ensure!(first.code == Some(2), "{}", first.progress);
    tenants.front.take_calls();
    measured(&tenants, || run("plan", 2), || run("apply", 0))
}

fn by_loop(at_once: usize) -> Result<Measured> {
    let tenants = throttling()?;
    let cache = tenants.terraform.directory().join(".loop/plugins");
    std::fs::create_dir_all(&cache)?;
    // Terraform's cache of providers does not take two writers.
    each(&tenants, &cache, 1, LOOP, 1)?;
    tenants.front.take_calls();
    measured(
        &tenants,
        || each(&tenants, &cache, at_once, LOOP, TENANTS),
        || each(&tenants, &cache, at_once, LOOP_APPLY, TENANTS),
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
    let throttled = THROTTLING.iter().map(|service| {
        let of_it = calls.iter().filter(|call| call.service == *service);
        of_it.count() / EVERY
    });
    Ok(Measured {
        plan,
        apply,
        throttled: throttled.sum(),
        calls: calls.len(),
        resident,
    })
}

/// Tenants who are new, on a cloud that throttles.
fn throttling() -> Result<Tenants> {
    let tenants = Tenants::new(TENANTS, WAVES)?;
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

//! Refresh of 500 buckets: against the time Terraform alone needs for as many resources, and against the same reads by
//! boto3 at the same concurrency.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use acceptance::{aws::Account, setup, terraform::Terraform};
use anyhow::{Result, ensure};

use crate::{
    calls::{OnAws, Substrate as _, configuration},
    table,
};

const BUCKETS: usize = 500;

/// Terraform's default: so many resources are refreshed at once.
const PARALLELISM: usize = 10;

pub fn measure() -> Result<String> {
    let cloud = OnAws::fresh()?;
    let terraform = Terraform::new()?.with(cloud.environment());
    let buckets = format!(
        "resource \"dataplane_bucket\" \"this\" {{\n  count = {BUCKETS}\n  name  = \"refresh-${{count.index}}\"\n}}\n"
    );
    terraform.write("main.tf", &configuration(&cloud, &buckets))?;
    terraform.init()?;
    let start = Instant::now();
    terraform.apply()?;
    let create = start.elapsed();
    cloud.take_calls()?;
    let refresh = timed_plan(&terraform)?;
    let calls = cloud.take_calls()?.len();

    let alone = Terraform::new()?;
    alone.write(
        "main.tf",
        &format!("resource \"terraform_data\" \"this\" {{\n  count = {BUCKETS}\n  input = count.index\n}}\n"),
    )?;
    alone.init()?;
    alone.apply()?;
    let terraform_alone = timed_plan(&alone)?;
    let bare = by_boto3(&cloud.account)?;

    let start = Instant::now();
    terraform.destroy()?;
    let destroy = start.elapsed();
    let rows = vec![
        vec![
            format!("plan with refresh of {BUCKETS} buckets ({calls} calls)"),
            table::seconds(refresh),
            format!(
                "{} times the same reads by boto3 in {PARALLELISM} threads, {}",
                table::ratio(refresh, bare),
                table::seconds(bare)
            ),
        ],
        vec![
            format!("Terraform's own share: {BUCKETS} `terraform_data`"),
            table::seconds(terraform_alone),
            format!("{} of the above", table::ratio(terraform_alone, refresh)),
        ],
        vec![
            format!("creating {BUCKETS} buckets"),
            table::seconds(create),
            String::new(),
        ],
        vec![
            format!("destroying {BUCKETS} buckets"),
            table::seconds(destroy),
            String::new(),
        ],
    ];
    Ok(format!(
        "## Refresh\n\nAgainst the emulator, which answers one call at a time.\n\n{}",
        table::render(&["what", "measured", "beside"], &rows)
    ))
}

fn timed_plan(terraform: &Terraform) -> Result<Duration> {
    let start = Instant::now();
    terraform.succeed(&["plan", "-input=false"])?;
    Ok(start.elapsed())
}

/// The same reads by boto3, as many buckets at once as Terraform refreshes.
fn by_boto3(account: &Account) -> Result<Duration> {
    let start = Instant::now();
    let status = Command::new(setup::python("python")?)
        .args(["-c", include_str!("reads.py"), &account.endpoint])
        .args([BUCKETS.to_string(), PARALLELISM.to_string()])
        .envs(account.environment())
        .status()?;
    ensure!(status.success(), "reads.py failed");
    Ok(start.elapsed())
}

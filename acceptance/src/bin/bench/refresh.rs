//! Refresh of 500 buckets: against the time Terraform alone needs for as many resources, and against the same number of
//! calls by a bare client at the same concurrency.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use acceptance::{
    aws::{Account, Emulators, Front},
    issuer,
    terraform::Terraform,
};
use anyhow::Result;
use tokio::{sync::Semaphore, task::JoinSet};

use crate::{calls::configuration, table};

const BUCKETS: usize = 500;

/// Terraform's default: so many resources are refreshed at once.
const PARALLELISM: usize = 10;

pub fn measure() -> Result<String> {
    let front = Front::start(Emulators::shared()?)?;
    let account = Account::new(&front);
    let terraform = Terraform::new()?.with(account.environment());
    let body = format!("  count = {BUCKETS}\n  name  = \"refresh-${{count.index}}\"\n");
    terraform.write(
        "main.tf",
        &configuration(&account, "dataplane_bucket", &body),
    )?;
    terraform.init()?;
    let start = Instant::now();
    terraform.apply()?;
    let create = start.elapsed();
    front.take_calls();
    let refresh = timed_plan(&terraform)?;
    let calls = front.take_calls().len();

    let alone = Terraform::new()?;
    alone.write(
        "main.tf",
        &format!("resource \"terraform_data\" \"this\" {{\n  count = {BUCKETS}\n  input = count.index\n}}\n"),
    )?;
    alone.init()?;
    alone.apply()?;
    let terraform_alone = timed_plan(&alone)?;
    let bare = bare_calls(&front.endpoint(), calls)?;

    let start = Instant::now();
    terraform.destroy()?;
    let destroy = start.elapsed();
    let rows = vec![
        vec![
            format!("plan with refresh of {BUCKETS} buckets ({calls} calls)"),
            table::seconds(refresh),
            format!(
                "{} times the same calls by a bare client, {}",
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

/// As many small reads through the same endpoint, ten at a time.
fn bare_calls(endpoint: &str, calls: usize) -> Result<Duration> {
    let client = Arc::new(
        reqwest::Client::builder()
            .no_proxy()
            .timeout(Duration::from_mins(1))
            .build()?,
    );
    let start = Instant::now();
    issuer::runtime().block_on(async {
        let slots = Arc::new(Semaphore::new(PARALLELISM));
        let mut tasks = JoinSet::new();
        for index in 0..calls {
            let client = Arc::clone(&client);
            let slots = Arc::clone(&slots);
            let url = format!("{endpoint}/refresh-{}?location", index % BUCKETS);
            tasks.spawn(async move {
                let _slot = slots.acquire().await?;
                client.get(url).send().await?.bytes().await?;
                anyhow::Ok(())
            });
        }
        while let Some(done) = tasks.join_next().await {
            done??;
        }
        anyhow::Ok(())
    })?;
    Ok(start.elapsed())
}

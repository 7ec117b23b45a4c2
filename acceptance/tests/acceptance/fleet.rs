//! 50 tenants in 50 accounts: planned, applied, upgraded wave by wave with one who fails and one who is refused, resumed,
//! destroyed. The pipeline has credentials of the vendor's account alone and takes the role that each tenant granted.

use acceptance::tenants::{ACTOR, Said, Tenants, delete_policy, name, put_policy};
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

const TENANTS: usize = 50;

/// In the second wave; its account takes a right away.
const FAILING: usize = 12;

/// In the last wave; somebody renames it, which would replace its bucket.
const RENAMED: usize = 40;

fn names(tenants: impl Iterator<Item = usize>) -> String {
    let names: Vec<String> = tenants.map(name).collect();
    names.join(", ")
}

/// How many days each tenant keeps its logs, as the cloud has it.
fn retentions(tenants: &Tenants) -> Result<Vec<Value>> {
    let days = tenants.accounts.iter().map(|account| {
        let groups = account.call("logs", "describe_log_groups", &json!({}))?;
        Ok(groups["logGroups"][0]["retentionInDays"].clone())
    });
    days.collect()
}

fn buckets(tenants: &Tenants, tenant: usize) -> Result<Vec<Value>> {
    let listed = tenants.accounts[tenant].call("s3", "list_buckets", &json!({}))?;
    let buckets = listed["Buckets"].as_array().into_iter().flatten();
    Ok(buckets.map(|bucket| bucket["Name"].clone()).collect())
}

#[track_caller]
fn assert(said: &Said, code: i32, outcomes: &[(&str, usize)]) {
    let found: Vec<(&str, usize)> = outcomes
        .iter()
        .map(|(outcome, _)| (*outcome, said.with(outcome).len()))
        .collect();
    assert_eq!(
        (said.code, found.as_slice()),
        (Some(code), outcomes),
        "{:#}\n{}",
        said.printed,
        said.progress
    );
}

#[test]
fn fifty_tenants_live_through_an_upgrade() -> Result<()> {
    let waves = format!(
        "  - {{ name: canary, tenants: [{}], parallelism: 4 }}\n  - {{ name: early, tenants: [{}], parallelism: 4 }}\n  \
         - {{ name: rest, tenants: [\"*\"], parallelism: 4, stop_after: 2 }}\n",
        names(0..5),
        names(5..20)
    );
    let tenants = Tenants::new(TENANTS, &waves)?.without_checksums()?;
    assert(&tenants.fleet(&["plan"])?, 2, &[("changed", TENANTS)]);
    assert(&tenants.fleet(&["apply"])?, 0, &[("applied", TENANTS)]);
    for tenant in 0..TENANTS {
        let wanted = json!(format!("{}-metadata", name(tenant)));
        assert_eq!(buckets(&tenants, tenant)?, [wanted]);
    }

    let strayed = [3, 17, 44];
    for tenant in strayed {
        let changed =
            json!({ "logGroupName": format!("/dataplane/{}", name(tenant)), "retentionInDays": 7 });
        tenants.accounts[tenant].call("logs", "put_retention_policy", &changed)?;
    }
    let drift = tenants.fleet(&["drift"])?;
    assert(&drift, 2, &[("drifted", 3), ("unchanged", TENANTS - 3)]);
    assert_eq!(drift.with("drifted"), strayed.map(name));

    upgrade(&tenants)?;

    let all: Vec<String> = (0..TENANTS)
        .flat_map(|tenant| {
            let name = name(tenant);
            [
                "--tenant".to_owned(),
                name.clone(),
                "--allow-destroy".to_owned(),
                format!("{name}:*"),
            ]
        })
        .collect();
    let destroy: Vec<&str> = ["apply", "--destroy", "--replan"]
        .into_iter()
        .chain(all.iter().map(String::as_str))
        .collect();
    assert(&tenants.fleet(&destroy)?, 0, &[("applied", TENANTS)]);
    for tenant in 0..TENANTS {
        assert_eq!(buckets(&tenants, tenant)?, [Value::Null; 0]);
    }
    ensure!(
        retentions(&tenants)?.iter().all(Value::is_null),
        "log groups are left"
    );
    written_down(&tenants)
}

/// Logs are kept longer, in waves: the second has one who fails, the third one who is refused.
fn upgrade(tenants: &Tenants) -> Result<()> {
    tenants
        .terraform
        .edit("variables.tf", "default     = 30", "default     = 60")?;
    tenants.terraform.edit(
        &format!("tenants/{}.tfvars.json", name(RENAMED)),
        &format!("\"{}\"", name(RENAMED)),
        "\"renamed\"",
    )?;
    let failing = &tenants.accounts[FAILING];
    let less = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Deny", "Action": "logs:PutRetentionPolicy", "Resource": "*",
    }] });
    put_policy(failing, "less", &less)?;

    let planned = tenants.fleet(&["plan"])?;
    assert(&planned, 1, &[("changed", TENANTS - 1), ("refused", 1)]);
    assert_eq!(planned.with("refused"), [name(RENAMED)]);
    let stopped = tenants.fleet(&["apply"])?;
    let left = 30 + unstarted(&stopped);
    assert(&stopped, 1, &[("failed", 1), ("not_started", left)]);
    assert_eq!(stopped.with("failed"), [name(FAILING)]);
    ensure!(
        stopped.printed.to_string().contains("AccessDenied"),
        "{:#}",
        stopped.printed
    );
    let kept = retentions(tenants)?;
    assert!(kept[..5].iter().all(|days| *days == 60), "{kept:?}");
    assert!(kept[20..].iter().all(|days| *days != 60), "{kept:?}");

    delete_policy(failing, "less")?;
    let run = stopped.printed["run"].as_str().context("a run")?;
    let resume = ["apply", "--resume", run];
    let resumed = tenants.fleet(&resume)?;
    let done = stopped.with("applied").len();
    assert(
        &resumed,
        1,
        &[("applied", TENANTS - done - 1), ("refused", 1)],
    );
    let old = json!(format!("{}-metadata", name(RENAMED)));
    assert_eq!(buckets(tenants, RENAMED)?, [old]);

    let allowed = format!("{}:*", name(RENAMED));
    let allowed = [resume.as_slice(), &["--allow-destroy", &allowed]].concat();
    assert(&tenants.fleet(&allowed)?, 0, &[("applied", 1)]);
    assert_eq!(buckets(tenants, RENAMED)?, [json!("renamed-metadata")]);
    ensure!(
        retentions(tenants)?.iter().all(|days| *days == 60),
        "not all are upgraded"
    );
    let status = tenants.fleet(&["status"])?;
    assert_eq!(status.code, Some(0), "{:#}", status.printed);
    Ok(())
}

/// Those of the second wave whose turn had not come when one failed: how many depends on who is how fast.
fn unstarted(stopped: &Said) -> usize {
    let left = stopped.with("not_started");
    let early: Vec<String> = (5..20).map(name).collect();
    let left = left.iter().filter(|tenant| early.contains(tenant)).count();
    assert!(left < early.len(), "the one who failed had its turn");
    left
}

fn written_down(tenants: &Tenants) -> Result<()> {
    let verified = tenants.fleet(&["journal", "--verify"])?;
    assert_eq!(verified.code, Some(0), "{}", verified.progress);
    let all = tenants.fleet(&["journal"])?.printed;
    let all = all.as_array().context("records")?;
    assert_eq!(verified.printed["lines"], all.len());
    ensure!(all.iter().all(|record| record["actor"] == ACTOR), "{all:?}");
    let outcomes = |tenant: usize| -> Vec<&str> {
        let own = all.iter().filter(|record| record["tenant"] == name(tenant));
        own.filter_map(|record| record["outcome"].as_str())
            .collect()
    };
    let (done, destroyed) = (["started", "applied"], ["started", "applied"]);
    assert_eq!(outcomes(0), [done, done, destroyed].concat());
    assert_eq!(
        outcomes(FAILING),
        [done, ["started", "failed"], done, destroyed].concat()
    );
    assert_eq!(
        outcomes(RENAMED),
        [&done[..], &["refused"], &done, &destroyed].concat()
    );
    Ok(())
}

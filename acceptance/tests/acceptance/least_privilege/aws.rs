//! AWS, by an emulator that enforces IAM policies.

use std::collections::{BTreeMap, BTreeSet};

use acceptance::{
    aws::{Account, actions},
    terraform::Terraform,
};
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::{STEPS, Unused, assert_needed};
use crate::bench::Bench;

/// What happens to one kind of resource.
pub struct Life {
    /// The kind, as `dataplane_permissions` calls it.
    pub kind: &'static str,
    /// Its configuration, with `ACCOUNT` for the account's id and `KEY` for a key's ARN.
    pub made: &'static str,
    /// What becomes of it, one after the other.
    pub changed: &'static [&'static str],
    /// Whether it is made once more after it was destroyed.
    pub again: bool,
    /// What others do to it before it is changed, and before it is destroyed.
    pub meddled: fn(&Account) -> Result<()>,
    pub unused: &'static [Unused],
}

/// The statements of the printed documents, by step.
fn printed(bench: &Bench, kind: &str) -> Result<BTreeMap<&'static str, Vec<Value>>> {
    let terraform = bench.configuration(&format!(
        "data \"dataplane_permissions\" \"this\" {{\n  resources = [\"{kind}\"]\n}}\n\n\
         output \"documents\" {{\n  value = data.dataplane_permissions.this.by_operation\n}}\n"
    ))?;
    terraform.init()?;
    terraform.apply()?;
    let documents = terraform.output("documents")?;
    let statements = |step: &&'static str| {
        let text = documents[*step].as_str().context("a document")?;
        let document: Value = serde_json::from_str(text)?;
        Ok((*step, list(&document["Statement"])))
    };
    STEPS.iter().map(statements).collect()
}

/// One stands without a list.
fn list(value: &Value) -> Vec<Value> {
    value
        .as_array()
        .cloned()
        .unwrap_or_else(|| vec![value.clone()])
}

fn actions_of(statements: &[Value]) -> BTreeSet<String> {
    let actions = statements.iter().flat_map(|one| list(&one["Action"]));
    actions
        .filter_map(|action| action.as_str().map(str::to_owned))
        .collect()
}

struct Runners<'a> {
    bench: &'a Bench,
    printed: BTreeMap<&'static str, Vec<Value>>,
    used: BTreeMap<&'static str, BTreeSet<String>>,
    terraform: Terraform,
}

impl Runners<'_> {
    /// Does something as somebody who may do this step and look, and nothing else.
    fn step(
        mut self,
        step: &'static str,
        act: impl FnOnce(&Terraform) -> Result<()>,
    ) -> Result<Self> {
        let mut statements = self.printed["read"].clone();
        if step != "read" {
            statements.extend(self.printed[step].clone());
        }
        for statement in &mut statements {
            // Two steps call the same part of the table by one name.
            statement
                .as_object_mut()
                .context("a statement")?
                .remove("Sid");
        }
        let document = json!({ "Version": "2012-10-17", "Statement": statements });
        let number = self.used.values().map(BTreeSet::len).sum::<usize>();
        let runner = self
            .bench
            .account
            .runner(&format!("{step}-{number}"), &document)?;
        self.terraform = self.terraform.with(runner.environment());
        self.bench.front.take_calls();
        act(&self.terraform).with_context(|| format!("{step} with {document:#}"))?;
        let used = self.used.entry(step).or_default();
        for call in self.bench.front.take_calls() {
            ensure!(call.status != 403, "{call:?} was refused");
            used.extend(actions::of(&call)?);
        }
        let allowed = actions_of(&statements);
        let more: Vec<_> = used.difference(&allowed).collect();
        ensure!(more.is_empty(), "{step} used what is not printed: {more:?}");
        Ok(self)
    }
}

pub fn lives(life: &Life) -> Result<()> {
    let mut bench = Bench::aws()?;
    // Buckets refuse everybody who comes without TLS.
    bench.account = bench.account.over_tls();
    let account = &bench.account;
    let key = account.call("kms", "create_key", &json!({}))?;
    let key = key["KeyMetadata"]["Arn"].as_str().context("a key")?;
    for name in ["one", "two"] {
        let nothing = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*" }] });
        let policy = json!({ "PolicyName": name, "PolicyDocument": nothing.to_string() });
        account.call("iam", "create_policy", &policy)?;
    }
    let written = |text: &str| text.replace("ACCOUNT", &account.id).replace("KEY", key);
    let terraform = bench.configuration(&written(life.made))?;
    terraform.init()?;
    let mut runners = Runners {
        printed: printed(&bench, life.kind)?,
        bench: &bench,
        used: BTreeMap::new(),
        terraform,
    };
    runners = runners.step("create", |terraform| terraform.apply().map(drop))?;
    runners = runners.step("read", |terraform| {
        let changes = terraform.plan()?.changes();
        ensure!(changes.is_empty(), "{changes:?}");
        Ok(())
    })?;
    (life.meddled)(account)?;
    for changed in life.changed {
        runners.terraform.write("main.tf", &written(changed))?;
        runners = runners.step("update", |terraform| terraform.apply().map(drop))?;
    }
    (life.meddled)(account)?;
    runners = runners.step("delete", |terraform| terraform.destroy().map(drop))?;
    if life.again {
        runners = runners.step("create", |terraform| terraform.apply().map(drop))?;
        runners = runners.step("delete", |terraform| terraform.destroy().map(drop))?;
    }
    let Runners { printed, used, .. } = runners;
    let all: BTreeSet<String> = used.values().flatten().cloned().collect();
    let mut wrong = Vec::new();
    for step in STEPS {
        let used = if step == "read" { &all } else { &used[step] };
        let outcome = assert_needed(step, &actions_of(&printed[step]), used, life.unused);
        wrong.extend(outcome.err().map(|error| error.to_string()));
    }
    ensure!(wrong.is_empty(), "{}: {}", life.kind, wrong.join("\n"));
    Ok(())
}

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
fn printed(bench: &Bench, asked: &str) -> Result<BTreeMap<&'static str, Vec<Value>>> {
    let terraform = bench.configuration(&format!(
        "data \"dataplane_permissions\" \"this\" {{\n{asked}\n}}\n\n\
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

/// Who does the steps, each with what is printed for it, and what they used.
pub struct Runners<'a> {
    bench: &'a Bench,
    printed: BTreeMap<&'static str, Vec<Value>>,
    used: BTreeMap<&'static str, BTreeSet<String>>,
    people: usize,
    pub terraform: Terraform,
}

impl<'a> Runners<'a> {
    /// `asked` are the arguments of the data source that prints what they may do.
    pub fn new(bench: &'a Bench, asked: &str, terraform: Terraform) -> Result<Self> {
        terraform.init()?;
        Ok(Self {
            printed: printed(bench, asked)?,
            bench,
            used: BTreeMap::new(),
            people: 0,
            terraform,
        })
    }

    /// Does something as somebody who may do this step and look, and nothing else.
    pub fn step(
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
        self.people += 1;
        let name = format!("{step}-{}", self.people);
        let runner = self.bench.account.runner(&name, &document)?;
        self.terraform = self.terraform.with(runner.environment());
        let ec2 = self.bench.account.ec2();
        ec2.take_authorized()?;
        self.bench.front.take_calls();
        act(&self.terraform).with_context(|| format!("{step} with {document:#}"))?;
        let used = self.used.entry(step).or_default();
        used.extend(ec2.take_authorized()?);
        let keys = runner.environment();
        let key = keys.iter().find(|(name, _)| name == "AWS_ACCESS_KEY_ID");
        let key = key.map(|(_, key)| key.clone());
        let calls = self.bench.front.take_calls();
        for call in calls.into_iter().filter(|call| call.by == key) {
            ensure!(call.status != 403, "{call:?} was refused");
            // Its stand-in told already what it asked for.
            if call.service != "ec2" {
                used.extend(actions::of(&call)?);
            }
        }
        let allowed = actions_of(&statements);
        let more: Vec<_> = used.difference(&allowed).collect();
        ensure!(more.is_empty(), "{step} used what is not printed: {more:?}");
        Ok(self)
    }

    pub fn create(self) -> Result<Self> {
        self.step("create", |terraform| terraform.apply().map(drop))
    }

    /// Nothing is to be done.
    pub fn plan(self) -> Result<Self> {
        self.step("read", |terraform| {
            terraform.plan()?.assert_empty("the plan of who may read")
        })
    }

    pub fn update(self) -> Result<Self> {
        self.step("update", |terraform| terraform.apply().map(drop))
    }

    pub fn destroy(self) -> Result<Self> {
        self.step("delete", |terraform| terraform.destroy().map(drop))
    }

    /// All that is printed was used, but for what is listed.
    pub fn assert_needed(self, kind: &str, unused: &[Unused]) -> Result<()> {
        let Self { printed, used, .. } = self;
        let all: BTreeSet<String> = used.values().flatten().cloned().collect();
        let mut wrong = Vec::new();
        for step in STEPS {
            let used = match step {
                "read" => all.clone(),
                step => used.get(step).cloned().unwrap_or_default(),
            };
            let outcome = assert_needed(step, &actions_of(&printed[step]), &used, unused);
            wrong.extend(outcome.err().map(|error| error.to_string()));
        }
        ensure!(wrong.is_empty(), "{kind}: {}", wrong.join("\n"));
        Ok(())
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
    let asked = format!("resources = [\"{}\"]", life.kind);
    let mut runners = Runners::new(&bench, &asked, terraform)?.create()?.plan()?;
    (life.meddled)(account)?;
    for changed in life.changed {
        runners.terraform.write("main.tf", &written(changed))?;
        runners = runners.update()?;
    }
    (life.meddled)(account)?;
    runners = runners.destroy()?;
    if life.again {
        runners = runners.create()?.destroy()?;
    }
    runners.assert_needed(life.kind, life.unused)
}

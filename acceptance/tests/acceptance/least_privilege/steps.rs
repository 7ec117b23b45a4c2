//! Resources through their steps, each step by somebody who has exactly what is printed for it, and what each needed in the end.

use std::collections::{BTreeMap, BTreeSet};

use acceptance::terraform::Terraform;
use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::{STEPS, Unused, assert_needed};

/// A cloud whose stand-in notes what somebody's calls took.
pub trait Noting {
    /// An initialised configuration, run by who may do everything.
    fn ready(&self, text: &str) -> Result<Terraform>;

    /// What a printed document lets do.
    fn listed(document: &Value) -> Result<BTreeSet<String>>;

    /// Somebody who may do what these documents say and nothing else: what Terraform finds their credentials by.
    fn let_in(&self, person: &str, documents: &[&Value]) -> Result<Vec<(String, String)>>;

    /// What somebody's calls took so far.
    fn took(&self, person: &str) -> Result<BTreeSet<String>>;
}

/// What is printed for each step of some kinds, and what the steps used so far.
pub struct Steps<'c, C> {
    cloud: &'c C,
    kinds: String,
    printed: BTreeMap<&'static str, Value>,
    used: BTreeMap<&'static str, BTreeSet<String>>,
    people: usize,
}

impl<'c, C: Noting> Steps<'c, C> {
    pub fn of(cloud: &'c C, kinds: &[&str]) -> Result<Self> {
        let terraform = cloud.ready(&format!(
            "data \"dataplane_permissions\" \"this\" {{\n  resources = {kinds:?}\n}}\n\n\
             output \"documents\" {{\n  value = data.dataplane_permissions.this.by_operation\n}}\n"
        ))?;
        terraform.apply()?;
        let documents = terraform.output("documents")?;
        let document = |step: &&'static str| {
            let text = documents[*step].as_str().context("a document")?;
            Ok((*step, serde_json::from_str(text)?))
        };
        Ok(Self {
            cloud,
            kinds: kinds.join(", "),
            printed: STEPS.iter().map(document).collect::<Result<_>>()?,
            used: BTreeMap::new(),
            people: 0,
        })
    }

    /// Lets somebody new do a step, who has what is printed for it and for reading.
    pub fn take(
        &mut self,
        terraform: Terraform,
        step: &'static str,
        act: impl FnOnce(&Terraform) -> Result<()>,
    ) -> Result<Terraform> {
        self.people += 1;
        let person = format!("{step}{}", self.people);
        let documents = [&self.printed["read"], &self.printed[step]];
        let environment = self.cloud.let_in(&person, &documents)?;
        let terraform = terraform.with(environment);
        act(&terraform).with_context(|| {
            let [read, more] = documents;
            format!("{step} with {read} and {more}")
        })?;
        let took = self.cloud.took(&person)?;
        ensure!(!took.is_empty(), "{step} took nothing");
        self.used.entry(step).or_default().extend(took);
        Ok(terraform)
    }

    pub fn create(&mut self, terraform: Terraform) -> Result<Terraform> {
        self.take(terraform, "create", |terraform| terraform.apply().map(drop))
    }

    pub fn plan(&mut self, terraform: Terraform) -> Result<Terraform> {
        self.take(terraform, "read", |terraform| {
            terraform.plan()?.assert_empty("the plan of who may read")
        })
    }

    pub fn change(&mut self, terraform: Terraform, text: &str) -> Result<Terraform> {
        terraform.write("main.tf", text)?;
        self.take(terraform, "update", |terraform| terraform.apply().map(drop))
    }

    pub fn destroy(&mut self, terraform: Terraform) -> Result<Terraform> {
        self.take(terraform, "delete", |terraform| {
            terraform.destroy().map(drop)
        })
    }

    /// Made, planned, changed and destroyed.
    pub fn life(&mut self, made: &str, changed: &[&str]) -> Result<()> {
        let mut terraform = self.create(self.cloud.ready(made)?)?;
        terraform = self.plan(terraform)?;
        for text in changed {
            terraform = self.change(terraform, text)?;
        }
        self.destroy(terraform).map(drop)
    }

    /// All that is printed was used, but for what is listed. What is printed for reading may be used by any step.
    pub fn assert_needed(&self, unused: &[Unused]) -> Result<()> {
        let all: BTreeSet<String> = self.used.values().flatten().cloned().collect();
        let mut wrong = Vec::new();
        for (step, document) in &self.printed {
            let used = match *step {
                "read" => all.clone(),
                step => self.used.get(step).cloned().unwrap_or_default(),
            };
            let outcome = assert_needed(step, &C::listed(document)?, &used, unused);
            wrong.extend(outcome.err().map(|error| error.to_string()));
        }
        ensure!(wrong.is_empty(), "{}: {}", self.kinds, wrong.join("\n"));
        Ok(())
    }
}

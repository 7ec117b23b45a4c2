//! The calls to the cloud that each resource makes per verb, counted at the endpoint it is given.

mod connectivity;
mod networks;
mod subjects;
mod substrate;

use std::collections::BTreeMap;

use acceptance::terraform::Terraform;
use anyhow::{Context as _, Result};

use self::subjects::Subject;
pub use self::{
    networks::named,
    substrate::{OnAws, OnAzure, OnGoogle, Substrate, configuration, provider},
};
use crate::table;

const VERBS: [&str; 4] = ["create", "read", "update", "delete"];

struct Cloud {
    name: &'static str,
    fresh: fn() -> Result<Box<dyn Substrate>>,
    subjects: &'static [Subject],
    /// Those that stand in a network.
    connected: &'static [Subject],
    /// Which calls are not counted.
    left_out: &'static str,
}

const CLOUDS: [Cloud; 3] = [
    Cloud {
        name: "AWS",
        fresh: || Ok(Box::new(OnAws::fresh()?)),
        subjects: subjects::AWS,
        connected: connectivity::AWS,
        left_out: "`GetCallerIdentity`, once per process where an account is guarded",
    },
    Cloud {
        name: "Google Cloud",
        fresh: || Ok(Box::new(OnGoogle::fresh()?)),
        subjects: subjects::GOOGLE,
        connected: connectivity::GOOGLE,
        left_out: "what an access token is, once per process",
    },
    Cloud {
        name: "Azure",
        fresh: || Ok(Box::new(OnAzure::fresh()?)),
        subjects: subjects::AZURE,
        connected: connectivity::AZURE,
        left_out: "access tokens, one per service and process",
    },
];

pub fn measure() -> Result<String> {
    let sections: Vec<String> = CLOUDS.iter().map(Cloud::section).collect::<Result<_>>()?;
    Ok(format!(
        "## Calls to the cloud\n\nOne resource of each type on its own, by the calls that reach its endpoint. Read is what a plan \
         with nothing to do, and so a refresh, takes; update (one argument is changed) and delete are the calls beside the read \
         that Terraform makes first. On Google Cloud and Azure the looks at an operation that has not ended are among them: the \
         stand-ins end each at the second look at most.\n\n{}",
        sections.join("\n")
    ))
}

impl Cloud {
    fn section(&self) -> Result<String> {
        let mut rows = Vec::new();
        let mut details = Vec::new();
        let connected = self.connected.iter().map(|subject| (subject, true));
        let all = self.subjects.iter().map(|subject| (subject, false));
        for (subject, connected) in all.chain(connected) {
            let verbs = self.count(subject, connected).with_context(|| {
                format!("counting the calls of {} on {}", subject.name, self.name)
            })?;
            let mut row = vec![format!("`{}`", subject.name)];
            row.extend(verbs.iter().map(|calls| calls.len().to_string()));
            rows.push(row);
            let verbs: Vec<String> = VERBS
                .iter()
                .zip(&verbs)
                .map(|(verb, calls)| format!("{verb} = {}", names(calls)))
                .collect();
            details.push(format!("- `{}`: {}", subject.name, verbs.join("; ")));
        }
        Ok(format!(
            "### {}\n\nNot counted: {}.\n\n{}\n{}\n",
            self.name,
            self.left_out,
            table::render(&[&["resource"], VERBS.as_slice()].concat(), &rows),
            details.join("\n")
        ))
    }

    /// The calls of create, read, update and delete.
    fn count(&self, subject: &Subject, connected: bool) -> Result<[Vec<String>; 4]> {
        let cloud = (self.fresh)()?;
        let cloud = cloud.as_ref();
        let names = if connected {
            cloud.network()?
        } else {
            Vec::new()
        };
        let filled = |text: &str| named(text, &names);
        if !subject.beside.is_empty() {
            let beside = Terraform::new()?.with(cloud.environment());
            beside.write("main.tf", &configuration(cloud, subject.beside))?;
            beside.init()?;
            beside.apply()?;
        }
        let terraform = Terraform::new()?.with(cloud.environment());
        terraform.write("main.tf", &configuration(cloud, &filled(&subject.text())))?;
        terraform.init()?;
        cloud.take_calls()?;
        terraform.apply()?;
        let created = cloud.take_calls()?;
        terraform.plan()?;
        let read = cloud.take_calls()?;
        let (before, after) = subject.update;
        terraform.edit("main.tf", &filled(before), &filled(after))?;
        terraform.apply()?;
        let updated = beyond(cloud.take_calls()?, &read)?;
        terraform.destroy()?;
        let deleted = beyond(cloud.take_calls()?, &read)?;
        Ok([created, read, updated, deleted])
    }
}

/// The calls beside those of a read. They come first, but those that are made at the same time in any order.
fn beyond(mut calls: Vec<String>, read: &[String]) -> Result<Vec<String>> {
    for name in read {
        let found = calls.iter().position(|call| call == name);
        calls.remove(found.with_context(|| format!("Terraform read without {name}"))?);
    }
    Ok(calls)
}

/// `PutObject, GetObject (2 times)`, in the order of first use.
fn names(calls: &[String]) -> String {
    let mut order = Vec::new();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for call in calls {
        let count = counts.entry(call).or_default();
        if *count == 0 {
            order.push(call.as_str());
        }
        *count += 1;
    }
    order
        .iter()
        .map(|name| match counts.get(name) {
            Some(1) | None => (*name).to_owned(),
            Some(count) => format!("{name} ({count} times)"),
        })
        .collect::<Vec<_>>()
        .join(", ")
}

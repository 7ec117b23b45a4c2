//! Bad input: each is answered with a message that a person can act on, at the source that has to change. Many cases share
//! one run of Terraform, since every block of a configuration is checked.

mod arguments;
mod bucket_names;
mod buckets;
mod clusters;
mod private;
mod providers;

use acceptance::terraform::{Diagnostic, Terraform};
use anyhow::{Result, ensure};

pub use self::{
    arguments::of_clusters as arguments_of_clusters, bucket_names::of_no_cloud as names_of_no_cloud,
};

/// An error that Terraform has to print.
#[derive(Debug)]
pub struct Expected {
    /// The resource, or the provider by its alias.
    address: String,
    /// What summary and detail contain together.
    says: Vec<String>,
    /// The source that is underlined, where there is one to blame.
    underlined: Option<String>,
}

impl Expected {
    pub fn at(address: &str, says: &[&str]) -> Self {
        Self {
            address: address.to_owned(),
            says: says.iter().map(|&part| part.to_owned()).collect(),
            underlined: None,
        }
    }

    pub fn under(self, source: &str) -> Self {
        Self {
            underlined: Some(source.to_owned()),
            ..self
        }
    }

    /// What is wrong with the diagnostics of its address: there must be this one and no other.
    fn problem(&self, diagnostics: &[Diagnostic]) -> Option<String> {
        let found: Vec<&Diagnostic> = diagnostics
            .iter()
            .filter(|found| found.address == self.address)
            .collect();
        let [one] = found[..] else {
            return Some(format!(
                "{} diagnostics instead of one: {found:#?}",
                found.len()
            ));
        };
        let text = format!("{}\n{}", one.summary, one.detail);
        let missing: Vec<&String> = self
            .says
            .iter()
            .filter(|part| !text.contains(*part))
            .collect();
        if !missing.is_empty() {
            return Some(format!("{missing:?} is not in: {text}"));
        }
        let wrong = self.underlined.is_some() && self.underlined != one.underlined;
        wrong.then(|| format!("{:?} is underlined: {text}", one.underlined))
    }
}

/// The command fails with exactly the errors that are expected.
pub fn refuses(terraform: &Terraform, command: &str, expected: &[Expected]) -> Result<()> {
    let diagnostics = terraform.diagnostics(command)?;
    let mut problems: Vec<String> = expected
        .iter()
        .filter_map(|case| Some(format!("{}: {}", case.address, case.problem(&diagnostics)?)))
        .collect();
    let unexpected = diagnostics
        .iter()
        .filter(|found| !expected.iter().any(|case| case.address == found.address));
    problems.extend(unexpected.map(|found| format!("nobody expected {found:#?}")));
    ensure!(problems.is_empty(), "{}", problems.join("\n\n"));
    Ok(())
}

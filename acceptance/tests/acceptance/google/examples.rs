//! The examples of resources for Google Cloud: each through its life. What is left is looked up by Google's clients and kubectl,
//! never by our code.

mod cases;

use acceptance::{cluster::Kubectl, terraform::Terraform};
use anyhow::Result;

use self::cases::{
    BUCKET, IDENTITY_PROVIDER, LOG_GROUP, OPERATOR, PRIVATE_ENDPOINT, PRIVATE_SERVICE, REGISTRY,
    ROLE, SECRET, WORKSPACE,
};
use super::bench::Bench;
use crate::life::{self, Place};

type Case = life::Case<Bench>;

impl Place for Bench {
    const FOLDER: &'static str = "gcp";

    fn example(&self, path: &str) -> Result<Terraform> {
        self.example(path)
    }

    fn kubectl(&self) -> Result<Kubectl> {
        self.kubectl()
    }

    fn changes(&self) -> Result<Vec<String>> {
        let reads = ["get", "getIamPolicy", "list"];
        let methods = self.project.take_calls()?.into_iter();
        Ok(methods
            .map(|call| call.method)
            .filter(|method| {
                !reads
                    .iter()
                    .any(|read| method.ends_with(&format!(".{read}")))
            })
            .collect())
    }

    fn inventory(&self) -> Result<Vec<String>> {
        Ok(self
            .inventory()?
            .into_iter()
            .map(|(name, _)| name)
            .collect())
    }
}

const CASES: [&Case; 10] = [
    &BUCKET,
    &IDENTITY_PROVIDER,
    &LOG_GROUP,
    &OPERATOR,
    &PRIVATE_ENDPOINT,
    &PRIVATE_SERVICE,
    &REGISTRY,
    &ROLE,
    &SECRET,
    &WORKSPACE,
];

#[test]
fn every_example_has_a_case() -> Result<()> {
    life::every_example_has_a_case(&CASES)
}

#[test]
fn bucket() -> Result<()> {
    BUCKET.run()
}

#[test]
fn identity_provider() -> Result<()> {
    IDENTITY_PROVIDER.run()
}

#[test]
fn log_group() -> Result<()> {
    LOG_GROUP.run()
}

#[test]
fn private_endpoint() -> Result<()> {
    PRIVATE_ENDPOINT.run()
}

#[test]
fn private_service() -> Result<()> {
    PRIVATE_SERVICE.run()
}

#[test]
fn registry() -> Result<()> {
    REGISTRY.run()
}

#[test]
fn role() -> Result<()> {
    ROLE.run()
}

#[test]
fn secret_of_the_warehouse() -> Result<()> {
    SECRET.run()
}

#[test]
fn operator() -> Result<()> {
    OPERATOR.run()
}

#[test]
fn workspace() -> Result<()> {
    WORKSPACE.run()
}

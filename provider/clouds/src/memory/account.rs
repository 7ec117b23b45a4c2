//! The caller, in memory.

use std::collections::BTreeSet;

use async_trait::async_trait;
use serde_json::json;

use super::Memory;
use crate::account::{Account, Caller, Managed, Operation};
use crate::error::Result;
use crate::policies::PolicyDocument;
use crate::refusal::Refusal;
use crate::tags::Tags;

#[async_trait]
impl Account for Memory {
    fn kept(&self, _: Managed, all: &Tags, _: &Tags) -> std::result::Result<Tags, Refusal> {
        match self.refusals("account.kept").into_iter().next() {
            Some(refusal) => Err(refusal),
            None => Ok(all.clone()),
        }
    }

    async fn caller(&self) -> Result<Caller> {
        self.run("account.caller", |world| {
            Ok(Caller {
                account: world.account.clone(),
                principal: format!("memory:{}:caller", world.account),
            })
        })
    }

    fn required(
        &self,
        managed: &BTreeSet<Managed>,
        operations: &BTreeSet<Operation>,
    ) -> PolicyDocument {
        let of = |managed| {
            operations
                .iter()
                .map(move |operation| format!("memory:{operation:?}{managed:?}"))
        };
        let actions: Vec<_> = managed.iter().flat_map(of).collect();
        PolicyDocument::new(
            json!({ "Statement": [{ "Effect": "Allow", "Action": actions, "Resource": "*" }] }),
        )
    }
}

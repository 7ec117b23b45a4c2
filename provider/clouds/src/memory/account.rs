//! The caller, in memory.

use std::collections::BTreeSet;

use async_trait::async_trait;
use serde_json::json;

use super::Memory;
use crate::account::{Account, Caller, KmsKey, Managed, Module, NamePattern, Operation, Within};
use crate::error::Result;
use crate::policies::PolicyDocument;
use crate::refusal::Refusal;
use crate::tags::{OWNER, Tags};

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

    /// As on a cloud that all modules are written for but the vendor's side of the private way.
    fn made_by(&self, module: Module) -> Option<BTreeSet<Managed>> {
        match module {
            Module::DataPlane => Some([Managed::Buckets, Managed::Roles].into()),
            Module::Endpoints => Some([Managed::PrivateEndpoints].into()),
            Module::PrivateApi | Module::Sovereign => Some([Managed::PrivateServices].into()),
            Module::Network | Module::Cluster | Module::VendorAccess => Some(BTreeSet::new()),
            Module::PrivateApiConsumer => None,
        }
    }

    async fn required(
        &self,
        managed: &BTreeSet<Managed>,
        modules: &BTreeSet<Module>,
        operations: &BTreeSet<Operation>,
        within: &Within,
    ) -> Result<PolicyDocument> {
        let any = BTreeSet::from(["*"]);
        let statement = |of: &Managed| {
            let actions: Vec<_> = operations
                .iter()
                .map(|operation| format!("memory:{operation:?}{of:?}"))
                .collect();
            let names = within.names.get(of);
            let names = names.map(|names| names.iter().map(NamePattern::as_str).collect());
            let mut statement = json!({ "Effect": "Allow", "Action": actions, "Resource": names.unwrap_or_else(|| any.clone()) });
            if goes_by_an_id(*of) && !within.owners.is_empty() {
                let owners: Vec<_> = within.owners.iter().map(NamePattern::as_str).collect();
                statement["Condition"] = json!({ OWNER: owners });
            }
            statement
        };
        let mut statements: Vec<_> = managed.iter().map(statement).collect();
        statements.extend(modules.iter().map(|module| {
            let actions: Vec<_> = operations
                .iter()
                .map(|operation| format!("memory:{operation:?}Module{module:?}"))
                .collect();
            json!({ "Effect": "Allow", "Action": actions, "Resource": any })
        }));
        if let Some(keys) = &within.kms_keys {
            let keys: Vec<_> = keys.iter().map(KmsKey::as_str).collect();
            statements
                .push(json!({ "Effect": "Allow", "Action": "memory:UseKey", "Resource": keys }));
        }
        Ok(PolicyDocument::new(json!({ "Statement": statements })))
    }
}

/// As on AWS.
fn goes_by_an_id(of: Managed) -> bool {
    matches!(of, Managed::PrivateServices | Managed::PrivateEndpoints)
}

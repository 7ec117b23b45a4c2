//! The caller: see the session for the one call that says who it is.

use std::collections::BTreeSet;

use async_trait::async_trait;
use clouds::account::{Access, Account, Caller, Managed, Module, Operation, Within};
use clouds::policies::PolicyDocument;
use clouds::{Refusal, Result, Tags};

use crate::permissions::{caller, modules};
use crate::{Gcp, tags};

#[async_trait]
impl Account for Gcp {
    fn kept(&self, managed: Managed, all: &Tags, own: &Tags) -> std::result::Result<Tags, Refusal> {
        tags::kept(managed, all, own)
    }

    async fn caller(&self) -> Result<Caller> {
        Ok(self.0.caller().await?.clone())
    }

    fn made_by(&self, module: Module) -> Option<BTreeSet<Managed>> {
        modules::made_by(module)
    }

    async fn required(
        &self,
        managed: &BTreeSet<Managed>,
        modules: &BTreeSet<Module>,
        operations: &BTreeSet<Operation>,
        within: &Within,
    ) -> Result<PolicyDocument> {
        let scope = self.0.scope().await?;
        caller::required(&scope, managed, modules, operations, within)
    }

    async fn granted(
        &self,
        access: Access,
        managed: &BTreeSet<Managed>,
        modules: &BTreeSet<Module>,
        within: &Within,
    ) -> Result<PolicyDocument> {
        let scope = self.0.scope().await?;
        caller::granted(&scope, access, managed, modules, within)
    }
}

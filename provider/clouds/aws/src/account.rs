//! The caller: one `sts:GetCallerIdentity` per session.

use std::collections::BTreeSet;

use async_trait::async_trait;
use clouds::account::{Access, Account, Caller, Managed, Module, Operation, Within};
use clouds::policies::PolicyDocument;
use clouds::{Refusal, Result, Tags};

use crate::{Aws, names, permissions};

#[async_trait]
impl Account for Aws {
    fn kept(&self, _: Managed, all: &Tags, _: &Tags) -> std::result::Result<Tags, Refusal> {
        names::tags(all)?;
        Ok(all.clone())
    }

    async fn caller(&self) -> Result<Caller> {
        Ok(self.0.caller().await?.clone())
    }

    fn made_by(&self, module: Module) -> Option<BTreeSet<Managed>> {
        Some(permissions::made_by(module))
    }

    async fn required(
        &self,
        managed: &BTreeSet<Managed>,
        modules: &BTreeSet<Module>,
        operations: &BTreeSet<Operation>,
        within: &Within,
    ) -> Result<PolicyDocument> {
        let scope = self.0.scope().await?;
        permissions::required(&scope, managed, modules, operations, within)
    }

    async fn granted(
        &self,
        access: Access,
        managed: &BTreeSet<Managed>,
        modules: &BTreeSet<Module>,
        within: &Within,
    ) -> Result<PolicyDocument> {
        let scope = self.0.scope().await?;
        permissions::granted(&scope, access, managed, modules, within)
    }
}

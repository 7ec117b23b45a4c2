//! The caller: one `sts:GetCallerIdentity` per session.

use std::collections::BTreeSet;

use async_trait::async_trait;
use clouds::account::{Access, Account, Caller, Managed, Operation, Within};
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

    async fn required(
        &self,
        managed: &BTreeSet<Managed>,
        operations: &BTreeSet<Operation>,
        within: &Within,
    ) -> Result<PolicyDocument> {
        permissions::required(&self.0.scope().await?, managed, operations, within)
    }

    async fn granted(
        &self,
        access: Access,
        managed: &BTreeSet<Managed>,
        within: &Within,
    ) -> Result<PolicyDocument> {
        permissions::granted(&self.0.scope().await?, access, managed, within)
    }
}

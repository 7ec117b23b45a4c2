//! The caller: see the session for the one call that says who it is.

use std::collections::BTreeSet;

use async_trait::async_trait;
use clouds::account::{Access, Account, Caller, Managed, Operation, Within};
use clouds::policies::PolicyDocument;
use clouds::{Refusal, Result, Tags};

use crate::permissions::caller;
use crate::{Gcp, tags};

#[async_trait]
impl Account for Gcp {
    fn kept(&self, managed: Managed, all: &Tags, own: &Tags) -> std::result::Result<Tags, Refusal> {
        tags::kept(managed, all, own)
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
        caller::required(&self.0.scope().await?, managed, operations, within)
    }

    async fn granted(
        &self,
        access: Access,
        managed: &BTreeSet<Managed>,
        within: &Within,
    ) -> Result<PolicyDocument> {
        caller::granted(&self.0.scope().await?, access, managed, within)
    }
}

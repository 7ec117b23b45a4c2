//! The caller: one `sts:GetCallerIdentity` per session.

use std::collections::BTreeSet;

use async_trait::async_trait;
use clouds::Result;
use clouds::account::{Account, Caller, Managed, Operation};
use clouds::policies::PolicyDocument;

use crate::{Aws, permissions};

#[async_trait]
impl Account for Aws {
    async fn caller(&self) -> Result<Caller> {
        Ok(self.0.caller().await?.clone())
    }

    fn required(
        &self,
        managed: &BTreeSet<Managed>,
        operations: &BTreeSet<Operation>,
    ) -> PolicyDocument {
        permissions::required(managed, operations)
    }
}

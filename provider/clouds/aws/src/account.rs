//! The caller: one `sts:GetCallerIdentity` per session.

use std::collections::BTreeSet;

use async_trait::async_trait;
use clouds::account::{Account, Caller, Managed, Operation, Within};
use clouds::policies::PolicyDocument;
use clouds::tags::RESOURCE;
use clouds::{Refusal, Result, Tags};

use crate::{Aws, names, permissions};

#[async_trait]
impl Account for Aws {
    fn kept(&self, managed: Managed, all: &Tags, _: &Tags) -> std::result::Result<Tags, Refusal> {
        names::tags(all)?;
        let mut kept = all.clone();
        // EC2 has the names of these as the tag `Name`, which is not told beside the name.
        if matches!(
            managed,
            Managed::PrivateServices | Managed::PrivateEndpoints
        ) {
            let name = all.get(RESOURCE).and_then(|mark| mark.split_once('/'));
            if name.is_some_and(|(_, name)| all.get("Name").is_some_and(|tag| tag == name)) {
                kept.remove("Name");
            }
        }
        Ok(kept)
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
}

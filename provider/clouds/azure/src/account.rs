//! The caller: one token, and one `GET` of the subscription per session.

use std::collections::BTreeSet;

use async_trait::async_trait;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use clouds::account::{Account, Caller, Managed, Module, Operation, Within};
use clouds::error::Call;
use clouds::policies::PolicyDocument;
use clouds::{Error, Refusal, Result, Tags};
use serde::Deserialize;

use crate::error::from_sdk;
use crate::session::Session;
use crate::{Azure, permissions, tags, versions};

#[async_trait]
impl Account for Azure {
    fn kept(&self, managed: Managed, all: &Tags, _: &Tags) -> std::result::Result<Tags, Refusal> {
        tags::kept(managed, all)
    }

    /// Azure Policy adds tags to resources. A secret is none: it has the tags that it is written with.
    fn foreign_tags_stay(&self, managed: Managed) -> bool {
        managed != Managed::Secrets
    }

    /// Azure keeps the letter case of names and takes no notice of it, and so does Key Vault.
    fn same_name(&self, _: Managed, name: &str, other: &str) -> bool {
        name.eq_ignore_ascii_case(other)
    }

    async fn caller(&self) -> Result<Caller> {
        let tenant = self.0.tenant().await?;
        let scope = self.0.management_scope().await?;
        let call = Call::new("get a token", "the caller");
        let token = self.0.credential().await?.get_token(&[&scope], None).await;
        let token = token.map_err(|error| from_sdk(call, error))?;
        let principal = claims(token.token.secret()).principal();
        Ok(Caller {
            account: self.0.config.subscription.clone(),
            principal: principal.unwrap_or_else(|| format!("somebody of tenant {tenant}")),
        })
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
        if !within.names.is_empty() || within.kms_keys.is_some() {
            let why = "a role of Azure names actions, and no objects: leave the names out, and assign the role at the resource group, or \
                       at single objects, instead";
            let call = Call::new("Microsoft.Authorization/roleDefinitions/write", "dataplane");
            return Err(Error::Unsupported(Box::new(call.because(why))));
        }
        let subscription = self.0.subscription();
        Ok(permissions::required(
            subscription.as_str(),
            managed,
            modules,
            operations,
        ))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Subscription {
    tenant_id: Option<String>,
}

impl Session {
    /// The tenant of the subscription: asked once.
    pub(crate) async fn tenant(&self) -> Result<&str> {
        let arm = self.arm().await?;
        let ask = async || {
            let id = self.subscription();
            let call = Call::new("Microsoft.Resources/subscriptions/read", &id);
            let found: Subscription = arm.get(call, &id, versions::SUBSCRIPTIONS).await?;
            Ok(found.tenant_id.unwrap_or_default())
        };
        Ok(self.tenant.get_or_try_init(ask).await?)
    }
}

/// What a token says of its holder. It is shown and nothing else, so nobody verifies it.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Claims {
    upn: Option<String>,
    appid: Option<String>,
    oid: Option<String>,
}

fn claims(token: &str) -> Claims {
    let payload = token.split('.').nth(1).unwrap_or_default();
    let payload = BASE64_URL_SAFE_NO_PAD
        .decode(payload.trim_end_matches('='))
        .unwrap_or_default();
    serde_json::from_slice(&payload).unwrap_or_default()
}

impl Claims {
    fn principal(self) -> Option<String> {
        match (self.upn, self.appid, self.oid) {
            (Some(upn), _, _) => Some(upn),
            (None, Some(app), Some(oid)) => Some(format!("application {app} (object id {oid})")),
            (None, Some(app), None) => Some(format!("application {app}")),
            (None, None, oid) => oid.map(|oid| format!("object id {oid}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_says_who_holds_it() {
        let token = |payload: &str| format!("x.{}.y", BASE64_URL_SAFE_NO_PAD.encode(payload));
        let said = |payload: &str| claims(&token(payload)).principal();
        assert_eq!(
            said(r#"{"upn":"eve@acme.com","oid":"1"}"#).as_deref(),
            Some("eve@acme.com")
        );
        assert_eq!(
            said(r#"{"appid":"a","oid":"1"}"#).as_deref(),
            Some("application a (object id 1)")
        );
        assert_eq!(claims("opaque").principal(), None);
    }
}

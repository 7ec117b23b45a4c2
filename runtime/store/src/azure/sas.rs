//! Shared access signatures in the name of an identity ("user delegation"), for one blob.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use sha2::Sha256;

use super::credentials::DelegationKey;
use crate::signed_url::Method;

/// Version of the service that the signature is made for, which says what is in it and in which order.
pub(crate) const VERSION: &str = "2023-11-03";

/// What is allowed.
pub(crate) struct Grant<'a> {
    pub(crate) account: &'a str,
    pub(crate) container: &'a str,
    /// Not encoded.
    pub(crate) blob: &'a str,
    pub(crate) method: Method,
    pub(crate) until: Timestamp,
    /// Only over TLS: everywhere but on a store of one's own without it.
    pub(crate) encrypted: bool,
}

impl Grant<'_> {
    fn permissions(&self) -> &'static str {
        match self.method {
            Method::Get => "r",
            // A new blob, or an old one.
            Method::Put => "cw",
        }
    }

    fn protocol(&self) -> &'static str {
        if self.encrypted {
            "https"
        } else {
            "https,http"
        }
    }

    fn expiry(&self) -> String {
        self.until.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    fn string_to_sign(&self, key: &DelegationKey) -> String {
        let expiry = self.expiry();
        let resource = format!("/blob/{}/{}/{}", self.account, self.container, self.blob);
        // No begin: it works at once, whatever our clock says.
        let mut lines = vec![self.permissions(), "", &expiry, &resource];
        lines.extend(key.facts.iter().map(String::as_str));
        // Authorised, unauthorised and correlated user, addresses.
        lines.extend(["", "", "", ""]);
        lines.extend([self.protocol(), VERSION, "b"]);
        // Snapshot, encryption scope, five headers of the answer.
        lines.extend(["", "", "", "", "", "", ""]);
        lines.join("\n")
    }

    /// The query of the URL, not encoded.
    pub(crate) fn sign(&self, key: &DelegationKey) -> Vec<(&'static str, String)> {
        // A key of any length is taken.
        let signature = Hmac::<Sha256>::new_from_slice(&key.key)
            .map(|mac| {
                mac.chain_update(self.string_to_sign(key))
                    .finalize()
                    .into_bytes()
            })
            .map(|signature| STANDARD.encode(signature))
            .unwrap_or_default();
        let names = ["skoid", "sktid", "skt", "ske", "sks", "skv"];
        let mut pairs = vec![
            ("sv", VERSION.to_owned()),
            ("sp", self.permissions().to_owned()),
            ("se", self.expiry()),
            ("sr", "b".to_owned()),
            ("spr", self.protocol().to_owned()),
        ];
        pairs.extend(names.into_iter().zip(key.facts.iter().cloned()));
        pairs.push(("sig", signature));
        pairs
    }
}

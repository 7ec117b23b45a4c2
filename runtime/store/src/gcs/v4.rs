//! Version 4 of Google's signed URLs: what is signed, and the URL that carries it. Held to Google's own vectors.

use std::{collections::BTreeMap, fmt::Write as _};

use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest as _, Sha256};

const ALGORITHM: &str = "GOOG4-RSA-SHA256";

/// What is not encoded anywhere.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');
/// Slashes of a path are its own.
const ENCODED_IN_PATH: &AsciiSet = &ENCODED.remove(b'/');

/// A request that is to be allowed.
pub(crate) struct Request<'a> {
    pub(crate) method: &'a str,
    pub(crate) scheme: &'a str,
    /// With the port, if it is not the scheme's own.
    pub(crate) host: &'a str,
    /// Not encoded, with a slash in front.
    pub(crate) path: &'a str,
    /// Not encoded.
    pub(crate) query: &'a [(String, String)],
    /// The request has to carry them as they are here, beside `host`.
    pub(crate) headers: &'a [(String, String)],
    /// Email of the service account whose key signs.
    pub(crate) signer: &'a str,
    /// As [`stamps`] makes them.
    pub(crate) day: &'a str,
    pub(crate) stamp: &'a str,
    pub(crate) seconds: u64,
}

/// A time as `YYYYMMDD` and as `YYYYMMDD'T'HHMMSS'Z'`.
pub(crate) fn stamps(time: Timestamp) -> (String, String) {
    let stamp = time.strftime("%Y%m%dT%H%M%SZ").to_string();
    (stamp.chars().take(8).collect(), stamp)
}

impl Request<'_> {
    fn scope(&self) -> String {
        format!("{}/auto/storage/goog4_request", self.day)
    }

    fn canonical_headers(&self) -> BTreeMap<String, String> {
        let given = self.headers.iter().map(|(name, value)| {
            let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
            (name.to_lowercase(), value)
        });
        given
            .chain([("host".to_owned(), self.host.to_owned())])
            .collect()
    }

    fn signed_headers(&self) -> String {
        let names: Vec<_> = self.canonical_headers().into_keys().collect();
        names.join(";")
    }

    fn canonical_query(&self) -> String {
        let own = [
            ("X-Goog-Algorithm", ALGORITHM.to_owned()),
            (
                "X-Goog-Credential",
                format!("{}/{}", self.signer, self.scope()),
            ),
            ("X-Goog-Date", self.stamp.to_owned()),
            ("X-Goog-Expires", self.seconds.to_string()),
            ("X-Goog-SignedHeaders", self.signed_headers()),
        ];
        let given = self
            .query
            .iter()
            .map(|(name, value)| (name.as_str(), value));
        let own = own.iter().map(|(name, value)| (*name, value));
        let encode = |text| utf8_percent_encode(text, ENCODED).to_string();
        let mut pairs: Vec<_> = given
            .chain(own)
            .map(|(name, value)| (encode(name), encode(value)))
            .collect();
        pairs.sort_unstable();
        let pairs: Vec<_> = pairs
            .into_iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        pairs.join("&")
    }

    fn canonical_path(&self) -> String {
        utf8_percent_encode(self.path, ENCODED_IN_PATH).to_string()
    }

    pub(crate) fn canonical(&self) -> String {
        let headers = self.canonical_headers();
        let payload = headers
            .get("x-goog-content-sha256")
            .map_or("UNSIGNED-PAYLOAD", String::as_str)
            .to_owned();
        let lines = headers.iter().fold(String::new(), |lines, (name, value)| {
            lines + name + ":" + value + "\n"
        });
        format!(
            "{}\n{}\n{}\n{lines}\n{}\n{payload}",
            self.method,
            self.canonical_path(),
            self.canonical_query(),
            self.signed_headers(),
        )
    }

    pub(crate) fn string_to_sign(&self) -> String {
        let digest = hex(&Sha256::digest(self.canonical()));
        format!("{ALGORITHM}\n{}\n{}\n{digest}", self.stamp, self.scope())
    }

    pub(crate) fn url(&self, signature: &[u8]) -> String {
        format!(
            "{}://{}{}?{}&X-Goog-Signature={}",
            self.scheme,
            self.host,
            self.canonical_path(),
            self.canonical_query(),
            hex(signature),
        )
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests;

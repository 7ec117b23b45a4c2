//! Google's vectors of signed URLs, version 4.

use jsonwebtoken::{Algorithm, EncodingKey};
use serde::Deserialize;
use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::*;

#[derive(Deserialize)]
struct Vectors {
    #[serde(rename = "signingV4Tests")]
    url: Vec<Vector>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Vector {
    description: String,
    bucket: String,
    #[serde(default)]
    object: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    query_parameters: BTreeMap<String, String>,
    method: String,
    expiration: u64,
    timestamp: String,
    scheme: String,
    #[serde(default)]
    url_style: String,
    #[serde(default)]
    bucket_bound_hostname: String,
    expected_url: String,
    #[serde(default)]
    expected_canonical_request: String,
    #[serde(default)]
    expected_string_to_sign: String,
}

#[derive(Deserialize)]
struct Account {
    client_email: String,
    private_key: String,
}

impl Vector {
    fn host(&self) -> String {
        match self.url_style.as_str() {
            "VIRTUAL_HOSTED_STYLE" => format!("{}.storage.googleapis.com", self.bucket),
            "BUCKET_BOUND_HOSTNAME" => self.bucket_bound_hostname.clone(),
            "" => "storage.googleapis.com".to_owned(),
            other => panic!("{other}"),
        }
    }

    fn path(&self) -> String {
        match (self.url_style.as_str(), self.object.as_str()) {
            ("", "") => format!("/{}", self.bucket),
            ("", object) => format!("/{}/{object}", self.bucket),
            (_, object) => format!("/{object}"),
        }
    }

    /// The request at a time whose stamps are these.
    fn with<T>(
        &self,
        signer: &str,
        (day, stamp): (&str, &str),
        then: impl FnOnce(&Request<'_>) -> T,
    ) -> T {
        let pairs =
            |map: &BTreeMap<String, String>| -> Vec<_> { map.clone().into_iter().collect() };
        then(&Request {
            method: &self.method,
            scheme: &self.scheme,
            host: &self.host(),
            path: &self.path(),
            query: &pairs(&self.query_parameters),
            headers: &pairs(&self.headers),
            signer,
            day,
            stamp,
            seconds: self.expiration,
        })
    }
}

/// The JSON files begin with a byte order mark.
fn read<'a, T: Deserialize<'a>>(text: &'a str) -> T {
    serde_json::from_str(text.trim_start_matches('\u{feff}')).unwrap()
}

#[test]
fn googles_vectors_hold() {
    let vectors: Vectors = read(include_str!(
        "../../../tests/google/url_signer_v4_test_data.json"
    ));
    let account: Account = read(include_str!(
        "../../../tests/google/url_signer_v4_test_account.json"
    ));
    let key = EncodingKey::from_rsa_pem(account.private_key.as_bytes()).unwrap();
    assert_eq!(vectors.url.len(), 22);
    let mut unencoded = 0;
    for vector in vectors.url {
        let why = &vector.description;
        if !vector.expected_canonical_request.is_empty() {
            let (day, stamp) = stamps(vector.timestamp.parse().unwrap());
            vector.with(&account.client_email, (&day, &stamp), |request| {
                assert_eq!(
                    request.canonical(),
                    vector.expected_canonical_request,
                    "{why}"
                );
            });
            // Google renamed the project in this text and not in what is made of it.
            let signer = account
                .client_email
                .replace("test-project-id", "dummy-project-id");
            vector.with(&signer, (&day, &stamp), |request| {
                assert_eq!(
                    request.string_to_sign(),
                    vector.expected_string_to_sign,
                    "{why}"
                );
            });
        }
        // The Python package, from which this copy is, signs its timestamps as they are written here.
        let stamps = (&vector.timestamp[..8], vector.timestamp.as_str());
        vector.with(&account.client_email, stamps, |request| {
            let text = request.string_to_sign();
            let signature =
                jsonwebtoken::crypto::sign(text.as_bytes(), &key, Algorithm::RS256).unwrap();
            let url = request.url(&URL_SAFE_NO_PAD.decode(signature).unwrap());
            if vector.object.contains('&') {
                // It leaves the path to its callers, and signs one that they did not encode.
                let unsigned =
                    |url: &str| url.split_once("&X-Goog-Signature=").unwrap().0.to_owned();
                assert_eq!(
                    unsigned(&url).replace("%26", "&"),
                    unsigned(&vector.expected_url),
                    "{why}"
                );
                unencoded += 1;
            } else {
                assert_eq!(url, vector.expected_url, "{why}");
            }
        });
    }
    assert_eq!(unencoded, 2);
}

#[test]
fn a_time_is_written_without_separators() {
    let time = "2019-02-01T09:00:00Z".parse().unwrap();
    assert_eq!(
        stamps(time),
        ("20190201".to_owned(), "20190201T090000Z".to_owned())
    );
}

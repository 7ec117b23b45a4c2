//! The control plane that the operator registers with.

use std::{fmt, str::FromStr};

use rustls_pki_types::{CertificateDer, pem::PemObject};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::textual::Invalid;

/// The control plane, and how the operator proves who it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ControlPlane {
    /// Where it is: `https://host` or `https://host:port`.
    pub endpoint: Endpoint,
    /// Audience of the service account token that is sent to it; the endpoint when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// Certificate authority of its certificate, in PEM; the public ones when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_certificate: Option<CaCertificate>,
}

impl ControlPlane {
    /// The audience of the token.
    pub fn token_audience(&self) -> String {
        self.audience
            .clone()
            .unwrap_or_else(|| self.endpoint.to_string())
    }
}

/// `https://host[:port]`, and nothing behind it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Endpoint {
    host: String,
    port: u16,
}

impl Endpoint {
    /// The host; an IPv6 address is in brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port; 443 unless written.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl FromStr for Endpoint {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let invalid = |rule: &str| Invalid::new("the endpoint of a control plane", text, rule);
        let url = Url::parse(text).map_err(|_| invalid("write https://<host>[:<port>]"))?;
        if url.scheme() != "https" {
            return Err(invalid(
                "it must begin with https://, since a token is sent to it",
            ));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(invalid("it must hold no credentials"));
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(invalid("it has nothing behind the host and the port"));
        }
        let host = url.host_str().ok_or_else(|| invalid("it has no host"))?;
        Ok(Self {
            host: host.to_owned(),
            port: url.port().unwrap_or(443),
        })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            443 => write!(f, "https://{}", self.host),
            port => write!(f, "https://{}:{port}", self.host),
        }
    }
}

textual!(Endpoint, { "type": "string", "pattern": "^https://[^/?#@]+/?$", "description": "https://host or https://host:port." });

/// One or more certificates in PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaCertificate(String);

impl CaCertificate {
    /// The PEM text.
    pub fn as_pem(&self) -> &str {
        &self.0
    }
}

impl FromStr for CaCertificate {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let begins = text.matches("-----BEGIN CERTIFICATE-----").count();
        let ends = text.matches("-----END CERTIFICATE-----").count();
        if text.contains("PRIVATE KEY-----") {
            // The text is not repeated: it holds a secret.
            return Err(Invalid::new(
                "a CA certificate",
                "(a private key)",
                "give the certificate only",
            ));
        }
        if begins == 0 || begins != ends {
            return Err(Invalid::new(
                "a CA certificate",
                text,
                "write PEM: -----BEGIN CERTIFICATE----- …",
            ));
        }
        // As the operator's TLS will: what it could not use must not get as far as a pod that then does not start.
        let mut read = 0;
        for certificate in CertificateDer::pem_slice_iter(text.as_bytes()) {
            read += 1;
            let what = || format!("(certificate {read} of {begins})");
            let der = certificate.map_err(|error| {
                Invalid::new(
                    "a CA certificate",
                    &what(),
                    format!("what is between its BEGIN and END is not base64 ({error})"),
                )
            })?;
            webpki::anchor_from_trusted_cert(&der).map_err(|error| {
                Invalid::new(
                    "a CA certificate",
                    &what(),
                    format!("what is encoded is not an X.509 certificate ({error:?})"),
                )
            })?;
        }
        if read != begins {
            return Err(Invalid::new(
                "a CA certificate",
                &format!("({read} of {begins} certificates)"),
                "the lines BEGIN CERTIFICATE and END CERTIFICATE stand alone and take turns",
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for CaCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

textual!(CaCertificate, { "type": "string", "pattern": "-----BEGIN CERTIFICATE-----" });

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_an_https_host() {
        let endpoint: Endpoint = "https://acme.eu-west-1.example".parse().unwrap();
        assert_eq!(
            (endpoint.host(), endpoint.port()),
            ("acme.eu-west-1.example", 443)
        );
        assert_eq!(
            "https://127.0.0.1:8443/"
                .parse::<Endpoint>()
                .unwrap()
                .to_string(),
            "https://127.0.0.1:8443"
        );
        for bad in [
            "acme.example",
            "http://acme.example",
            "https://u:p@acme.example",
            "https://acme.example/v1",
            "https://",
        ] {
            assert!(bad.parse::<Endpoint>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_private_key_is_refused_and_not_repeated() {
        let error = "-----BEGIN PRIVATE KEY-----\nabc"
            .parse::<CaCertificate>()
            .unwrap_err()
            .to_string();
        assert!(!error.contains("abc"), "{error}");
        assert!("hello".parse::<CaCertificate>().is_err());
    }

    #[test]
    fn a_certificate_is_read_to_its_end() {
        use crate::manifests::example::CA_CERTIFICATE;
        let bundle = format!("# ours\n{CA_CERTIFICATE}\n# another\n{CA_CERTIFICATE}");
        assert_eq!(bundle.parse::<CaCertificate>().unwrap().as_pem(), bundle);
        for (body, reason) in [
            ("!", "not base64"),
            ("", "not an X.509"),
            ("aGVsbG8=", "not an X.509"),
        ] {
            let bad = format!(
                "{CA_CERTIFICATE}-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n"
            );
            let error = bad.parse::<CaCertificate>().unwrap_err().to_string();
            assert!(
                error.contains(reason) && error.contains("certificate 2 of 2"),
                "{body}: {error}"
            );
        }
        let one_line = CA_CERTIFICATE.replace('\n', " ");
        assert!(one_line.parse::<CaCertificate>().is_err());
    }
}

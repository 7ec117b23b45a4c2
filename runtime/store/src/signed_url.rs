//! A URL that lets whoever holds it do one thing with one object for a while: a secret, so it never shows by accident.

use std::fmt;

use jiff::Timestamp;
use url::Url;

/// What a signed URL allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Read the object.
    Get,
    /// Write the object.
    Put,
}

impl Method {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Put => "PUT",
        }
    }
}

/// A signed URL. Whoever reads it has the right, so it shows itself only to who asks for the secret.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedUrl {
    url: Url,
    method: Method,
    valid_until: Timestamp,
    headers: &'static [(&'static str, &'static str)],
}

impl SignedUrl {
    pub(crate) fn new(url: Url, method: Method, valid_until: Timestamp) -> Self {
        Self {
            url,
            method,
            valid_until,
            headers: &[],
        }
    }

    pub(crate) fn with_headers(mut self, headers: &'static [(&'static str, &'static str)]) -> Self {
        self.headers = headers;
        self
    }

    /// The URL itself. It goes to who uses it and into no log.
    pub fn secret(&self) -> &str {
        self.url.as_str()
    }

    /// What it allows.
    pub fn method(&self) -> Method {
        self.method
    }

    /// When it stops to work. That is sooner than asked where the credentials that signed it end sooner.
    pub fn valid_until(&self) -> Timestamp {
        self.valid_until
    }

    /// Headers that the request has to carry.
    pub fn headers(&self) -> &'static [(&'static str, &'static str)] {
        self.headers
    }
}

impl fmt::Display for SignedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.url.host_str().unwrap_or_default();
        write!(f, "a signed URL of {host}, not shown")
    }
}

impl fmt::Debug for SignedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedUrl")
            .field("method", &self.method)
            .field("valid_until", &self.valid_until)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_asks_for_the_secret_sees_it() {
        let url = "https://acme.example/run/bundle.tgz?X-Amz-Signature=abc";
        let signed = SignedUrl::new(url.parse().unwrap(), Method::Get, Timestamp::UNIX_EPOCH);
        for shown in [
            format!("{signed}"),
            format!("{signed:?}"),
            format!("{signed:#?}"),
        ] {
            assert!(
                !shown.contains("abc") && !shown.contains("bundle"),
                "{shown}"
            );
        }
        assert_eq!(signed.secret(), url);
    }
}

//! Where a bucket or an object is, in the three clouds' own notation. This is the only place that parses it.

use std::{fmt, str::FromStr};

use crate::{identity::Cloud, textual::Invalid};

/// `s3://bucket/key`, `gs://bucket/key` or `abfs://container@account.dfs.core.windows.net/key`; the key may be empty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectUri {
    scheme: Scheme,
    bucket: String,
    /// Host of the storage account, for Azure.
    host: Option<String>,
    key: String,
}

/// The scheme of an [`ObjectUri`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// Amazon S3 and what speaks its protocol.
    S3,
    /// Google Cloud Storage.
    Gs,
    /// Azure Data Lake Storage.
    Abfs,
    /// Azure Data Lake Storage with TLS spelled out.
    Abfss,
}

impl Scheme {
    /// As it is written, without `://`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::S3 => "s3",
            Self::Gs => "gs",
            Self::Abfs => "abfs",
            Self::Abfss => "abfss",
        }
    }
}

impl ObjectUri {
    /// The scheme.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The cloud whose store this is (or whose protocol it speaks).
    pub fn cloud(&self) -> Cloud {
        match self.scheme {
            Scheme::S3 => Cloud::Aws,
            Scheme::Gs => Cloud::Gcp,
            Scheme::Abfs | Scheme::Abfss => Cloud::Azure,
        }
    }

    /// The bucket; the container on Azure.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// The storage account, on Azure.
    pub fn account(&self) -> Option<&str> {
        self.host.as_deref().and_then(|host| host.split('.').next())
    }

    /// Host of the storage account's data lake, on Azure.
    pub fn host(&self) -> Option<&str> {
        self.host.as_deref()
    }

    /// What lies under this URI by that name.
    ///
    /// # Errors
    /// The name makes no key.
    pub fn join(&self, name: &str) -> Result<Self, Invalid> {
        let prefix = self.to_string();
        format!("{}/{name}", prefix.trim_end_matches('/')).parse()
    }

    /// The object's key or the prefix of keys, without a slash in front; empty for the bucket itself.
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl FromStr for ObjectUri {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let invalid = |rule: &str| Invalid::new("an object store URI", text, rule);
        let forms = "write s3://<bucket>, gs://<bucket> or abfs://<container>@<account>.dfs.core.windows.net";
        let (scheme, rest) = text.split_once("://").ok_or_else(|| invalid(forms))?;
        let scheme = match scheme {
            "s3" => Scheme::S3,
            "gs" => Scheme::Gs,
            "abfs" => Scheme::Abfs,
            "abfss" => Scheme::Abfss,
            _ => return Err(invalid(forms)),
        };
        let (place, key) = rest.split_once('/').unwrap_or((rest, ""));
        let (bucket, host) = place
            .split_once('@')
            .map_or((place, None), |(bucket, host)| (bucket, Some(host)));
        let azure = matches!(scheme, Scheme::Abfs | Scheme::Abfss);
        if azure != host.is_some() || host.is_some_and(|host| !host.contains('.') || !is_host(host))
        {
            return Err(invalid(forms));
        }
        if host.is_some_and(|host| !host.split('.').next().is_some_and(is_account)) {
            return Err(invalid(
                "a storage account's name has 3 to 24 lower-case letters and digits",
            ));
        }
        if !(3..=63).contains(&bucket.len()) || !is_bucket(bucket, scheme) {
            return Err(invalid(
                "a bucket's name has 3 to 63 lower-case letters, digits, `-` and `.`, and begins and ends with a letter or digit",
            ));
        }
        if key.split('/').any(|segment| matches!(segment, "." | ".."))
            || key.contains("//")
            || key.starts_with('/')
            || key
                .chars()
                .any(|c| c.is_control() || matches!(c, '?' | '#'))
        {
            return Err(invalid(
                "a key has no empty, `.` or `..` segment, and none of `?` and `#`",
            ));
        }
        Ok(Self {
            scheme,
            bucket: bucket.to_owned(),
            host: host.map(str::to_owned),
            key: key.to_owned(),
        })
    }
}

impl fmt::Display for ObjectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.as_str(), self.bucket)?;
        if let Some(host) = &self.host {
            write!(f, "@{host}")?;
        }
        if !self.key.is_empty() {
            write!(f, "/{}", self.key)?;
        }
        Ok(())
    }
}

textual!(ObjectUri, { "type": "string", "pattern": "^(s3|gs|abfss?)://", "description": "Where a bucket or an object is: s3://bucket, gs://bucket or abfs://container@account.dfs.core.windows.net." });

fn is_bucket(text: &str, scheme: Scheme) -> bool {
    match scheme {
        Scheme::S3 => crate::names::is_subdomain(text),
        // Google allows underscores in between.
        Scheme::Gs => crate::names::is_subdomain(&text.replace('_', "-")),
        Scheme::Abfs | Scheme::Abfss => crate::names::is_label(text) && !text.contains("--"),
    }
}

fn is_account(text: &str) -> bool {
    (3..=24).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

fn is_host(text: &str) -> bool {
    crate::names::is_subdomain(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_each_clouds_notation() {
        let s3: ObjectUri = "s3://acme-metadata/acme/fraud/".parse().unwrap();
        assert_eq!(
            (s3.bucket(), s3.key(), s3.cloud()),
            ("acme-metadata", "acme/fraud/", Cloud::Aws)
        );
        let azure: ObjectUri = "abfs://metadata@acmeprod.dfs.core.windows.net/a"
            .parse()
            .unwrap();
        assert_eq!(
            (azure.bucket(), azure.account(), azure.key()),
            ("metadata", Some("acmeprod"), "a")
        );
        assert_eq!(
            "gs://acme_metadata".parse::<ObjectUri>().unwrap().cloud(),
            Cloud::Gcp
        );
    }

    #[test]
    fn is_written_as_it_was_read() {
        for text in [
            "s3://acme",
            "gs://acme/a/b",
            "abfss://meta@acct.dfs.core.windows.net/x",
        ] {
            assert_eq!(text.parse::<ObjectUri>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_lies_under_it_is_named_with_one_slash() {
        for under in ["gs://acme/a", "gs://acme/a/"] {
            let under: ObjectUri = under.parse().unwrap();
            assert_eq!(under.join("b.pb").unwrap().to_string(), "gs://acme/a/b.pb");
            assert!(under.join("../b").is_err());
        }
    }

    #[test]
    fn refuses_what_is_no_place() {
        for bad in [
            "acme",
            "https://acme.s3.amazonaws.com",
            "s3://",
            "s3://ab",
            "s3://Acme",
            "s3://acme//x",
            "s3://acme/../x",
            "s3://key:secret@acme",
            "gs://acme?x=1",
            "abfs://metadata",
            "abfs://metadata@acct",
            "abfss://metadata@acme-prod.dfs.core.windows.net",
            "abfss://metadata@ab.dfs.core.windows.net",
            "abfss://meta_data@acmeprod.dfs.core.windows.net",
            "gs://acme@host.example",
        ] {
            assert!(bad.parse::<ObjectUri>().is_err(), "{bad}");
        }
    }
}

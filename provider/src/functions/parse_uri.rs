//! `parse_uri`: the parts of an object store URI.

use std::{fmt, str::FromStr};

use dataplane_api::{identity::Cloud, object_uri::ObjectUri};
use framework::{Function, FunctionError, Model, Text, Value};

/// The function.
pub struct ParseUri;

/// Its arguments.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct Arguments {
    /// Where a bucket or an object is: `s3://bucket/key`, `gs://bucket/key`, `abfss://container@account.dfs.core.windows.net/key` or
    /// `https://account.blob.core.windows.net/container/key`.
    #[attr(required)]
    pub uri: Value<Text<Place>>,
}

/// An object store URI, or the URL that Azure's blob service has for the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    scheme: &'static str,
    uri: ObjectUri,
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some(url) = text.strip_prefix("https://") else {
            let uri: ObjectUri = text.parse().map_err(|error| {
                format!("{error}, or https://<account>.blob.core.windows.net/<container>")
            })?;
            let scheme = uri.scheme().as_str();
            return Ok(Self { scheme, uri });
        };
        let parts = || {
            let (host, path) = url.split_once('/')?;
            let (account, service) = host.split_once('.')?;
            let rest = ["blob.", "dfs."]
                .iter()
                .find_map(|kind| service.strip_prefix(kind))?;
            let (container, key) = path.split_once('/').unwrap_or((path, ""));
            rest.starts_with("core.")
                .then(|| format!("abfss://{container}@{account}.dfs.{rest}/{key}"))
        };
        let uri = parts().ok_or_else(|| {
            format!(
                "{text:?} is not a URL of Azure's blob service: write https://<account>.blob.core.windows.net/<container>, and \
                 s3://<bucket> or gs://<bucket> for other clouds"
            )
        })?;
        Ok(Self {
            scheme: "https",
            uri: uri.parse().map_err(|error| format!("{text:?}: {error}"))?,
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.uri.fmt(f)
    }
}

/// The parts.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct Parts {
    /// The cloud whose store it is: `aws`, `gcp` or `azure`.
    #[attr(computed)]
    pub cloud: Value<String>,
    /// The scheme: `s3`, `gs`, `abfs`, `abfss` or `https`.
    #[attr(computed)]
    pub scheme: Value<String>,
    /// The bucket; the container on Azure.
    #[attr(computed)]
    pub bucket: Value<String>,
    /// The storage account on Azure; null elsewhere.
    #[attr(computed)]
    pub account: Value<String>,
    /// The object's key or the prefix of keys, without a slash in front; empty for the bucket itself.
    #[attr(computed)]
    pub key: Value<String>,
}

impl Function for ParseUri {
    const NAME: &'static str = "parse_uri";
    const SUMMARY: &'static str = "The parts of an object store URI";
    const DESCRIPTION: &'static str = "Takes an object store URI of any of the three clouds apart, into an object with the attributes \
        `cloud`, `scheme`, `bucket`, `account` and `key`.";
    type Arguments = Arguments;
    type Output = Parts;

    fn call(&self, args: Arguments) -> Result<Parts, FunctionError> {
        let Value::Known(place) = args.uri else {
            return Err(FunctionError::argument(0, "must be known"));
        };
        let Place { scheme, uri } = place.into_inner();
        let cloud = match uri.cloud() {
            Cloud::Aws => "aws",
            Cloud::Gcp => "gcp",
            Cloud::Azure => "azure",
        };
        Ok(Parts {
            cloud: cloud.into(),
            scheme: scheme.into(),
            bucket: uri.bucket().into(),
            account: uri.account().map(str::to_owned).into(),
            key: uri.key().into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(uri: &str) -> Parts {
        let uri = uri.parse().map(Value::Known).unwrap();
        ParseUri
            .call(Arguments { uri })
            .map_err(|_| "error")
            .unwrap()
    }

    #[test]
    fn an_s3_object() {
        assert_eq!(
            parts("s3://acme-metadata/acme/fraud/"),
            Parts {
                cloud: "aws".into(),
                scheme: "s3".into(),
                bucket: "acme-metadata".into(),
                account: Value::Null,
                key: "acme/fraud/".into(),
            }
        );
    }

    #[test]
    fn a_google_bucket() {
        let parts = parts("gs://acme-metadata/acme/");
        assert_eq!(
            (parts.cloud, parts.bucket, parts.key),
            ("gcp".into(), "acme-metadata".into(), "acme/".into())
        );
        assert!(parts.account.is_null());
    }

    #[test]
    fn an_azure_container() {
        let abfs = parts("abfs://metadata@acmeprod.dfs.core.windows.net");
        assert_eq!(abfs.account, "acmeprod".into());
        assert_eq!(abfs.key, "".into());
        let abfss = parts("abfss://metadata@acmeprod.dfs.core.windows.net/a/b");
        let https = parts("https://acmeprod.blob.core.windows.net/metadata/a/b");
        assert_eq!(https.scheme, "https".into());
        let same = Parts {
            scheme: abfss.scheme.clone(),
            ..https
        };
        assert_eq!(same, abfss);
        let container = parts("https://acmeprod.blob.core.windows.net/metadata");
        assert_eq!(container.bucket, "metadata".into());
        assert_eq!(container.key, "".into());
    }

    #[test]
    fn other_addresses_are_refused() {
        for bad in [
            "https://acme.s3.amazonaws.com/key",
            "https://acmeprod.blob.core.windows.net",
            "https://acmeprod.blob.core.windows.net/",
            "https://acmeprod.blob.core.windows.net/metadata/../x",
            "acme",
        ] {
            let said = bad.parse::<Place>().unwrap_err();
            assert!(said.contains(bad), "{said}");
        }
    }
}

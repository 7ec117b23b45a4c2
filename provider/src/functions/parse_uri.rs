//! `parse_uri`: the parts of an object store URI.

use dataplane_api::{identity::Cloud, object_uri::ObjectUri};
use framework::{Function, FunctionError, Model, Text, Value};

/// The function.
pub struct ParseUri;

/// Its arguments.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct Arguments {
    /// Where a bucket or an object is: `s3://bucket/key`, `gs://bucket/key` or
    /// `abfs://container@account.dfs.core.windows.net/key`.
    #[attr(required)]
    pub uri: Value<Text<ObjectUri>>,
}

/// The parts.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct Parts {
    /// The cloud whose store it is: `aws`, `gcp` or `azure`.
    #[attr(computed)]
    pub cloud: Value<String>,
    /// The scheme.
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
        let Value::Known(uri) = args.uri else {
            return Err(FunctionError::argument(0, "must be known"));
        };
        let cloud = match uri.cloud() {
            Cloud::Aws => "aws",
            Cloud::Gcp => "gcp",
            Cloud::Azure => "azure",
        };
        Ok(Parts {
            cloud: cloud.into(),
            scheme: uri.scheme().as_str().into(),
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
    fn an_azure_container() {
        let parts = parts("abfs://metadata@acmeprod.dfs.core.windows.net");
        assert_eq!(parts.account, "acmeprod".into());
        assert_eq!(parts.key, "".into());
    }
}

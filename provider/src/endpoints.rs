//! Addresses that replace a cloud service's own: for private endpoints and for emulators.

use std::{collections::BTreeMap, fmt::Display, str::FromStr};

use framework::{AttributePath, Diagnostics, Result, Value};
use url::Url;

/// Reports every key that is none of the services that we call of this cloud, and every value that is no address.
pub fn validate<S: FromStr + Display>(
    (cloud, services): (&str, &[S]),
    endpoints: &Value<BTreeMap<String, String>>,
    path: &AttributePath,
    diags: &mut Diagnostics,
) {
    for (service, address) in endpoints.known().into_iter().flatten() {
        let at = path.clone().key(service);
        if service.parse::<S>().is_err() {
            let names: Vec<_> = services.iter().map(ToString::to_string).collect();
            diags.error_at(
                at,
                format!("{service:?} is not a service of {cloud} that this provider calls"),
                format!(
                    "The services whose address can be set are {}.",
                    names.join(", ")
                ),
            );
        } else if let Err(problem) = parse(address) {
            diags.error_at(
                at,
                format!("{address:?} is not the address of a service"),
                problem,
            );
        }
    }
}

/// The addresses by the services of one cloud.
pub fn by_service<S>(endpoints: Value<BTreeMap<String, String>>) -> Result<BTreeMap<S, String>>
where
    S: FromStr<Err: std::error::Error + 'static> + Ord,
{
    let endpoints = endpoints.into_known().unwrap_or_default().into_iter();
    endpoints
        .map(|(service, address)| Ok((service.parse()?, address)))
        .collect()
}

fn parse(address: &str) -> std::result::Result<(), String> {
    let example = "An address looks like https://vpce-0123.s3.eu-west-1.vpce.amazonaws.com.";
    // The name of an account, vault or registry comes in place of `{account}` and the like.
    let filled = address.replace(['{', '}'], "");
    let url: Url = filled.parse().map_err(|e| format!("{e}. {example}"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(format!(
            "It must begin with https:// (or http://) and a host. {example}"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clouds_aws::Service;
    use framework::path;

    use super::*;

    fn said(service: &str, address: &str) -> String {
        let mut diags = Diagnostics::new();
        let endpoints = BTreeMap::from([(service.to_owned(), address.to_owned())]);
        validate(
            ("AWS", &Service::ALL),
            &endpoints.into(),
            &path!("aws", "endpoints"),
            &mut diags,
        );
        diags.to_string()
    }

    #[test]
    fn services_and_addresses_are_checked() {
        assert_eq!(said("s3", "http://127.0.0.1:4566"), "");
        assert_eq!(said("s3", "https://{account}.blob.example"), "");
        let unknown = said("dynamodb", "http://127.0.0.1:4566");
        assert!(unknown.contains("aws.endpoints[\"dynamodb\"]"), "{unknown}");
        assert!(
            unknown.contains("ec2, ecr, eks, iam, logs, s3, secretsmanager, sts"),
            "{unknown}"
        );
        assert!(said("s3", "127.0.0.1:4566").contains("is not the address of a service"));
        assert!(said("s3", "ftp://host").contains("must begin with https://"));
    }

    #[test]
    fn they_are_given_by_service() {
        let endpoints = BTreeMap::from([("s3".to_owned(), "http://127.0.0.1".to_owned())]);
        assert_eq!(
            by_service::<Service>(endpoints.into()).unwrap_or_default(),
            BTreeMap::from([(Service::S3, "http://127.0.0.1".to_owned())])
        );
    }
}

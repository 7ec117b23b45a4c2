//! Addresses that replace a cloud service's own: for private endpoints and for emulators.

use std::collections::BTreeMap;

use clouds_aws::Service;
use framework::{AttributePath, Diagnostics};
use url::Url;

/// Reports every key that is no service and every value that is no address.
pub fn validate(
    endpoints: &BTreeMap<String, String>,
    path: &AttributePath,
    diags: &mut Diagnostics,
) {
    for (service, address) in endpoints {
        let at = path.clone().key(service);
        if service.parse::<Service>().is_err() {
            diags.error_at(
                at,
                format!("{service:?} is not a service of AWS that this provider calls"),
                format!(
                    "The services whose address can be set are {}.",
                    Service::ALL.map(Service::as_str).join(", ")
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

fn parse(address: &str) -> Result<Url, String> {
    let example = "An address looks like https://vpce-0123.s3.eu-west-1.vpce.amazonaws.com.";
    let url: Url = address.parse().map_err(|e| format!("{e}. {example}"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(format!(
            "It must begin with https:// (or http://) and a host. {example}"
        ));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use framework::path;

    use super::*;

    fn said(service: &str, address: &str) -> String {
        let mut diags = Diagnostics::new();
        validate(
            &BTreeMap::from([(service.to_owned(), address.to_owned())]),
            &path!("aws", "endpoints"),
            &mut diags,
        );
        diags.to_string()
    }

    #[test]
    fn services_and_addresses_are_checked() {
        assert_eq!(said("s3", "http://127.0.0.1:4566"), "");
        let unknown = said("dynamodb", "http://127.0.0.1:4566");
        assert!(unknown.contains("aws.endpoints[\"dynamodb\"]"), "{unknown}");
        assert!(
            unknown.contains("ecr, eks, iam, logs, s3, secretsmanager, sts"),
            "{unknown}"
        );
        assert!(said("s3", "127.0.0.1:4566").contains("is not the address of a service"));
        assert!(said("s3", "ftp://host").contains("must begin with https://"));
    }
}

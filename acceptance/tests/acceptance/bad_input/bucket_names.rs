//! Names of buckets: every rule of S3 is known before S3 is asked, and what no cloud takes before there is a plan.

use anyhow::Result;

use super::{
    Expected,
    arguments::{PROVIDER, working_directory},
    refuses,
};

/// Names that no cloud takes, each with the rule that it breaks.
const NAMES_OF_NO_CLOUD: &[(&str, &str)] = &[
    ("ab", "3 to 63 characters long, not 2"),
    (
        "a234567890b234567890c234567890d234567890e234567890f234567890g234",
        "3 to 63 characters long, not 64",
    ),
    ("Acme-data", "lowercase letters, digits and . _ -, not 'A'"),
    ("acme data", "lowercase letters, digits and . _ -, not ' '"),
    (
        "-acme",
        "must begin and end with a lowercase letter or a digit",
    ),
    (
        "acme-",
        "must begin and end with a lowercase letter or a digit",
    ),
    (
        ".acme",
        "must begin and end with a lowercase letter or a digit",
    ),
];

/// Names that S3 refuses, each with the rule that it breaks.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>
const NAMES_NOT_OF_S3: &[(&str, &str)] = &[
    (
        "acme_data",
        "lowercase letters, digits, dots and hyphens, not '_'",
    ),
    ("acme..data", "must not have two dots in a row"),
    ("192.168.5.4", "must not look like an IP address"),
    ("999.1.1.1", "must not look like an IP address"),
    ("xn--acme", "must not begin with \"xn--\""),
    ("sthree-acme", "must not begin with \"sthree-\""),
    (
        "sthree-configurator-acme",
        "must not begin with \"sthree-\"",
    ),
    ("amzn-s3-demo-acme", "must not begin with \"amzn-s3-demo-\""),
    ("acme-s3alias", "must not end with \"-s3alias\""),
    ("acme--ol-s3", "must not end with \"--ol-s3\""),
    ("acme.mrap", "must not end with \".mrap\""),
    ("acme--x-s3", "must not end with \"--x-s3\""),
    ("acme--table-s3", "must not end with \"--table-s3\""),
    ("acme-an", "PREFIX-ACCOUNT-REGION-an"),
];

fn check(provider: &str, command: &str, names: &[(&str, &str)]) -> Result<()> {
    let mut configuration = vec![provider.to_owned()];
    let mut expected = Vec::new();
    for (index, (name, rule)) in names.iter().enumerate() {
        let block =
            format!("resource \"dataplane_bucket\" \"n{index}\" {{\n  name = \"{name}\"\n}}\n");
        configuration.push(block);
        let address = format!("dataplane_bucket.n{index}");
        let says = ["Invalid value of name", name, rule];
        expected.push(Expected::at(&address, &says).under(&format!("\"{name}\"")));
    }
    refuses(
        &working_directory(&configuration.concat())?,
        command,
        &expected,
    )
}

/// What no cloud takes is refused beside any.
pub fn of_no_cloud(provider: &str) -> Result<()> {
    check(provider, "validate", NAMES_OF_NO_CLOUD)
}

#[test]
fn names_of_buckets_that_no_cloud_takes_are_refused_with_the_rule() -> Result<()> {
    of_no_cloud(PROVIDER)
}

#[test]
fn names_of_buckets_that_s3_refuses_are_refused_with_the_rule() -> Result<()> {
    check(PROVIDER, "plan", NAMES_NOT_OF_S3)
}

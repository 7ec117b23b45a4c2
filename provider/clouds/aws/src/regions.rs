//! The regions of AWS, as of 2026, and the partitions they belong to.

use clouds::ParseError;
use clouds::account::Region;

/// The regions that were open when this was built.
pub const REGIONS: [&str; 43] = [
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "cn-north-1",
    "cn-northwest-1",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "eusc-de-east-1",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-gov-east-1",
    "us-gov-west-1",
    "us-iso-east-1",
    "us-iso-west-1",
    "us-isob-east-1",
    "us-isof-east-1",
    "us-west-1",
    "us-west-2",
];

/// Checks that a region is known; the error names the one that was probably meant.
pub fn check(region: &Region) -> Result<(), ParseError> {
    if REGIONS.contains(&region.as_str()) {
        return Ok(());
    }
    let nearest = REGIONS
        .iter()
        .min_by_key(|known| distance(known, region.as_str()));
    let meant = nearest.map_or_else(String::new, |nearest| format!("; did you mean {nearest}?"));
    Err(ParseError::new(
        "AWS region",
        region.as_str(),
        format!("is none that AWS has{meant}"),
    ))
}

/// The partition in ARNs.
pub(crate) fn partition(region: &Region) -> &'static str {
    let prefixes = [
        ("cn-", "aws-cn"),
        ("us-gov-", "aws-us-gov"),
        ("us-iso-", "aws-iso"),
        ("us-isob-", "aws-iso-b"),
        ("eu-isoe-", "aws-iso-e"),
        ("us-isof-", "aws-iso-f"),
        ("eusc-", "aws-eusc"),
    ];
    let found = prefixes
        .iter()
        .find(|(prefix, _)| region.as_str().starts_with(prefix));
    found.map_or("aws", |(_, partition)| partition)
}

/// The domain of a region's endpoints.
pub(crate) fn domain(region: &Region) -> &'static str {
    match partition(region) {
        "aws-cn" => "amazonaws.com.cn",
        "aws-iso" => "c2s.ic.gov",
        "aws-iso-b" => "sc2s.sgov.gov",
        "aws-iso-e" => "cloud.adc-e.uk",
        "aws-iso-f" => "csp.hci.ic.gov",
        "aws-eusc" => "amazonaws.eu",
        _ => "amazonaws.com",
    }
}

/// How many letters have to change (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<_> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_region_names_the_nearest() {
        assert!(check(&"eu-west-1".parse().unwrap()).is_ok());
        let said = check(&"eu-wst-1".parse().unwrap()).unwrap_err().to_string();
        assert_eq!(
            said,
            "\"eu-wst-1\" is not a valid AWS region: it is none that AWS has; did you mean eu-west-1?"
        );
    }

    #[test]
    fn partitions() {
        for (region, want) in [
            ("eu-west-1", "aws"),
            ("cn-north-1", "aws-cn"),
            ("us-gov-west-1", "aws-us-gov"),
            ("us-isob-east-1", "aws-iso-b"),
        ] {
            assert_eq!(partition(&region.parse().unwrap()), want);
        }
    }

    #[test]
    fn the_list_is_sorted_and_well_formed() {
        assert!(REGIONS.is_sorted());
        assert!(
            REGIONS
                .iter()
                .all(|region| region.parse::<Region>().is_ok())
        );
    }
}

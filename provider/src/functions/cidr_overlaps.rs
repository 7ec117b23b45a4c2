//! `cidr_overlaps`: which address ranges share addresses with others.

use framework::{Function, FunctionError, Model, Value};
use ipnet::IpNet;

/// The function.
pub struct CidrOverlaps;

/// Arguments.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct Arguments {
    /// Address ranges, as in `10.0.0.0/16`.
    #[attr(required)]
    pub ranges: Value<Vec<String>>,
    /// Ranges that they must not share addresses with.
    #[attr(required)]
    pub others: Value<Vec<String>>,
}

impl Function for CidrOverlaps {
    const NAME: &'static str = "cidr_overlaps";
    const SUMMARY: &'static str = "The address ranges that share addresses with others";
    const DESCRIPTION: &'static str = "Yields a text for each pair that shares addresses, as `10.0.0.0/16 overlaps 10.0.128.0/17`, and none where networks can be joined: for \
        preconditions and validations of configuration that peers networks or connects them privately. Ranges of IPv4 and of IPv6 never overlap.";
    type Arguments = Arguments;
    type Output = Vec<String>;

    fn call(&self, arguments: Arguments) -> Result<Vec<String>, FunctionError> {
        let own = ranges(&arguments.ranges, 0)?;
        let others = ranges(&arguments.others, 1)?;
        let mut found = Vec::new();
        for range in &own {
            for other in &others {
                if range.contains(other) || other.contains(range) {
                    found.push(format!("{range} overlaps {other}"));
                }
            }
        }
        Ok(found)
    }
}

fn ranges(argument: &Value<Vec<String>>, position: usize) -> Result<Vec<IpNet>, FunctionError> {
    let texts = argument.known().map(Vec::as_slice).unwrap_or_default();
    texts.iter().map(|text| range(text, position)).collect()
}

fn range(text: &str, position: usize) -> Result<IpNet, FunctionError> {
    let parsed: IpNet = text.parse().map_err(|_| {
        FunctionError::argument(
            position,
            format!("{text:?} is no address range: write one as in 10.0.0.0/16"),
        )
    })?;
    if parsed.trunc() == parsed {
        Ok(parsed)
    } else {
        Err(FunctionError::argument(
            position,
            format!(
                "{text:?} has bits set behind its prefix: write {}",
                parsed.trunc()
            ),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(ranges: &[&str], others: &[&str]) -> Result<Vec<String>, FunctionError> {
        let texts = |all: &[&str]| {
            let owned: Vec<String> = all.iter().map(|text| (*text).to_owned()).collect();
            owned.into()
        };
        CidrOverlaps.call(Arguments {
            ranges: texts(ranges),
            others: texts(others),
        })
    }

    #[test]
    fn each_pair_that_shares_addresses_is_told() {
        assert_eq!(
            call(
                &["10.0.0.0/16", "10.1.0.0/16"],
                &["10.0.128.0/17", "192.168.0.0/16", "10.0.0.0/8"]
            )
            .unwrap(),
            [
                "10.0.0.0/16 overlaps 10.0.128.0/17",
                "10.0.0.0/16 overlaps 10.0.0.0/8",
                "10.1.0.0/16 overlaps 10.0.0.0/8"
            ]
        );
        assert_eq!(
            call(&["fd00::/64"], &["fd00::/48", "10.0.0.0/8"]).unwrap(),
            ["fd00::/64 overlaps fd00::/48"]
        );
    }

    #[test]
    fn neighbours_do_not_overlap() {
        assert!(
            call(&["10.0.0.0/17"], &["10.0.128.0/17"])
                .unwrap()
                .is_empty()
        );
        assert!(call(&[], &["10.0.0.0/8"]).unwrap().is_empty());
        assert!(call(&["0.0.0.0/0"], &["::/0"]).unwrap().is_empty());
    }

    #[test]
    fn what_is_no_range_is_named() {
        let error = call(&["10.0.0.0/16"], &["10.0.0.0"]).unwrap_err();
        assert_eq!(error.argument, Some(1));
        assert!(
            error.text.contains("\"10.0.0.0\" is no address range"),
            "{error:?}"
        );
        let error = call(&["10.0.0.1/16"], &[]).unwrap_err();
        assert_eq!(error.argument, Some(0));
        assert!(error.text.contains("write 10.0.0.0/16"), "{error:?}");
    }
}

//! Terraform's MessagePack form of values, read and written by their type.
//!
//! What comes in is bounded: [`MAX_DEPTH`] levels, [`MAX_VALUES`] values, and no allocation follows a length that the
//! input merely claims. What goes out is what Terraform reads to the same value as it has in its state: numbers as decimal
//! text, unknown values without refinements.

mod decode;
mod encode;

pub use decode::decode;
pub use encode::encode;

/// How many levels of lists, maps, objects and dynamic values one value may have.
pub const MAX_DEPTH: usize = 128;

/// How many values, leaves and collections together, one encoded value may hold.
pub const MAX_VALUES: usize = 4_000_000;

/// The longest extension payload that Terraform accepts for a refined unknown value.
const MAX_REFINEMENT: usize = 1024;

/// The extension code of a refined unknown value.
const REFINED_UNKNOWN: i8 = 12;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::arbitrary::{any_type, typed_value};
    use crate::{Cty, Number, Type};

    fn number(text: &str) -> Cty {
        Cty::Number(text.parse().unwrap())
    }

    fn object(attributes: &[(&str, Type)]) -> Type {
        Type::Object(
            attributes
                .iter()
                .map(|(name, kind)| ((*name).to_owned(), kind.clone()))
                .collect(),
        )
    }

    fn list(element: Type) -> Type {
        Type::List(Box::new(element))
    }

    #[test]
    fn golden_bytes_go_both_ways() {
        let ab = object(&[("a", Type::Bool), ("b", Type::String)]);
        let dynamic = Cty::Dynamic(Box::new(Type::String), Box::new(Cty::from("x")));
        for (kind, value, bytes) in [
            (Type::String, Cty::Null, &b"\xc0"[..]),
            (Type::String, Cty::Unknown, b"\xd4\x00\x00"),
            (Type::Dynamic, Cty::Unknown, b"\xd4\x00\x00"),
            (Type::Dynamic, Cty::Null, b"\xc0"),
            (Type::Bool, Cty::Bool(true), b"\xc3"),
            (Type::Number, number("0.1"), b"\xa3\x30\x2e\x31"),
            (Type::Number, number("128"), b"\xa3128"),
            (Type::Number, number("-1"), b"\xa2-1"),
            (
                Type::Number,
                number("9223372036854775807"),
                b"\xb39223372036854775807",
            ),
            (
                Type::Number,
                number("18446744073709551616"),
                b"\xb418446744073709551616",
            ),
            (
                Type::Number,
                number("Infinity"),
                b"\xcb\x7f\xf0\x00\x00\x00\x00\x00\x00",
            ),
            (
                Type::Number,
                number("-Infinity"),
                b"\xcb\xff\xf0\x00\x00\x00\x00\x00\x00",
            ),
            (
                list(Type::Bool),
                Cty::List(vec![Cty::Bool(false), Cty::Null]),
                b"\x92\xc2\xc0",
            ),
            (
                Type::Map(Box::new(Type::Bool)),
                Cty::Map(BTreeMap::new()),
                b"\x80",
            ),
            (object(&[]), Cty::Map(BTreeMap::new()), b"\x80"),
            (
                ab,
                [("a", Cty::Null), ("b", Cty::from("x"))]
                    .into_iter()
                    .collect(),
                b"\x82\xa1a\xc0\xa1b\xa1x",
            ),
            (Type::Dynamic, dynamic, b"\x92\xc4\x08\"string\"\xa1x"),
        ] {
            assert_eq!(encode(&value, &kind).unwrap(), bytes, "{value:?}");
            assert_eq!(decode(bytes, &kind).unwrap(), value, "{value:?}");
        }
    }

    #[test]
    fn other_forms_of_the_same_value_are_read() {
        for (kind, bytes, value) in [
            // Refined: not null, prefix "y-", as Terraform 1.11 sent it.
            (
                Type::String,
                &b"\xc7\x07\x0c\x82\x01\xc2\x02\xa2\x79\x2d"[..],
                Cty::Unknown,
            ),
            (Type::String, b"\xd4\x63\x07", Cty::Unknown),
            (Type::String, b"\xc7\x00\x00", Cty::Unknown),
            (
                Type::Number,
                b"\xcb\x3f\xe0\x00\x00\x00\x00\x00\x00",
                number("0.5"),
            ),
            (Type::Number, b"\xca\x3f\x00\x00\x00", number("0.5")),
            (
                Type::Number,
                b"\xd3\xff\xff\xff\xff\xff\xff\xff\xfe",
                number("-2"),
            ),
            (Type::Number, b"\xff", number("-1")),
            (Type::Number, b"\xcc\x80", number("128")),
            (
                Type::Number,
                b"\xcf\xff\xff\xff\xff\xff\xff\xff\xff",
                number("18446744073709551615"),
            ),
            (Type::String, b"\xd9\x01x", Cty::from("x")),
        ] {
            assert_eq!(decode(bytes, &kind).unwrap(), value);
        }
    }

    #[test]
    fn faults_are_named_with_their_place() {
        let inner = object(&[("id", Type::String)]);
        let kind = object(&[("rules", list(inner))]);
        for (bytes, path, problem) in [
            (
                &b"\x81\xa5rules\x91\x81\xa2id\x01"[..],
                "rules[0].id",
                "a string is required, not a number",
            ),
            (
                b"\x81\xa5rules\x91\x80",
                "rules[0]",
                "an object with 1 attributes is required (0 given)",
            ),
            (
                b"\x81\xa5rules\x91\x81\xa2di\xc0",
                "rules[0]",
                "unsupported attribute \"di\"",
            ),
            (b"\x81\xa5rules\x90\xc0", "", "1 bytes follow the value"),
            (
                b"\x81\xa5rules\x92\xc0",
                "rules[1]",
                "the value ends too early",
            ),
            (
                b"\x81\xa5rules\xdd\xff\xff\xff\xff\xc0",
                "rules[1]",
                "the value ends too early",
            ),
            (
                b"\x81\xa5rules\xc8\x04\x01\x0c",
                "rules",
                "an unknown value with 1025 bytes of refinements",
            ),
            (
                b"\x81\xa5rules\xc7\x02\x05ab",
                "rules",
                "an extension of kind 5",
            ),
            (
                b"\x81\xa5rules\xc1",
                "rules",
                "a list of object is required, not a reserved byte",
            ),
            (b"", "", "the value ends too early"),
        ] {
            let error = decode(bytes, &kind).unwrap_err();
            let diagnostic = error.iter().next().unwrap();
            assert_eq!(
                diagnostic.path.clone().unwrap().to_string(),
                path,
                "{bytes:?}"
            );
            assert!(
                diagnostic.detail.ends_with(problem),
                "{bytes:?}: {}",
                diagnostic.detail
            );
        }
        assert!(decode(b"\xa1\xff", &Type::String).is_err(), "not UTF-8");
        assert!(
            decode(b"\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00", &Type::Number).is_err(),
            "not a number"
        );
    }

    #[test]
    fn depth_is_bounded_both_ways() {
        let mut kind = Type::Bool;
        let mut value = Cty::Bool(true);
        for _ in 0..=MAX_DEPTH {
            kind = list(kind);
            value = Cty::List(vec![value]);
        }
        assert!(encode(&value, &kind).is_err());
        assert!(decode(&[0x91; MAX_DEPTH + 2], &kind).is_err());
        // Dynamic values bring their own types: each level is `["dynamic", …]`.
        let bomb = b"\x92\xc4\x09\"dynamic\"".repeat(100_000);
        assert!(decode(&bomb, &Type::Dynamic).is_err());
    }

    #[test]
    fn the_number_of_values_is_bounded() {
        let mut bytes = vec![0xdd, 0x00, 0x80, 0x00, 0x00];
        bytes.resize(bytes.len() + 0x0080_0000, 0xc0);
        assert!(
            decode(&bytes, &list(Type::Bool))
                .unwrap_err()
                .to_string()
                .contains("more than")
        );
    }

    #[test]
    fn a_value_that_does_not_fit_its_type_is_not_written() {
        let kind = object(&[("a", Type::Number)]);
        let wrong: Cty = [("a", Cty::from("1"))].into_iter().collect();
        assert!(
            encode(&wrong, &kind)
                .unwrap_err()
                .to_string()
                .contains("a number is required, not a string")
        );
        assert!(encode(&Cty::Map(BTreeMap::new()), &kind).is_err());
        assert!(
            encode(&Cty::from(1), &Type::Dynamic).is_ok(),
            "the type is implied"
        );
    }

    proptest! {
        #[test]
        fn every_value_comes_back((kind, value) in any_type().prop_flat_map(|kind| (Just(kind.clone()), typed_value(kind)))) {
            let bytes = encode(&value, &kind).unwrap();
            prop_assert_eq!(decode(&bytes, &kind).unwrap(), value);
            let mut rest = bytes.as_slice();
            rmpv::decode::read_value(&mut rest).unwrap();
            prop_assert!(rest.is_empty());
        }

        #[test]
        fn hostile_bytes_are_refused_or_valid(kind in any_type(), bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            if decode(&bytes, &kind).is_ok() {
                let mut rest = bytes.as_slice();
                prop_assert!(rmpv::decode::read_value(&mut rest).is_ok() && rest.is_empty());
            }
        }

        #[test]
        fn a_damaged_value_never_panics(
            (kind, value) in any_type().prop_flat_map(|kind| (Just(kind.clone()), typed_value(kind))),
            place: prop::sample::Index,
            byte: u8,
        ) {
            let mut bytes = encode(&value, &kind).unwrap();
            let at = place.index(bytes.len());
            bytes[at] = byte;
            if let Ok(value) = decode(&bytes, &kind) {
                prop_assert_eq!(decode(&encode(&value, &kind).unwrap(), &kind).unwrap(), value);
            }
        }

        #[test]
        fn whole_numbers_are_decimal_text(value: i64) {
            let bytes = encode(&Cty::Number(Number::from(value)), &Type::Number).unwrap();
            let read = rmpv::decode::read_value(&mut bytes.as_slice()).unwrap();
            prop_assert_eq!(read.as_str().map(str::to_owned), Some(value.to_string()));
        }
    }
}

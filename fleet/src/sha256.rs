//! SHA-256 as the hexadecimal text that people compare.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

pub fn of(bytes: &[u8]) -> String {
    text(&Sha256::digest(bytes))
}

pub fn text(digest: &[u8]) -> String {
    digest.iter().fold(String::new(), |mut text, byte| {
        // Writing to a text never fails.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// What is shown where there is no room for the whole.
pub fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_text_is_the_one_that_other_programs_print() {
        assert_eq!(
            super::of(b"abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}

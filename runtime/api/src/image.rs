//! A container image that is pinned: by digest, or at least by tag.

use std::{fmt, str::FromStr};

use crate::textual::Invalid;

/// `[registry[:port]/]repository[:tag][@sha256:…]`, with a tag, a digest or both.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImageReference {
    repository: String,
    tag: Option<String>,
    digest: Option<String>,
}

impl ImageReference {
    /// The part before tag and digest.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The tag.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest with its algorithm.
    pub fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }
}

impl FromStr for ImageReference {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let invalid = |rule: &str| Invalid::new("an image reference", text, rule);
        let (rest, digest) = text
            .split_once('@')
            .map_or((text, None), |(rest, digest)| (rest, Some(digest)));
        let name_start = rest.rfind('/').map_or(0, |slash| slash + 1);
        let (repository, tag) = match rest[name_start..].find(':') {
            Some(colon) => (
                &rest[..name_start + colon],
                Some(&rest[name_start + colon + 1..]),
            ),
            None => (rest, None),
        };
        if !is_repository(repository) {
            return Err(invalid(
                "write [registry/]repository with lower-case letters, digits, `.`, `_`, `-` and `/`",
            ));
        }
        if tag.is_some_and(|tag| !is_tag(tag)) {
            return Err(invalid(
                "a tag has at most 128 letters, digits, `.`, `_` and `-`, and begins with none of `.` and `-`",
            ));
        }
        if digest.is_some_and(|digest| !is_digest(digest)) {
            return Err(invalid("a digest is `sha256:` and 64 hexadecimal digits"));
        }
        if tag.is_none() && digest.is_none() {
            return Err(invalid(
                "it has neither tag nor digest; add `@sha256:…` (best) or `:<tag>`",
            ));
        }
        Ok(Self {
            repository: repository.to_owned(),
            tag: tag.map(str::to_owned),
            digest: digest.map(str::to_owned),
        })
    }
}

impl fmt::Display for ImageReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

textual!(ImageReference, { "type": "string", "minLength": 1, "description": "A container image with a tag, a digest or both." });

fn is_repository(text: &str) -> bool {
    // A first segment is a registry when it looks like a host; only that may carry a port and capitals.
    let path = match text.split_once('/') {
        Some((first, path)) if first.contains(['.', ':']) || first == "localhost" => {
            let (host, port) = first
                .split_once(':')
                .map_or((first, None), |(host, port)| (host, Some(port)));
            let host_fits = !host.is_empty()
                && host
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'));
            if !host_fits || port.is_some_and(|port| port.parse::<u16>().is_err()) {
                return false;
            }
            path
        }
        _ => text,
    };
    text.len() <= 255 && path.split('/').all(is_path_segment)
}

fn is_path_segment(text: &str) -> bool {
    let edge = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.starts_with(edge)
        && text.ends_with(edge)
        && text
            .chars()
            .all(|c| edge(c) || matches!(c, '.' | '-' | '_'))
}

fn is_tag(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && !text.starts_with(['.', '-'])
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
}

fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:").is_some_and(|hex| {
        hex.len() == 64 && hex.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_what_registries_accept() {
        let digest = format!("sha256:{}", "0a".repeat(32));
        for text in [
            "registry.example:5000/dataplane/operator:v0.1.0",
            "operator:v1",
            &format!("123456789012.dkr.ecr.eu-west-1.amazonaws.com/union/operator@{digest}"),
            &format!("ghcr.io/acme/operator:v1@{digest}"),
        ] {
            assert_eq!(text.parse::<ImageReference>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn refuses_what_is_not_pinned() {
        let error = "registry.example:5000/operator"
            .parse::<ImageReference>()
            .unwrap_err();
        assert!(
            error.to_string().contains("neither tag nor digest"),
            "{error}"
        );
    }

    #[test]
    fn refuses_nonsense() {
        for bad in [
            "",
            ":v1",
            "Upper/case:v1",
            "a//b:v1",
            "a:",
            "a@sha256:12",
            "host:port/a:v1",
            "a b:v1",
            "https://x/a:v1",
        ] {
            assert!(bad.parse::<ImageReference>().is_err(), "{bad}");
        }
    }
}

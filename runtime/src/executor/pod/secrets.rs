//! The secrets that a task asks for, written on its pod for the webhook that puts them in.

use std::{collections::BTreeMap, fmt::Write};

use dataplane_proto::flyteidl2::core::{Secret, secret::MountType};

use super::BuildError;

/// What the webhook selects pods by.
pub(super) const INJECT_LABEL: &str = "inject-flyte-secrets";
pub(super) const ANNOTATION_PREFIX: &str = "flyte.secrets/s";

/// All annotations of an object together may have this many bytes.
const LARGEST: usize = 256 * 1024;
/// Flyte's own alphabet for base32, without padding.
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz123456";

/// One annotation for each secret.
pub(super) fn annotations(secrets: &[Secret]) -> Result<BTreeMap<String, String>, BuildError> {
    let mut annotations = BTreeMap::new();
    for (index, secret) in secrets.iter().enumerate() {
        let value = base32(prototext(secret)?.as_bytes());
        if value.len() > LARGEST {
            return Err(BuildError::Invalid(format!(
                "the secret number {index} of the task has a name too long for an annotation"
            )));
        }
        annotations.insert(format!("{ANNOTATION_PREFIX}{index}"), value);
    }
    Ok(annotations)
}

fn prototext(secret: &Secret) -> Result<String, BuildError> {
    let mut text = String::new();
    let mount = MountType::try_from(secret.mount_requirement).map_err(|_| {
        BuildError::Invalid(format!(
            "the task asks for the secret {:?} in a way that is later than this executor ({}); update it",
            secret.key, secret.mount_requirement
        ))
    })?;
    let mut field = |name: &str, value: &str| {
        if !value.is_empty() {
            text.push_str(name);
            text.push_str(": \"");
            escape(&mut text, value);
            text.push_str("\"\n");
        }
    };
    field("group", &secret.group);
    field("group_version", &secret.group_version);
    field("key", &secret.key);
    if mount != MountType::Any {
        text.push_str("mount_requirement: ");
        text.push_str(mount.as_str_name());
        text.push('\n');
    }
    if !secret.env_var.is_empty() {
        text.push_str("env_var: \"");
        escape(&mut text, &secret.env_var);
        text.push_str("\"\n");
    }
    Ok(text)
}

fn escape(text: &mut String, value: &str) {
    for byte in value.bytes() {
        match byte {
            b'\n' => text.push_str("\\n"),
            b'\r' => text.push_str("\\r"),
            b'\t' => text.push_str("\\t"),
            b'"' => text.push_str("\\\""),
            b'\\' => text.push_str("\\\\"),
            b' '..=b'~' => text.push(byte.into()),
            // Writing to a string does not fail.
            _ => drop(write!(text, "\\{byte:03o}")),
        }
    }
}

fn base32(bytes: &[u8]) -> String {
    let mut encoded = String::with_capacity(bytes.len().div_ceil(5) * 8);
    for chunk in bytes.chunks(5) {
        let mut group = [0; 5];
        group[..chunk.len()].copy_from_slice(chunk);
        let bits = group
            .iter()
            .fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        let characters = (chunk.len() * 8).div_ceil(5);
        for position in 0..characters {
            let index = (bits >> (35 - 5 * position)) & 31;
            encoded.push(ALPHABET[index as usize].into());
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(group: &str, key: &str, mount: MountType, env_var: &str) -> Secret {
        Secret {
            group: group.to_owned(),
            key: key.to_owned(),
            mount_requirement: mount.into(),
            env_var: env_var.to_owned(),
            ..Secret::default()
        }
    }

    /// What `google.protobuf.text_format.MessageToString` (without UTF-8) of `flyteidl2.core.security_pb2.Secret` and
    /// `base64.b32encode`, with its alphabet translated, make of the same secrets.
    #[test]
    fn is_written_as_python_and_go_write_it() {
        let cases = include_str!("secrets.txt");
        let secrets = [
            secret("", "api-key", MountType::Any, ""),
            secret("team", "api-key", MountType::EnvVar, "API_KEY"),
            secret("te\"am\\", "k\n\té", MountType::File, ""),
            Secret {
                group_version: "v2".to_owned(),
                ..secret("g", "k", MountType::EnvVar, "X")
            },
            secret("", "", MountType::Any, ""),
        ];
        let annotations = annotations(&secrets).unwrap();
        let ours: Vec<String> = annotations
            .iter()
            .map(|(key, value)| format!("{key} {value}").trim_end().to_owned())
            .collect();
        assert_eq!(ours, cases.lines().collect::<Vec<_>>());
    }

    #[test]
    fn a_later_kind_of_mount_is_refused() {
        let mut later = secret("", "api-key", MountType::Any, "");
        later.mount_requirement = 9;
        let error = annotations(&[later]).unwrap_err().to_string();
        assert!(error.contains("api-key") && error.contains('9'), "{error}");
    }
}

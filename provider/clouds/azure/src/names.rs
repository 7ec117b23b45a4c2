//! What Azure does not take of names and values that other clouds take, said without a call.

use std::net::Ipv4Addr;

use clouds::account::KmsKey;
use clouds::buckets::{AllowedNetworks, BucketId, ObjectPrefix};
use clouds::log_groups::{LogGroupName, Retention};
use clouds::registries::RegistryName;
use clouds::roles::RoleName;
use clouds::secrets::{SecretName, SecretPrefix};
use clouds::{ParseError, Refusal};
use url::Url;

type Checked = Result<(), String>;

/// A secret's name: its vault, and its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct VaultSecret<'n> {
    pub(crate) vault: &'n str,
    pub(crate) secret: &'n str,
}

/// A key of Key Vault, from its URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct VaultKey {
    /// The URL of its vault: `https://acme.vault.azure.net`.
    pub(crate) vault_uri: String,
    /// The name of its vault.
    pub(crate) vault: String,
    pub(crate) name: String,
    /// None follows the newest version.
    pub(crate) version: Option<String>,
}

fn checked(field: &'static str, what: &'static str, text: &str, rule: Checked) -> Option<Refusal> {
    Refusal::of_text(field, Err(ParseError::new(what, text, rule.err()?)))
}

fn length(text: &str, shortest: usize, longest: usize) -> Checked {
    let count = text.chars().count();
    if (shortest..=longest).contains(&count) {
        return Ok(());
    }
    Err(format!(
        "must be {shortest} to {longest} characters long on Azure, not {count}"
    ))
}

fn only(text: &str, more: &str, names: &str) -> Checked {
    match text
        .chars()
        .find(|c| !c.is_ascii_alphanumeric() && !more.contains(*c))
    {
        None => Ok(()),
        Some(c) => Err(format!("may only hold {names} on Azure, not {c:?}")),
    }
}

fn begins(text: &str, allowed: impl Fn(char) -> bool, names: &str) -> Checked {
    if text.starts_with(allowed) {
        return Ok(());
    }
    Err(format!("must begin with {names} on Azure"))
}

pub(crate) fn bucket(id: &BucketId) -> Vec<Refusal> {
    let name = id.name.as_str();
    let rule = only(name, "-", "lowercase letters, digits and hyphens").and_then(|()| {
        if name.contains("--") {
            Err("must not have two hyphens in a row on Azure".to_owned())
        } else {
            Ok(())
        }
    });
    let missing = id.account.is_none().then(|| {
        Refusal::new(
            "account",
            "On Azure, a bucket is a container of a storage account that is made with it: give the account a name, 3 to 24 \
             lowercase letters and digits, that nobody else in Azure has.",
        )
    });
    let name = checked("name", "container name", name, rule);
    name.into_iter().chain(missing).collect()
}

pub(crate) fn role(name: &RoleName) -> Option<Refusal> {
    let text = name.as_str();
    let rule = length(text, 3, 128)
        .and_then(|()| only(text, "-_", "letters, digits, hyphens and underscores"))
        .and_then(|()| begins(text, |c| c.is_ascii_alphanumeric(), "a letter or a digit"));
    checked("name", "name of a managed identity", text, rule)
}

pub(crate) fn registry(name: &RegistryName) -> Option<Refusal> {
    let text = name.as_str();
    let rule = only(text, "", "letters and digits").and_then(|()| length(text, 5, 50));
    checked("name", "registry name", text, rule)
}

pub(crate) fn log_group(name: &LogGroupName) -> Option<Refusal> {
    let text = name.as_str();
    let rule = only(text, "-", "letters, digits and hyphens")
        .and_then(|()| length(text, 4, 63))
        .and_then(|()| {
            if text.starts_with('-') || text.ends_with('-') {
                Err("must begin and end with a letter or a digit on Azure".to_owned())
            } else {
                Ok(())
            }
        });
    checked("name", "Log Analytics workspace name", text, rule)
}

/// What a workspace of the tier that we make keeps.
pub(crate) fn retention(retention: Option<Retention>) -> Option<Refusal> {
    let days = retention.map(Retention::days);
    if days.is_some_and(|days| (30..=730).contains(&days)) {
        return None;
    }
    let given = days.map_or_else(|| "no end".to_owned(), |days| format!("{days} days"));
    let reason = format!("Log Analytics keeps logs for 30 to 730 days, not for {given}.");
    Some(Refusal::new("retention", reason))
}

pub(crate) fn secret(name: &SecretName) -> Option<Refusal> {
    let rule = vault_secret(name).map(|_| ());
    checked("name", "secret name", name.as_str(), rule)
}

pub(crate) fn vault_secret(name: &SecretName) -> Result<VaultSecret<'_>, String> {
    let Some((vault, secret)) = name.as_str().split_once('/') else {
        return Err("must be VAULT/SECRET on Azure: the name of a key vault that exists, and the secret's own".into());
    };
    vault_name(vault)?;
    length(secret, 1, 127)?;
    only(secret, "-", "letters, digits and hyphens after the vault")?;
    Ok(VaultSecret { vault, secret })
}

/// The vault that a prefix names: rights are given on whole vaults.
pub(crate) fn vault_of(prefix: &SecretPrefix) -> Result<&str, String> {
    let vault = prefix.as_str().strip_suffix('/');
    let Some(vault) = vault.filter(|vault| !vault.contains('/')) else {
        return Err(
            "must be a key vault's name and \"/\" on Azure, where rights are given on whole vaults"
                .into(),
        );
    };
    vault_name(vault)?;
    Ok(vault)
}

pub(crate) fn secret_prefix(prefix: &SecretPrefix) -> Option<Refusal> {
    let rule = vault_of(prefix).map(|_| ());
    checked("secrets", "secret prefix", prefix.as_str(), rule)
}

fn vault_name(text: &str) -> Checked {
    let rule = length(text, 3, 24)
        .and_then(|()| only(text, "-", "letters, digits and hyphens"))
        .and_then(|()| begins(text, |c| c.is_ascii_alphabetic(), "a letter"));
    rule.map_err(|rule| format!("names the key vault {text:?}, which {rule}"))
}

/// A quote would end the text inside a condition of a role assignment.
pub(crate) fn prefix(prefix: &ObjectPrefix) -> Option<Refusal> {
    let rule = if prefix.as_str().contains('\'') {
        Err("must not hold a single quote on Azure".to_owned())
    } else {
        Ok(())
    };
    checked("buckets", "object prefix", prefix.as_str(), rule)
}

pub(crate) fn key(key: Option<&KmsKey>) -> Option<Refusal> {
    let key = key?;
    let reason = vault_key(key).err()?;
    Some(Refusal::new("kms_key", reason))
}

pub(crate) fn vault_key(key: &KmsKey) -> Result<VaultKey, String> {
    let refused = || {
        format!(
            "\"{key}\" is not a key of Key Vault: give its URL, https://VAULT.vault.azure.net/keys/NAME, without a version to \
             follow its rotation."
        )
    };
    let url = Url::parse(key.as_str()).map_err(|_| refused())?;
    let host = url.host_str().unwrap_or_default();
    let parts: Vec<_> = url
        .path_segments()
        .map(Iterator::collect)
        .unwrap_or_default();
    let (name, version) = match parts[..] {
        ["keys", name] => (name, None),
        ["keys", name, version] if !version.is_empty() => (name, Some(version.to_owned())),
        _ => return Err(refused()),
    };
    let (vault, domain) = host.split_once('.').ok_or_else(refused)?;
    let plain = url.scheme() == "https" && url.query().is_none() && url.port().is_none();
    if !plain || !domain.starts_with("vault.") || name.is_empty() {
        return Err(refused());
    }
    Ok(VaultKey {
        vault_uri: format!("https://{host}"),
        vault: vault.to_owned(),
        name: name.to_owned(),
        version,
    })
}

pub(crate) fn networks(networks: &AllowedNetworks) -> Option<Refusal> {
    let ranges = networks.ip_ranges.iter().find_map(|text| {
        Some(Refusal::new(
            "allowed_networks",
            format!("{text:?} {}.", ip_range(text).err()?),
        ))
    });
    let subnets = networks.subnets.iter().find(|id| {
        let id = id.as_str().to_lowercase();
        !id.starts_with("/subscriptions/")
            || !id.contains("/providers/microsoft.network/virtualnetworks/")
            || !id.contains("/subnets/")
    });
    ranges.or_else(|| {
        subnets.map(|id| {
            let reason = format!(
                "\"{id}\" is not a subnet: give its full id, \
                 /subscriptions/…/providers/Microsoft.Network/virtualNetworks/NETWORK/subnets/SUBNET."
            );
            Refusal::new("allowed_networks", reason)
        })
    })
}

fn ip_range(text: &str) -> Checked {
    let (address, bits) = match text.split_once('/') {
        None => (text, None),
        Some((address, bits)) => (address, Some(bits)),
    };
    let Ok(address) = address.parse::<Ipv4Addr>() else {
        return Err("is not an IPv4 address or range: storage accounts know no others".into());
    };
    if address.is_private() {
        return Err(
            "is a private address, which storage accounts never see: name the subnet instead"
                .into(),
        );
    }
    match bits.map(str::parse::<u8>) {
        None | Some(Ok(0..=30)) => Ok(()),
        Some(Ok(31 | 32)) => {
            Err("is a range of one or two addresses: write each without a prefix".into())
        }
        Some(_) => Err("has no prefix of 0 to 30 bits".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn said(refusal: Option<Refusal>) -> String {
        refusal.unwrap().to_string()
    }

    #[test]
    fn a_bucket_needs_an_account_and_the_grammar_of_containers() {
        let refused = bucket(&"acme.data".parse().unwrap());
        let fields: Vec<_> = refused.iter().map(|refusal| refusal.field).collect();
        assert_eq!(fields, ["name", "account"]);
        assert!(refused[1].reason.contains("storage account"));
        assert!(
            bucket(&"acme/a--b".parse().unwrap())[0]
                .reason
                .contains("two hyphens")
        );
        assert_eq!(bucket(&"acmeprod/metadata-1".parse().unwrap()), []);
    }

    #[test]
    fn each_kind_has_its_own_grammar() {
        assert!(said(role(&"ab".parse().unwrap())).contains("3 to 128"));
        assert!(said(role(&"a.b".parse().unwrap())).contains("'.'"));
        assert_eq!(role(&"adminflyterole".parse().unwrap()), None);
        assert!(said(registry(&"acme/tasks".parse().unwrap())).contains("'/'"));
        assert!(said(registry(&"acme".parse().unwrap())).contains("5 to 50"));
        assert!(said(log_group(&"/acme/tasks".parse().unwrap())).contains("'/'"));
        assert_eq!(log_group(&"acme-tasks".parse().unwrap()), None);
    }

    #[test]
    fn logs_are_kept_between_a_month_and_two_years() {
        let days = |days| Retention::try_from(days).ok();
        for kept in [30, 31, 730] {
            assert_eq!(retention(days(kept)), None, "{kept}");
        }
        assert!(said(retention(days(7))).contains("7 days"));
        assert!(said(retention(None)).contains("30 to 730"));
    }

    #[test]
    fn a_secret_lies_in_a_vault() {
        assert_eq!(
            vault_secret(&"acme-vault/token".parse().unwrap()),
            Ok(VaultSecret {
                vault: "acme-vault",
                secret: "token"
            })
        );
        assert!(said(secret(&"token".parse().unwrap())).contains("VAULT/SECRET"));
        assert!(said(secret(&"acme/a/b".parse().unwrap())).contains("'/'"));
        assert!(said(secret(&"1acme/a".parse().unwrap())).contains("key vault \"1acme\""));
        assert_eq!(vault_of(&"acme/".parse().unwrap()), Ok("acme"));
        assert!(said(secret_prefix(&"acme/team/".parse().unwrap())).contains("whole vaults"));
        assert!(said(secret_prefix(&"acme-".parse().unwrap())).contains("whole vaults"));
    }

    #[test]
    fn keys_are_urls_of_key_vault() {
        let full = vault_key(
            &"https://acme.vault.azure.net/keys/data/0123"
                .parse()
                .unwrap(),
        )
        .unwrap();
        assert_eq!(
            (
                full.vault.as_str(),
                full.name.as_str(),
                full.version.as_deref()
            ),
            ("acme", "data", Some("0123"))
        );
        for bad in [
            "alias/acme",
            "https://acme.managedhsm.azure.net/keys/k",
            "https://acme.vault.azure.net/x/keys/k",
            "https://acme.vault.azure.net/keys/k/",
        ] {
            assert!(
                said(key(bad.parse().ok().as_ref())).contains("not a key of Key Vault"),
                "{bad}"
            );
        }
    }

    #[test]
    fn networks_are_public_ranges_and_subnets() {
        let of = |ranges: &[&str], subnets: &[&str]| AllowedNetworks {
            ip_ranges: ranges.iter().map(|&r| r.to_owned()).collect(),
            subnets: subnets.iter().map(|&s| s.parse().unwrap()).collect(),
        };
        let subnet = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/n/subnets/a";
        assert_eq!(
            networks(&of(&["16.17.18.0/24", "16.17.18.19"], &[subnet])),
            None
        );
        for (ranges, part) in [
            ("10.0.0.0/8", "private"),
            ("16.17.18.19/32", "without a prefix"),
            ("::1", "IPv4"),
            ("16.17.18.0/33", "bits"),
        ] {
            assert!(
                said(networks(&of(&[ranges], &[]))).contains(part),
                "{ranges}"
            );
        }
        assert!(said(networks(&of(&[], &["subnet-1"]))).contains("not a subnet"));
    }
}

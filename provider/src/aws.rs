//! The `aws` block of the provider: which account and region, and by whose credentials.

use std::{collections::BTreeMap, fmt, str::FromStr};

use clouds::{
    Clouds,
    account::{AccountId, Region},
};
use clouds_aws::{AssumeRole, Config};
use dataplane_api::identity::RoleArn;
use framework::{Model, Provider as _, Result, Set, Text, Value, text};

use crate::{endpoints, provider::Dataplane};

/// What sessions are called in audit logs.
const SESSION: &str = "terraform-provider-dataplane";

/// Amazon Web Services.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct AwsModel {
    /// Region where everything is made, for example `eu-west-1`.
    #[attr(required, validate = known_region)]
    pub region: Value<Text<Region>>,
    /// Profile of the shared configuration and credentials files.
    #[attr(optional)]
    pub profile: Value<String>,
    /// Role to assume with the credentials found, for work in another account.
    #[attr(optional)]
    pub assume_role: Value<AssumeRoleModel>,
    /// Ids of the accounts this configuration may work in. Checked before the first change; any other account is an error.
    #[attr(optional, validate = some_account)]
    pub allowed_account_ids: Value<Set<Text<AwsAccount>>>,
    /// Addresses to use instead of a service's own, by service: `ec2`, `ecr`, `eks`, `iam`, `logs`, `s3`, `secretsmanager`, `sts`.
    #[attr(optional)]
    pub endpoints: Value<BTreeMap<String, String>>,
}

/// Role to assume.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct AssumeRoleModel {
    /// ARN of the role.
    #[attr(required)]
    pub role_arn: Value<Text<RoleArn>>,
    /// External id that the role's trust policy asks for.
    #[attr(optional)]
    pub external_id: Value<String>,
    /// Name of the session, as the account's audit log shows it. Default: `terraform-provider-dataplane`.
    #[attr(optional)]
    pub session_name: Value<String>,
    /// Who is behind the session, as the audit logs of the account and of all accounts reached from it show it: letters, digits and
    /// `+=,.@-_`. The role's trust policy has to allow `sts:SetSourceIdentity`.
    #[attr(optional, validate = source_identity)]
    pub source_identity: Value<String>,
    /// Tags of the session, for conditions on `aws:PrincipalTag` and for the audit log. The role's trust policy has to allow
    /// `sts:TagSession`.
    #[attr(optional, validate = session_tags)]
    pub tags: Value<BTreeMap<String, String>>,
    /// How long credentials of the role are good for before they are asked for anew, from `15m` up to what the role allows. Default:
    /// `1h`.
    #[attr(optional, validate = session_duration)]
    pub duration: Value<Text<text::Duration>>,
}

fn known_region(region: &Text<Region>) -> std::result::Result<(), String> {
    clouds_aws::regions::check(region).map_err(|unknown| unknown.to_string())
}

fn source_identity(identity: &String) -> std::result::Result<(), String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "+=,.@-_".contains(c);
    if (2..=64).contains(&identity.len()) && identity.chars().all(allowed) {
        return Ok(());
    }
    Err(format!(
        "{identity:?} is no source identity: write 2 to 64 letters, digits and +=,.@-_, for example alice@acme.example"
    ))
}

fn session_tags(tags: &BTreeMap<String, String>) -> std::result::Result<(), String> {
    clouds_aws::check_tags(tags).map_err(|wrong| wrong.to_string())
}

fn session_duration(duration: &Text<text::Duration>) -> std::result::Result<(), String> {
    let seconds = duration.get().as_secs();
    if (900..=43_200).contains(&seconds) {
        return Ok(());
    }
    Err(format!("must be 15m to 12h, not {duration}"))
}

fn some_account(accounts: &Set<Text<AwsAccount>>) -> std::result::Result<(), String> {
    if accounts.is_empty() {
        return Err(
            "an empty set allows no account at all: leave the argument out to allow any".to_owned(),
        );
    }
    Ok(())
}

/// An account of AWS, which other clouds' ids are not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwsAccount(AccountId);

impl FromStr for AwsAccount {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let digits = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse() {
            Ok(account) if digits => Ok(Self(account)),
            _ => Err(format!(
                "{text:?} is not an AWS account: write its 12 digits in quotes"
            )),
        }
    }
}

impl fmt::Display for AwsAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl AwsModel {
    /// The account, without calling it; none while one of the settings is unknown.
    pub fn connect(self) -> Result<Option<Clouds>> {
        let Self {
            region,
            profile,
            assume_role,
            allowed_account_ids,
            endpoints,
        } = self;
        let unknown = region.is_unknown()
            || profile.is_unknown()
            || assume_role.is_unknown()
            || allowed_account_ids.is_unknown()
            || endpoints.is_unknown();
        let assume_role = match assume_role.into_known() {
            Some(role)
                if role.role_arn.is_unknown()
                    || role.external_id.is_unknown()
                    || role.session_name.is_unknown()
                    || role.source_identity.is_unknown()
                    || role.tags.is_unknown()
                    || role.duration.is_unknown() =>
            {
                return Ok(None);
            }
            Some(role) => Some(AssumeRole {
                role_arn: role.role_arn.get()?.to_string(),
                external_id: role.external_id.into_known(),
                session_name: Some(
                    role.session_name
                        .into_known()
                        .unwrap_or_else(|| SESSION.into()),
                ),
                source_identity: role.source_identity.into_known(),
                tags: role.tags.into_known().unwrap_or_default(),
                duration: role.duration.into_known().map(|duration| duration.get()),
            }),
            None => None,
        };
        if unknown {
            return Ok(None);
        }
        let config = Config {
            profile: profile.into_known(),
            assume_role,
            endpoints: endpoints::by_service(endpoints)?,
            allowed_account_ids: allowed_account_ids
                .into_known()
                .into_iter()
                .flatten()
                .map(|account| account.into_inner().0)
                .collect(),
            user_agent: format!("terraform-provider-dataplane/{}", Dataplane::VERSION),
            ..Config::new(Region::clone(region.get()?))
        };
        Ok(Some(clouds_aws::connect(
            config,
            clouds_aws_ec2::connectivity,
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_its_twelve_digits() {
        assert!("012345678901".parse::<AwsAccount>().is_ok());
        for bad in [
            "12345678901",
            "acme-prod-1",
            "8ad3f4e2-7c11-4c7b-9a26-0f5a8e6a1c11",
            "",
        ] {
            assert_eq!(
                bad.parse::<AwsAccount>().unwrap_err(),
                format!("{bad:?} is not an AWS account: write its 12 digits in quotes")
            );
        }
    }
}

//! The `aws` block of the provider: which account and region, and by whose credentials.

use std::{collections::BTreeMap, fmt, str::FromStr};

use clouds::{
    Clouds,
    account::{AccountId, Region},
};
use clouds_aws::{AssumeRole, Config};
use dataplane_api::identity::RoleArn;
use framework::{Model, Provider as _, Result, Set, Text, Value};

use crate::{endpoints, provider::Dataplane};

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
}

fn known_region(region: &Text<Region>) -> std::result::Result<(), String> {
    clouds_aws::regions::check(region).map_err(|unknown| unknown.to_string())
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
                    || role.session_name.is_unknown() =>
            {
                return Ok(None);
            }
            Some(role) => Some(AssumeRole {
                role_arn: role.role_arn.get()?.to_string(),
                external_id: role.external_id.into_known(),
                session_name: role.session_name.into_known(),
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

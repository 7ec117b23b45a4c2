//! The policy of a bucket: our statements and the customer's own, put together and taken apart again.

use std::collections::BTreeSet;

use clouds::account::AccountId;
use clouds::buckets::Protection;
use clouds::policies::{PolicyDocument, Statements};
use serde_json::{Value, json};

const TLS_ONLY: &str = "DataplaneTlsOnly";
const OWN_ACCOUNT_ONLY: &str = "DataplaneOwnAccountOnly";

/// Where a bucket is and whose.
pub(crate) struct Owner<'a> {
    pub(crate) partition: &'a str,
    pub(crate) account: &'a AccountId,
    pub(crate) bucket: &'a str,
}

/// Our statements and the customer's. An account that the customer's statements allow by name is let in.
pub(crate) fn compose(owner: &Owner<'_>, own: &Statements) -> PolicyDocument {
    let mut statements = vec![tls_only(owner), own_account_only(owner, own)];
    statements.extend(own.as_slice().iter().cloned());
    PolicyDocument::new(json!({ "Version": "2012-10-17", "Statement": statements }))
}

/// The customer's statements of a policy, and which of ours are in it as they should be.
pub(crate) fn split(
    owner: &Owner<'_>,
    policy: &PolicyDocument,
) -> (Statements, BTreeSet<Protection>) {
    let all = policy.statements();
    let is_ours = |statement: &&Value| {
        [TLS_ONLY, OWN_ACCOUNT_ONLY].contains(&statement["Sid"].as_str().unwrap_or(""))
    };
    let (ours, theirs): (Vec<_>, Vec<_>) = all.as_slice().iter().partition(is_ours);
    let theirs = Statements::from(theirs.into_iter().cloned().collect::<Vec<_>>());
    let ours = Statements::from(ours.into_iter().cloned().collect::<Vec<_>>());
    let has = |wanted: Value| {
        ours.as_slice()
            .contains(&Statements::from(vec![wanted]).as_slice()[0])
    };
    let mut protections = BTreeSet::new();
    if has(tls_only(owner)) {
        protections.insert(Protection::TlsOnly);
    }
    if has(own_account_only(owner, &theirs)) {
        protections.insert(Protection::OwnAccountOnly);
    }
    (theirs, protections)
}

fn tls_only(owner: &Owner<'_>) -> Value {
    json!({
        "Sid": TLS_ONLY,
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": resources(owner),
        "Condition": { "Bool": { "aws:SecureTransport": "false" } },
    })
}

/// AWS's own services (log delivery, inventory) have no account, so they are let through to what the policy allows them.
fn own_account_only(owner: &Owner<'_>, own: &Statements) -> Value {
    let mut accounts = named_accounts(own);
    accounts.insert(owner.account.to_string());
    json!({
        "Sid": OWN_ACCOUNT_ONLY,
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": resources(owner),
        "Condition": {
            "StringNotEquals": { "aws:PrincipalAccount": accounts },
            "BoolIfExists": { "aws:PrincipalIsAWSService": "false" },
        },
    })
}

fn resources(owner: &Owner<'_>) -> [String; 2] {
    let arn = format!("arn:{}:s3:::{}", owner.partition, owner.bucket);
    [format!("{arn}/*"), arn]
}

/// The accounts of the principals that the statements allow.
fn named_accounts(statements: &Statements) -> BTreeSet<String> {
    let allowing = statements
        .as_slice()
        .iter()
        .filter(|statement| statement["Effect"] == "Allow");
    let principals = allowing.flat_map(|statement| match &statement["Principal"]["AWS"] {
        Value::Array(all) => all.clone(),
        one => vec![one.clone()],
    });
    let account = |principal: &Value| {
        let text = principal.as_str()?;
        let account = text.split(':').nth(4).unwrap_or(text);
        (account.len() == 12 && account.chars().all(|c| c.is_ascii_digit()))
            .then(|| account.to_owned())
    };
    principals
        .filter_map(|principal| account(&principal))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_owner<T>(test: impl FnOnce(&Owner<'_>) -> T) -> T {
        let account = "123456789012".parse().unwrap();
        test(&Owner {
            partition: "aws",
            account: &account,
            bucket: "acme",
        })
    }

    fn partner() -> Statements {
        let statement = json!({
            "Sid": "Partner", "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::210987654321:role/reader" },
            "Action": "s3:GetObject", "Resource": "arn:aws:s3:::acme/shared/*",
        });
        Statements::from(vec![statement])
    }

    #[test]
    fn our_statements() {
        let policy = with_owner(|owner| compose(owner, &Statements::default()));
        assert_eq!(
            policy.to_string(),
            r#"{"Statement":[{"Action":"s3:*","Condition":{"Bool":{"aws:SecureTransport":"false"}},"Effect":"Deny","Principal":"*","Resource":["arn:aws:s3:::acme","arn:aws:s3:::acme/*"],"Sid":"DataplaneTlsOnly"},{"Action":"s3:*","Condition":{"BoolIfExists":{"aws:PrincipalIsAWSService":"false"},"StringNotEquals":{"aws:PrincipalAccount":"123456789012"}},"Effect":"Deny","Principal":"*","Resource":["arn:aws:s3:::acme","arn:aws:s3:::acme/*"],"Sid":"DataplaneOwnAccountOnly"}],"Version":"2012-10-17"}"#
        );
    }

    #[test]
    fn the_customers_statements_come_back_and_let_their_accounts_in() {
        with_owner(|owner| {
            let policy = compose(owner, &partner());
            assert!(
                policy
                    .to_string()
                    .contains(r#""aws:PrincipalAccount":["123456789012","210987654321"]"#)
            );
            let (theirs, protections) = split(owner, &policy);
            assert_eq!(theirs, partner());
            assert_eq!(
                protections,
                BTreeSet::from([Protection::TlsOnly, Protection::OwnAccountOnly])
            );
        });
    }

    #[test]
    fn a_weakened_statement_of_ours_is_seen() {
        with_owner(|owner| {
            let text = compose(owner, &partner()).to_string();
            let weakened: PolicyDocument = text
                .replace("StringNotEquals", "StringNotLike")
                .parse()
                .unwrap();
            assert_eq!(
                split(owner, &weakened).1,
                BTreeSet::from([Protection::TlsOnly])
            );
            let other: PolicyDocument = text
                .replace("210987654321:role", "222222222222:role")
                .parse()
                .unwrap();
            assert_eq!(
                split(owner, &other).1,
                BTreeSet::from([Protection::TlsOnly])
            );
        });
    }
}

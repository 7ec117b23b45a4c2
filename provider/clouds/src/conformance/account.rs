//! What every backend says of the caller.

use std::collections::BTreeSet;

use crate::account::{Account, Managed, Operation, Within};
use crate::policies::PolicyDocument;

/// The whole suite.
pub async fn suite(account: &dyn Account) {
    let caller = account.caller().await.unwrap();
    assert!(!caller.principal.is_empty());
    assert_eq!(account.caller().await.unwrap(), caller);
    let everything = Within::default();
    let all = required(
        account,
        Managed::ALL.into(),
        Operation::ALL.into(),
        &everything,
    )
    .await;
    assert!(!all.statements().is_empty());
    let buckets = BTreeSet::from([Managed::Buckets]);
    let wide = required(account, buckets.clone(), Operation::ALL.into(), &everything).await;
    assert_ne!(wide, all);
    assert_ne!(
        required(
            account,
            Managed::ALL.into(),
            [Operation::Read].into(),
            &everything
        )
        .await,
        all
    );
    let names = BTreeSet::from(["acme-*".parse().unwrap()]);
    let some = Within {
        names: [(Managed::Buckets, names)].into(),
        ..everything
    };
    let narrow = required(account, buckets, Operation::ALL.into(), &some).await;
    assert_ne!(narrow, wide);
    assert!(narrow.to_string().contains("acme-*"), "{narrow}");
}

async fn required(
    account: &dyn Account,
    managed: BTreeSet<Managed>,
    operations: BTreeSet<Operation>,
    within: &Within,
) -> PolicyDocument {
    account
        .required(&managed, &operations, within)
        .await
        .unwrap()
}

//! What every backend says of the caller.

use crate::account::{Account, Managed, Operation};

/// The whole suite.
pub async fn suite(account: &dyn Account) {
    let caller = account.caller().await.unwrap();
    assert!(!caller.principal.is_empty());
    assert_eq!(account.caller().await.unwrap(), caller);
    let all = account.required(&Managed::ALL.into(), &Operation::ALL.into());
    assert!(!all.statements().is_empty());
    assert_ne!(
        account.required(&[Managed::Buckets].into(), &Operation::ALL.into()),
        all
    );
    assert_ne!(
        account.required(&Managed::ALL.into(), &[Operation::Read].into()),
        all
    );
}

//! What every backend says of the caller.

use std::collections::BTreeSet;

use super::tags;
use crate::account::{Account, Managed, Operation};
use crate::tags::{CREATING, OWNER, RESOURCE, Tags};

/// The whole suite.
pub async fn suite(account: &dyn Account) {
    let caller = account.caller().await.unwrap();
    assert!(!caller.principal.is_empty());
    assert_eq!(account.caller().await.unwrap(), caller);
    let all = account.required(&Managed::ALL.into(), &Operation::ALL.into());
    let empty = account.required(&BTreeSet::new(), &Operation::ALL.into());
    assert_ne!(all, empty);
    assert_ne!(
        account.required(&[Managed::Buckets].into(), &Operation::ALL.into()),
        all
    );
    assert_ne!(
        account.required(&Managed::ALL.into(), &[Operation::Read].into()),
        all
    );
    for managed in Managed::ALL {
        let kept = account.kept(managed, &tags(true), &Tags::new()).unwrap();
        for mark in [OWNER, RESOURCE, CREATING] {
            assert!(kept.contains_key(mark), "{managed:?} keeps the mark {mark}");
        }
        assert_eq!(
            account.kept(managed, &kept, &Tags::new()).unwrap(),
            kept,
            "what is kept is kept as it is"
        );
        let mut other = tags(true);
        other.insert(RESOURCE.to_owned(), format!("kind/{}", "long".repeat(60)));
        let first = account.kept(managed, &other, &Tags::new()).unwrap();
        other.insert(RESOURCE.to_owned(), format!("kind/{}r", "long".repeat(60)));
        let second = account.kept(managed, &other, &Tags::new()).unwrap();
        assert_ne!(
            first[RESOURCE], second[RESOURCE],
            "a shortened mark stays its own"
        );
    }
}

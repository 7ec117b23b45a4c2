//! What every backend says of the caller.

use std::collections::BTreeSet;

use super::tags;
use crate::account::{Access, Account, Managed, Module, Operation, Within};
use crate::error::Error;
use crate::policies::PolicyDocument;
use crate::tags::{CREATING, OWNER, RESOURCE, Tags};

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
    let none = required(account, BTreeSet::new(), Operation::ALL.into(), &everything).await;
    assert_ne!(all, none);
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
    granted(account, &buckets).await;
    of_modules(account).await;
    let names = BTreeSet::from(["acme-*".parse().unwrap()]);
    let some = Within {
        names: [(Managed::Buckets, names)].into(),
        ..everything
    };
    let all = Operation::ALL.into();
    match account
        .required(&buckets, &BTreeSet::new(), &all, &some)
        .await
    {
        // A role of Azure names actions, and no objects.
        Err(Error::Unsupported(_)) => {}
        narrow => {
            let narrow = narrow.unwrap();
            assert_ne!(narrow, wide);
            assert!(narrow.to_string().contains("acme-*"), "{narrow}");
        }
    }
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

/// Who comes to make or change or remove is given what that takes; who breaks glass can look, and get into the cluster.
async fn granted(account: &dyn Account, managed: &BTreeSet<Managed>) {
    use Operation::{Create, Delete, Read, Update};
    let everything = Within::default();
    for (access, operations) in [
        (Access::Provision, [Create, Read, Update].as_slice()),
        (Access::Maintain, &[Read, Update]),
        (Access::Deprovision, &[Read, Delete]),
    ] {
        let operations = operations.iter().copied().collect();
        assert_eq!(
            account
                .granted(access, managed, &BTreeSet::new(), &everything)
                .await
                .unwrap(),
            required(account, managed.clone(), operations, &everything).await,
            "{access:?}"
        );
    }
    let no_modules = BTreeSet::new();
    let emergency = account.granted(Access::BreakGlass, managed, &no_modules, &everything);
    let emergency = emergency.await.unwrap();
    let looking = required(account, managed.clone(), [Read].into(), &everything).await;
    assert_ne!(emergency, looking, "a cluster is looked at, too");
    let all = Managed::ALL.into();
    let of_all = account.granted(Access::BreakGlass, &all, &no_modules, &everything);
    assert_ne!(emergency, of_all.await.unwrap());
}

/// Each module has a policy of its own that the cloud takes, and looking at what it holds takes less than making it.
async fn of_modules(account: &dyn Account) {
    let everything = Within::default();
    let there = Module::ALL
        .into_iter()
        .filter_map(|module| Some((module, account.made_by(module)?)));
    let mut seen = BTreeSet::new();
    for (module, managed) in there {
        let modules = BTreeSet::from([module]);
        let of = async |operations| {
            account
                .required(&managed, &modules, &operations, &everything)
                .await
                .unwrap()
        };
        let whole = of(Operation::ALL.into()).await;
        assert_ne!(of([Operation::Read].into()).await, whole, "{module}");
        assert!(seen.insert(whole.to_string()), "{module} is as another");
    }
    assert!(seen.len() > 5, "{seen:?}");
}

async fn required(
    account: &dyn Account,
    managed: BTreeSet<Managed>,
    operations: BTreeSet<Operation>,
    within: &Within,
) -> PolicyDocument {
    account
        .required(&managed, &BTreeSet::new(), &operations, within)
        .await
        .unwrap()
}

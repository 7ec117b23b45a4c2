//! How roles behave.

use std::time::Duration;

use super::{Environment, assert_exists, assert_gone};
use crate::account::Managed;
use crate::clusters::ClusterId;
use crate::roles::{RoleSpec, Roles, SessionDuration, Subject, Trust};

/// The whole suite.
pub async fn suite(roles: &dyn Roles, environment: &Environment) {
    life(roles, environment).await;
    changes(roles, environment).await;
    drift(roles, environment).await;
    if matches!(environment.cluster, ClusterId::Eks { .. }) {
        pod_identity(roles, environment).await;
    }
}

fn spec(environment: &Environment, name: &str) -> RoleSpec {
    RoleSpec {
        name: environment.name(name),
        path: environment
            .boundary
            .as_ref()
            .map(|_| "/conformance/".parse().unwrap()),
        permissions_boundary: None,
        max_session: None,
        trust: environment.trust.clone(),
        subjects: [Subject::new("union", "executor").unwrap()].into(),
        capabilities: environment.capabilities[0].clone(),
    }
}

/// Marked from the creating call on; its permissions come with the first update; gone when deleted.
pub async fn life(roles: &dyn Roles, environment: &Environment) {
    let spec = spec(environment, "life");
    let documents = roles.documents(&spec).await.unwrap();
    let created = roles
        .create(&spec, &environment.marks(Managed::Roles))
        .await
        .unwrap();
    assert_exists(roles.create(&spec, &environment.made(Managed::Roles)).await);
    assert!(!created.principal.as_str().is_empty());
    assert_eq!(created.tags, environment.marks(Managed::Roles));
    assert!(!created.service_account_annotations.is_empty());
    roles.update(&created, &spec).await.unwrap();
    let found = roles.get(&spec.name, Some(&spec)).await.unwrap();
    assert!(
        !found.differs(&spec, &documents),
        "{found:?}\n{documents:?}"
    );
    assert_eq!(found.principal, created.principal);
    assert_eq!(found.path, spec.path);
    assert_eq!(found.trust.as_ref(), Some(&spec.trust));
    assert_eq!(found.tags, environment.marks(Managed::Roles));
    assert_eq!(
        found.service_account_annotations,
        created.service_account_annotations
    );
    roles
        .set_tags(&found, &environment.made(Managed::Roles))
        .await
        .unwrap();
    assert_eq!(
        roles.get(&spec.name, None).await.unwrap().tags,
        environment.made(Managed::Roles)
    );
    roles.delete(&found).await.unwrap();
    assert_gone(roles.get(&spec.name, None).await);
}

fn session(hours: u64) -> Option<SessionDuration> {
    SessionDuration::try_from(Duration::from_hours(hours)).ok()
}

/// Everything that can change does, and nothing is left of what was before.
pub async fn changes(roles: &dyn Roles, environment: &Environment) {
    let first = spec(environment, "changes");
    let second = RoleSpec {
        permissions_boundary: environment.boundary.clone(),
        max_session: roles.defaults().max_session.and(session(2)),
        subjects: [
            Subject::new("union", "proxy").unwrap(),
            Subject::new("acme-dev", "default").unwrap(),
        ]
        .into(),
        capabilities: environment.capabilities[1].clone(),
        ..first.clone()
    };
    let third = RoleSpec {
        max_session: roles.defaults().max_session.and(session(1)),
        ..first.clone()
    };
    let mut found = roles
        .create(&first, &environment.marks(Managed::Roles))
        .await
        .unwrap();
    for wanted in [&first, &second, &third] {
        let documents = roles.documents(wanted).await.unwrap();
        assert!(found.differs(wanted, &documents));
        roles.update(&found, wanted).await.unwrap();
        found = roles.get(&wanted.name, Some(wanted)).await.unwrap();
        assert!(
            !found.differs(wanted, &documents),
            "{found:?}\n{documents:?}"
        );
        assert_eq!(found.subjects, wanted.subjects);
    }
    roles.delete(&found).await.unwrap();
}

/// Policies that somebody added are seen and removed.
pub async fn drift(roles: &dyn Roles, environment: &Environment) {
    let spec = spec(environment, "drift");
    let documents = roles.documents(&spec).await.unwrap();
    roles
        .update(
            &roles
                .create(&spec, &environment.made(Managed::Roles))
                .await
                .unwrap(),
            &spec,
        )
        .await
        .unwrap();
    let strange = environment.stranger.widen_role(&spec.name).await;
    let found = roles.get(&spec.name, Some(&spec)).await.unwrap();
    assert_eq!(found.foreign_policies, strange);
    assert!(found.differs(&spec, &documents));
    roles.update(&found, &spec).await.unwrap();
    let found = roles.get(&spec.name, Some(&spec)).await.unwrap();
    assert!(!found.differs(&spec, &documents));
    environment.stranger.widen_role(&spec.name).await;
    let found = roles.get(&spec.name, Some(&spec)).await.unwrap();
    roles.delete(&found).await.unwrap();
    assert_gone(roles.get(&spec.name, None).await);
}

/// With Pod Identity, which only AWS has, subjects are associations of the cluster.
pub async fn pod_identity(roles: &dyn Roles, environment: &Environment) {
    let ClusterId::Eks { name: cluster, .. } = &environment.cluster else {
        panic!("needs a cluster of EKS")
    };
    let trust = Trust::PodIdentity {
        cluster: cluster.clone(),
    };
    let namespace = environment.namespace();
    let subject = |name: &str| Subject::new(namespace.as_str(), name).unwrap();
    let first = RoleSpec {
        trust,
        subjects: [subject("executor"), subject("proxy")].into(),
        ..spec(environment, "pod-identity")
    };
    let second = RoleSpec {
        subjects: [subject("proxy"), subject("logs")].into(),
        ..first.clone()
    };
    let mut found = roles
        .create(&first, &environment.made(Managed::Roles))
        .await
        .unwrap();
    for wanted in [&first, &second] {
        roles.update(&found, wanted).await.unwrap();
        found = roles.get(&wanted.name, Some(wanted)).await.unwrap();
        assert_eq!(found.subjects, wanted.subjects);
        assert_eq!(found.trust.as_ref(), Some(&wanted.trust));
        assert!(!found.differs(wanted, &roles.documents(wanted).await.unwrap()));
    }
    roles.delete(&found).await.unwrap();
    assert_gone(roles.get(&first.name, Some(&first)).await);
}

//! How roles behave.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{Environment, assert_exists, assert_gone, made, marks};
use crate::clusters::ClusterId;
use crate::roles::{Capability, ForeignPolicy, RoleSpec, Roles, SessionDuration, Subject, Trust};

/// The whole suite.
pub async fn suite(roles: &dyn Roles, environment: &Environment) {
    life(roles, environment).await;
    changes(roles, environment).await;
    drift(roles, environment).await;
    pod_identity(roles, environment).await;
}

fn spec(environment: &Environment, name: &str) -> RoleSpec {
    let provider = format!(
        "arn:aws:iam::123456789012:oidc-provider/issuer.example.com/{}",
        environment.run
    );
    let bucket = environment.name("metadata");
    let all = BTreeSet::new;
    RoleSpec {
        name: environment.name(name),
        path: Some("/conformance/".parse().unwrap()),
        permissions_boundary: None,
        max_session: None,
        trust: Trust::Irsa {
            provider: provider.parse().unwrap(),
        },
        subjects: [Subject::new("union", "executor").unwrap()].into(),
        capabilities: [
            Capability::ReadObjects {
                bucket,
                prefixes: all(),
            },
            Capability::ReadSecrets {
                prefix: "dataplane/".parse().unwrap(),
            },
        ]
        .into(),
    }
}

/// Marked from the creating call on; its permissions come with the first update; gone when deleted.
pub async fn life(roles: &dyn Roles, environment: &Environment) {
    let spec = spec(environment, "life");
    let documents = roles.documents(&spec).await.unwrap();
    let created = roles.create(&spec, &marks()).await.unwrap();
    assert_exists(roles.create(&spec, &made()).await);
    assert!(created.principal.as_str().ends_with(spec.name.as_str()));
    assert_eq!(created.tags, marks());
    assert!(!created.service_account_annotations.is_empty());
    roles.update(&created, &spec).await.unwrap();
    let found = roles.get(&spec.name, Some(&spec.trust)).await.unwrap();
    assert!(
        !found.differs(&spec, &documents),
        "{found:?}\n{documents:?}"
    );
    assert_eq!(found.principal, created.principal);
    assert_eq!(found.path, spec.path);
    assert_eq!(found.trust.as_ref(), Some(&spec.trust));
    assert_eq!(found.tags, marks());
    assert_eq!(
        found.service_account_annotations,
        created.service_account_annotations
    );
    roles.set_tags(&found, &made()).await.unwrap();
    assert_eq!(roles.get(&spec.name, None).await.unwrap().tags, made());
    roles.delete(&found).await.unwrap();
    assert_gone(roles.get(&spec.name, None).await);
}

/// Everything that can change does, and nothing is left of what was before.
pub async fn changes(roles: &dyn Roles, environment: &Environment) {
    let first = spec(environment, "changes");
    let second = RoleSpec {
        permissions_boundary: Some(environment.boundary.clone()),
        max_session: SessionDuration::try_from(Duration::from_hours(2)).ok(),
        subjects: [
            Subject::new("union", "proxy").unwrap(),
            Subject::new("acme-dev", "default").unwrap(),
        ]
        .into(),
        capabilities: [Capability::WriteObjects {
            bucket: environment.name("metadata"),
            prefixes: ["acme/".parse().unwrap()].into(),
        }]
        .into(),
        ..first.clone()
    };
    let third = RoleSpec {
        max_session: SessionDuration::try_from(Duration::from_hours(1)).ok(),
        ..first.clone()
    };
    let mut found = roles.create(&first, &marks()).await.unwrap();
    for wanted in [&first, &second, &third] {
        let documents = roles.documents(wanted).await.unwrap();
        assert!(found.differs(wanted, &documents));
        roles.update(&found, wanted).await.unwrap();
        found = roles.get(&wanted.name, Some(&wanted.trust)).await.unwrap();
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
        .update(&roles.create(&spec, &made()).await.unwrap(), &spec)
        .await
        .unwrap();
    environment
        .stranger
        .widen_role(&spec.name, &environment.boundary)
        .await;
    let found = roles.get(&spec.name, Some(&spec.trust)).await.unwrap();
    let strange = [
        ForeignPolicy::Inline("stranger".into()),
        ForeignPolicy::Attached(environment.boundary.to_string()),
    ];
    assert_eq!(found.foreign_policies, strange.into());
    assert!(found.differs(&spec, &documents));
    roles.update(&found, &spec).await.unwrap();
    let found = roles.get(&spec.name, Some(&spec.trust)).await.unwrap();
    assert!(!found.differs(&spec, &documents));
    environment
        .stranger
        .widen_role(&spec.name, &environment.boundary)
        .await;
    let found = roles.get(&spec.name, Some(&spec.trust)).await.unwrap();
    roles.delete(&found).await.unwrap();
    assert_gone(roles.get(&spec.name, None).await);
}

/// With Pod Identity, subjects are associations of the cluster.
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
    let mut found = roles.create(&first, &made()).await.unwrap();
    for wanted in [&first, &second] {
        roles.update(&found, wanted).await.unwrap();
        found = roles.get(&wanted.name, Some(&wanted.trust)).await.unwrap();
        assert_eq!(found.subjects, wanted.subjects);
        assert_eq!(found.trust.as_ref(), Some(&wanted.trust));
        assert!(!found.differs(wanted, &roles.documents(wanted).await.unwrap()));
    }
    roles.delete(&found).await.unwrap();
    assert_gone(roles.get(&first.name, Some(&first.trust)).await);
}

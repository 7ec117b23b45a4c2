//! Policies of whoever runs us.

use super::super::tests::scope;
use super::*;

fn written(managed: &[Managed], operations: &[Operation], within: &Within) -> PolicyDocument {
    let managed = managed.iter().copied().collect();
    required(
        &scope(),
        &managed,
        &BTreeSet::new(),
        &operations.iter().copied().collect(),
        within,
    )
    .unwrap()
}

fn all(managed: Managed, within: &Within) -> String {
    written(&[managed], &Operation::ALL, within).to_string()
}

fn only(managed: Managed, names: &[&str]) -> Within {
    let names = names.iter().map(|name| name.parse().unwrap()).collect();
    Within {
        names: [(managed, names)].into(),
        kms_keys: Some(BTreeSet::new()),
        owners: BTreeSet::new(),
    }
}

/// What is of this owner.
fn owned(owner: &str) -> Within {
    Within {
        owners: [owner.parse().unwrap()].into(),
        ..Within::default()
    }
}

/// The statement of this name.
fn statement(policy: &PolicyDocument, sid: &str) -> Option<Value> {
    let statements = policy.statements();
    let mut statements = statements.as_slice().iter();
    statements.find(|one| one["Sid"] == sid).cloned()
}

#[test]
fn it_is_by_what_is_managed_and_done() {
    let buckets = all(Managed::Buckets, &Within::default());
    assert!(
        buckets.contains("s3:CreateBucket") && !buckets.contains("iam:"),
        "{buckets}"
    );
    let destroying = written(
        &[Managed::Secrets],
        &[Operation::Delete],
        &Within::default(),
    );
    assert_eq!(
        statement(&destroying, "Secrets").unwrap()["Action"],
        json!(["secretsmanager:DeleteSecret", "secretsmanager:TagResource"]),
        "a secret is marked before it is deleted"
    );
    let reading = written(&Managed::ALL, &[Operation::Read], &Within::default()).to_string();
    assert!(
        reading.contains("s3:GetBucketPolicy") && !reading.contains("kms:"),
        "{reading}"
    );
    assert!(
        !reading.contains("PassRole") && !reading.contains("Create"),
        "{reading}"
    );
}

#[test]
fn without_names_it_is_the_whole_account_and_nothing_else() {
    let everything = written(&Managed::ALL, &Operation::ALL, &Within::default());
    assert_eq!(everything.statements().as_slice().len(), On::ALL.len());
    // EC2 knows no resources of what it lists, and the zones of its names are of no account.
    for statement in everything.statements().as_slice() {
        let list = statement["Action"].to_string().contains("ec2:Describe");
        assert_eq!(statement["Resource"] == "*", list, "{statement}");
        let text = statement.to_string();
        assert!(
            [":123456789012:", ":s3:::", ":route53:::hostedzone/"]
                .iter()
                .any(|known| text.contains(known))
                || list,
            "{text}"
        );
    }
    // Who narrows it by names has room in the documents of some kinds, not in that of all.
    let longest = owned(&"a".repeat(63));
    let everything = written(&Managed::ALL, &Operation::ALL, &longest);
    assert!(
        length(&everything) < LONGEST_POLICY,
        "{}",
        length(&everything)
    );
}

#[test]
fn private_connectivity_is_changed_where_it_bears_a_mark() {
    let of = |managed, operation| written(&[managed], &[operation], &Within::default());
    let deleting = of(Managed::PrivateServices, Operation::Delete);
    let marked = json!({ "Null": { "aws:ResourceTag/dataplane:owner": "false" } });
    assert_eq!(
        statement(&deleting, "Services").unwrap(),
        json!({
            "Sid": "Services",
            "Effect": "Allow",
            "Action": ["ec2:DeleteVpcEndpointServiceConfigurations", "ec2:RejectVpcEndpointConnections"],
            "Condition": marked,
            "Resource": "arn:aws:ec2:eu-west-1:123456789012:vpc-endpoint-service/*",
        })
    );
    let making = of(Managed::PrivateEndpoints, Operation::Create);
    assert_eq!(
        statement(&making, "Endpoints").unwrap()["Condition"],
        marked
    );
    let new = statement(&making, "NewEndpoints").unwrap();
    assert_eq!(new["Action"], "ec2:CreateVpcEndpoint");
    assert_eq!(
        statement(&making, "EndpointNetworks").unwrap()["Resource"],
        json!([
            "arn:aws:ec2:eu-west-1:123456789012:route-table/*",
            "arn:aws:ec2:eu-west-1:123456789012:security-group/*",
            "arn:aws:ec2:eu-west-1:123456789012:subnet/*",
            "arn:aws:ec2:eu-west-1:123456789012:vpc/*"
        ])
    );
    let reading = of(Managed::PrivateEndpoints, Operation::Read);
    assert_eq!(reading.statements().as_slice().len(), 1);
    for managed in [Managed::PrivateServices, Managed::PrivateEndpoints] {
        let within = only(managed, &["acme"]);
        let said = required(
            &scope(),
            &[Managed::Buckets].into(),
            &[].into(),
            &Operation::ALL.into(),
            &within,
        );
        let said = said.unwrap_err().to_string();
        assert!(said.contains("EC2 gives ids and no names"), "{said}");
    }
}

/// Else whoever has the policy could mark what is another's, and then change and delete it.
#[test]
fn marks_are_given_to_what_is_made_and_changed_on_what_has_one() {
    let everything = written(&Managed::ALL, &Operation::ALL, &Within::default());
    let tagging = |statement: &&Value| statement["Action"].to_string().contains("ec2:CreateTags");
    let all = everything.statements();
    let found: Vec<_> = all.as_slice().iter().filter(tagging).collect();
    let conditions: Vec<_> = found.iter().map(|one| &one["Condition"]).collect();
    let marked = json!({ "Null": { "aws:ResourceTag/dataplane:owner": "false" } });
    assert_eq!(
        conditions,
        [
            &in_call("CreateVpcEndpoint"),
            &in_call("CreateVpcEndpointServiceConfiguration"),
            &marked,
            &marked
        ]
    );
    let untagging = |one: &&Value| one["Action"].to_string().contains("ec2:DeleteTags");
    for statement in all.as_slice().iter().filter(untagging) {
        assert_eq!(statement["Condition"], marked, "{statement}");
    }
}

#[test]
fn what_bears_anothers_mark_is_anothers() {
    let of = |managed| written(&[managed], &Operation::ALL, &owned("acme-prod"));
    let mine = json!({
        "StringLike": { "aws:ResourceTag/dataplane:owner": "acme-prod" },
        "StringLikeIfExists": { "aws:RequestTag/dataplane:owner": "acme-prod" },
    });
    for (managed, sid) in [
        (Managed::PrivateServices, "Services"),
        (Managed::PrivateEndpoints, "Endpoints"),
    ] {
        let policy = of(managed);
        assert_eq!(statement(&policy, sid).unwrap()["Condition"], mine, "{sid}");
    }
    let buckets = of(Managed::Buckets).to_string();
    assert!(!buckets.contains("acme-prod"), "{buckets}");
}

#[test]
fn who_breaks_glass_looks_and_is_denied_all_else() {
    let within = only(Managed::Buckets, &["acme-metadata"]);
    let of = |access| {
        granted(
            &scope(),
            access,
            &[Managed::Buckets].into(),
            &[].into(),
            &within,
        )
        .unwrap()
    };
    let policy = of(Access::BreakGlass);
    assert!(statement(&policy, "Clusters").is_some(), "{policy}");
    let denied = statement(&policy, "NothingElse").unwrap();
    assert_eq!(denied["Effect"], "Deny");
    assert_eq!(denied["Resource"], "*");
    let mut reads = statement(&policy, "Buckets").unwrap()["Action"].clone();
    let reads = reads.as_array_mut().unwrap();
    reads.insert(0, json!("eks:DescribeCluster"));
    assert_eq!(denied["NotAction"], json!(reads), "what it allows");
    for access in [Access::Provision, Access::Maintain, Access::Deprovision] {
        let policy = of(access).to_string();
        assert!(!policy.contains("Deny"), "{access:?}: {policy}");
        assert!(!policy.contains("DescribeCluster"), "{access:?}: {policy}");
    }
    let everything = granted(
        &scope(),
        Access::BreakGlass,
        &Managed::ALL.into(),
        &BTreeSet::new(),
        &Within::default(),
    );
    assert!(length(&everything.unwrap()) < LONGEST_POLICY);
}

#[test]
fn roles_are_given_to_the_agent_of_pods_only() {
    let within = only(Managed::Roles, &["adminflyterole", "/dataplane/acme-*"]);
    let policy = written(&[Managed::Roles], &Operation::ALL, &within);
    let roles = json!([
        "arn:aws:iam::123456789012:role/adminflyterole",
        "arn:aws:iam::123456789012:role/dataplane/acme-*"
    ]);
    assert_eq!(
        statement(&policy, "RolesToPods").unwrap(),
        json!({
            "Sid": "RolesToPods",
            "Effect": "Allow",
            "Action": "iam:PassRole",
            "Condition": { "StringEquals": { "iam:PassedToService": "pods.eks.amazonaws.com" } },
            "Resource": roles,
        })
    );
    assert_eq!(statement(&policy, "Roles").unwrap()["Resource"], roles);
    assert_eq!(
        statement(&policy, "Associations").unwrap()["Resource"],
        json!([
            "arn:aws:eks:eu-west-1:123456789012:cluster/*",
            "arn:aws:eks:eu-west-1:123456789012:podidentityassociation/*"
        ])
    );
    let within = only(Managed::Clusters, &["prod"]);
    let policy = written(&[Managed::Roles], &Operation::ALL, &within);
    assert_eq!(
        statement(&policy, "Associations").unwrap()["Resource"],
        json!([
            "arn:aws:eks:eu-west-1:123456789012:cluster/prod",
            "arn:aws:eks:eu-west-1:123456789012:podidentityassociation/prod/*"
        ])
    );
}

#[test]
fn names_and_their_beginnings_are_resources() {
    for (managed, names, sid, resources) in [
        (
            Managed::Buckets,
            vec!["acme-*", "shared"],
            "Buckets",
            json!([
                "arn:aws:s3:::acme-*",
                "arn:aws:s3:::shared",
                "arn:aws:s3:::shared/*"
            ]),
        ),
        (
            Managed::IdentityProviders,
            vec!["https://oidc.eks.eu-west-1.amazonaws.com/id/*"],
            "IdentityProviders",
            json!("arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/*"),
        ),
        (
            Managed::Registries,
            vec!["acme/*"],
            "Registries",
            json!("arn:aws:ecr:eu-west-1:123456789012:repository/acme/*"),
        ),
        (
            Managed::LogGroups,
            vec!["/dataplane/acme"],
            "LogGroups",
            json!([
                "arn:aws:logs:eu-west-1:123456789012:log-group:/dataplane/acme",
                "arn:aws:logs:eu-west-1:123456789012:log-group:/dataplane/acme:*"
            ]),
        ),
        (
            Managed::Secrets,
            vec!["acme/*", "token"],
            "Secrets",
            json!([
                "arn:aws:secretsmanager:eu-west-1:123456789012:secret:acme/*",
                "arn:aws:secretsmanager:eu-west-1:123456789012:secret:token",
                "arn:aws:secretsmanager:eu-west-1:123456789012:secret:token-??????"
            ]),
        ),
        (
            Managed::Clusters,
            vec!["prod"],
            "Clusters",
            json!("arn:aws:eks:*:123456789012:cluster/prod"),
        ),
    ] {
        let policy = written(&[managed], &Operation::ALL, &only(managed, &names));
        assert_eq!(
            statement(&policy, sid).unwrap()["Resource"],
            resources,
            "{sid}"
        );
    }
    // The list of log groups can't be narrowed to some.
    let logs = written(
        &[Managed::LogGroups],
        &[Operation::Read],
        &only(Managed::LogGroups, &["/a"]),
    );
    assert_eq!(
        statement(&logs, "LogGroupList").unwrap(),
        json!({
            "Sid": "LogGroupList",
            "Effect": "Allow",
            "Action": "logs:DescribeLogGroups",
            "Resource": "arn:aws:logs:eu-west-1:123456789012:log-group:*",
        })
    );
}

#[test]
fn keys_of_the_customer_are_used_through_the_service_that_needs_them() {
    let create = [Operation::Create];
    let any = written(&[Managed::Registries], &create, &Within::default());
    assert_eq!(
        statement(&any, "RegistryKeys").unwrap(),
        json!({
            "Sid": "RegistryKeys",
            "Effect": "Allow",
            "Action": ["kms:CreateGrant", "kms:DescribeKey", "kms:RetireGrant"],
            "Condition": { "StringLike": { "kms:ViaService": "ecr.eu-west-1.*" } },
            "Resource": "arn:aws:kms:eu-west-1:123456789012:key/*",
        })
    );
    let arn = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    let keys = [arn, "alias/acme"].map(|key| key.parse().unwrap());
    let within = Within {
        kms_keys: Some(keys.into()),
        ..Within::default()
    };
    let some = written(&[Managed::Secrets], &create, &within);
    assert_eq!(
        statement(&some, "SecretKeys2").unwrap(),
        json!({
            "Sid": "SecretKeys2",
            "Effect": "Allow",
            "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
            "Condition": { "StringLike": { "kms:ViaService": "secretsmanager.eu-west-1.*" } },
            "Resource": arn,
        })
    );
    let alias = statement(&some, "SecretKeys").unwrap();
    assert_eq!(
        alias["Condition"]["ForAnyValue:StringEquals"],
        json!({ "kms:ResourceAliases": "alias/acme" })
    );
    assert!(all(Managed::Secrets, &within).contains("kms:Encrypt"));
    for managed in [Managed::Buckets, Managed::LogGroups, Managed::Roles] {
        assert!(!all(managed, &within).contains("\"kms:"), "{managed:?}");
    }
    let none = only(Managed::Registries, &["acme"]);
    assert!(!all(Managed::Registries, &none).contains("kms:"));
    let google = "projects/p/locations/l/keyRings/r/cryptoKeys/k"
        .parse()
        .unwrap();
    let within = Within {
        kms_keys: Some([google].into()),
        ..Within::default()
    };
    assert!(
        required(
            &scope(),
            &[Managed::Secrets].into(),
            &[].into(),
            &create.into(),
            &within
        )
        .is_err()
    );
}

#[test]
fn a_policy_that_is_nearly_too_long_goes_without_names_of_its_statements() {
    let of_buckets = |count: usize| {
        let names: Vec<_> = (0..count).map(|n| format!("acme-{n}")).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let within = only(Managed::Buckets, &names);
        let policy = written(&Managed::ALL, &Operation::ALL, &within);
        policy.statements().as_slice().to_vec()
    };
    let is_named = |statement: &Value| statement["Sid"].is_string();
    let few = of_buckets(1);
    assert!(few.iter().all(is_named));
    let many = (2..100)
        .map(of_buckets)
        .find(|many| !many.iter().all(is_named));
    let many = many.unwrap();
    assert!(!many.iter().any(is_named));
    assert_eq!(few.len(), many.len());
}

#[test]
fn a_policy_that_iam_does_not_take_is_refused() {
    let names: Vec<_> = (0..120)
        .map(|n| format!("acme-production-metadata-{n}"))
        .collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let within = only(Managed::Buckets, &names);
    let refused = required(
        &scope(),
        &[Managed::Buckets].into(),
        &[].into(),
        &Operation::ALL.into(),
        &within,
    );
    let said = refused.unwrap_err().to_string();
    assert!(
        said.contains("6144") && said.contains("fewer names"),
        "{said}"
    );
}

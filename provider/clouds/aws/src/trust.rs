//! Trust policies: who may take a role on. Written and read here, so that what we find is understood or foreign.

use std::collections::BTreeSet;

use clouds::Result;
use clouds::clusters::ClusterName;
use clouds::identity_providers::IdentityProviderId;
use clouds::policies::PolicyDocument;
use clouds::roles::{Subject, Trust};
use serde_json::{Value, json};

use crate::error::invalid;
use crate::permissions::length;
use crate::session::Scope;

/// The audience of tokens that are exchanged at AWS.
const AUDIENCE: &str = "sts.amazonaws.com";
/// The service that hands out credentials for EKS Pod Identity.
pub(crate) const POD_IDENTITY: &str = "pods.eks.amazonaws.com";
/// The longest trust policy that IAM takes without a raised quota, in characters without spaces.
const LONGEST: usize = 2048;

/// The session tag by which EKS says for which cluster it asks.
const CLUSTER_TAG: &str = "aws:RequestTag/eks-cluster-arn";

/// The trust policy of a role: one statement, exact subjects.
///
/// With Pod Identity the subjects stand in the cluster's associations, and the service is trusted for that cluster only: who
/// may make associations in another cluster of the account does not get at the role by that.
pub(crate) fn write(
    role: &str,
    scope: &Scope,
    trust: &Trust,
    subjects: &BTreeSet<Subject>,
) -> Result<PolicyDocument> {
    let refuse = |why: String| Err(invalid("iam:CreateRole", role, why));
    let statement = match trust {
        Trust::Irsa { provider } => {
            let Some(issuer) = provider.issuer_host_and_path() else {
                return refuse(format!("{provider} is not the ARN of an identity provider"));
            };
            if subjects.is_empty() {
                return refuse(
                    "no service account would be able to take it on: name at least one".into(),
                );
            }
            let subjects: Vec<_> = subjects.iter().map(ToString::to_string).collect();
            json!({
                "Effect": "Allow",
                "Principal": { "Federated": provider.as_str() },
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": { "StringEquals": { format!("{issuer}:aud"): AUDIENCE, format!("{issuer}:sub"): subjects } },
            })
        }
        Trust::PodIdentity { cluster } => json!({
            "Effect": "Allow",
            "Principal": { "Service": POD_IDENTITY },
            "Action": ["sts:AssumeRole", "sts:TagSession"],
            "Condition": { "StringEquals": { CLUSTER_TAG: cluster_arn(scope, cluster) } },
        }),
        Trust::Gke { .. } | Trust::Azure { .. } => {
            return refuse("a role of AWS trusts irsa or pod_identity".into());
        }
    };
    let policy = PolicyDocument::new(json!({ "Version": "2012-10-17", "Statement": [statement] }));
    let length = length(&policy);
    if length > LONGEST {
        return refuse(format!(
            "its trust policy would be {length} characters long, {} more than the {LONGEST} that IAM takes: name fewer subjects, share a \
             service account between workspaces, or use pod_identity, whose trust policy does not grow",
            length - LONGEST
        ));
    }
    Ok(policy)
}

/// What a trust policy says, if it is of the form that `write` writes. Pod identity's cluster stands elsewhere: `known`.
pub(crate) fn read(
    policy: &PolicyDocument,
    scope: &Scope,
    known: Option<&Trust>,
) -> Option<(Trust, BTreeSet<Subject>)> {
    let statement = &policy.value()["Statement"][0];
    let federated = statement["Principal"]["Federated"].as_str();
    let (trust, subjects) = match federated {
        Some(arn) => {
            let provider: IdentityProviderId = arn.parse().ok()?;
            let claim = format!("{}:sub", provider.issuer_host_and_path()?);
            let subjects = match &statement["Condition"]["StringEquals"][&claim] {
                Value::String(one) => BTreeSet::from([one.parse().ok()?]),
                Value::Array(all) => all
                    .iter()
                    .map(|one| one.as_str()?.parse().ok())
                    .collect::<Option<_>>()?,
                _ => return None,
            };
            (Trust::Irsa { provider }, subjects)
        }
        None => match known {
            Some(trust @ Trust::PodIdentity { .. }) => (trust.clone(), BTreeSet::new()),
            _ => return None,
        },
    };
    // Anything beside what we understood would be lost: then it is foreign as a whole.
    (write("", scope, &trust, &subjects).ok()? == *policy).then_some((trust, subjects))
}

fn cluster_arn(scope: &Scope, cluster: &ClusterName) -> String {
    let Scope {
        partition,
        region,
        account,
    } = scope;
    format!("arn:{partition}:eks:{region}:{account}:cluster/{cluster}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROVIDER: &str =
        "arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE";

    fn scope() -> Scope {
        Scope {
            partition: "aws",
            region: "eu-west-1".parse().unwrap(),
            account: "123456789012".parse().unwrap(),
        }
    }

    fn irsa() -> Trust {
        Trust::Irsa {
            provider: PROVIDER.parse().unwrap(),
        }
    }

    fn subjects(count: usize) -> BTreeSet<Subject> {
        (0..count)
            .map(|n| Subject::new("union", &format!("sa-{n}")).unwrap())
            .collect()
    }

    #[test]
    fn irsa_is_one_statement_with_exact_subjects() {
        assert_eq!(
            write("admin", &scope(), &irsa(), &subjects(2))
                .unwrap()
                .to_string(),
            r#"{"Statement":[{"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE:aud":"sts.amazonaws.com","oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE:sub":["system:serviceaccount:union:sa-0","system:serviceaccount:union:sa-1"]}},"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE"}}],"Version":"2012-10-17"}"#
        );
    }

    #[test]
    fn pod_identity_trusts_the_service_for_one_cluster() {
        let trust = Trust::PodIdentity {
            cluster: "prod".parse().unwrap(),
        };
        let policy = write("admin", &scope(), &trust, &subjects(2)).unwrap();
        assert_eq!(
            policy.to_string(),
            r#"{"Statement":[{"Action":["sts:AssumeRole","sts:TagSession"],"Condition":{"StringEquals":{"aws:RequestTag/eks-cluster-arn":"arn:aws:eks:eu-west-1:123456789012:cluster/prod"}},"Effect":"Allow","Principal":{"Service":"pods.eks.amazonaws.com"}}],"Version":"2012-10-17"}"#
        );
        assert_eq!(
            read(&policy, &scope(), Some(&trust)),
            Some((trust, BTreeSet::new()))
        );
        assert_eq!(read(&policy, &scope(), None), None);
        let other = Trust::PodIdentity {
            cluster: "staging".parse().unwrap(),
        };
        assert_eq!(read(&policy, &scope(), Some(&other)), None);
    }

    #[test]
    fn what_was_written_is_read_back() {
        for count in [1, 3] {
            let policy = write("admin", &scope(), &irsa(), &subjects(count)).unwrap();
            assert_eq!(
                read(&policy, &scope(), None),
                Some((irsa(), subjects(count)))
            );
        }
    }

    #[test]
    fn a_wider_trust_is_foreign() {
        let text = write("admin", &scope(), &irsa(), &subjects(1))
            .unwrap()
            .to_string();
        let wider: PolicyDocument = text.replace("StringEquals", "StringLike").parse().unwrap();
        assert_eq!(read(&wider, &scope(), None), None);
        let more: PolicyDocument = text
            .replace(
                "[{",
                r#"[{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"},{"#,
            )
            .parse()
            .unwrap();
        assert_eq!(read(&more, &scope(), None), None);
    }

    #[test]
    fn too_many_subjects_are_refused_with_their_length() {
        let said = write("admin", &scope(), &irsa(), &subjects(60))
            .unwrap_err()
            .to_string();
        assert!(
            said.contains("2048") && said.contains("pod_identity"),
            "{said}"
        );
        assert!(write("admin", &scope(), &irsa(), &BTreeSet::new()).is_err());
    }
}

//! Roles on IAM, and the associations of EKS Pod Identity.
//!
//! Calls: `documents` 0 (the account is asked once per session); `create` 1; `get` 4; `update` 1 per part that differs
//! and per policy that is not ours, 0 when nothing does; `set_tags` 0 to 2; `delete` 1 and 1 per policy. With Pod
//! Identity `get` also lists the cluster's associations and looks at each (1 per 100, and 1 each), `update` and `delete`
//! make 1 more per association that differs.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_iam::types::Role as SdkRole;
use clouds::policies::PolicyDocument;
use clouds::roles::{
    Capability, ForeignPolicy, PolicyArn, PrincipalId, Role, RoleDefaults, RoleDocuments, RoleName,
    RolePath, RoleSpec, Roles, SessionDuration, Subject, Trust,
};
use clouds::tags::TagChange;
use clouds::{Error, Optional, Refusal, Result, Tags};
use futures::{StreamExt, TryStreamExt, stream, try_join};
use percent_encoding::percent_decode_str;

use crate::error::Classify;
use crate::identity_providers::sdk_tags;
use crate::{Aws, names, permissions, tags, trust};

/// The name of our policy in a role.
const OWN_POLICY: &str = "dataplane";
const DEFAULT_SESSION: u64 = 3600;

#[async_trait]
impl Roles for Aws {
    fn check(&self, spec: &RoleSpec) -> Vec<Refusal> {
        let trust = matches!(spec.trust, Trust::Gke { .. } | Trust::Azure { .. });
        let mut refused: Vec<_> = names::role(&spec.name).into_iter().collect();
        refused.extend(trust.then(|| {
            Refusal::new(
                "trust",
                "AWS trusts tokens by `irsa = { provider_arn = … }` or `pod_identity = { cluster = … }`.",
            )
        }));
        for capability in &spec.capabilities {
            refused.extend(match capability {
                Capability::ReadSecrets { prefix } | Capability::WriteSecrets { prefix } => {
                    names::secret_prefix(prefix)
                }
                Capability::UseKey { key } => names::key(Some(key)).map(|refusal| Refusal {
                    field: "kms_keys",
                    ..refusal
                }),
                _ => None,
            });
        }
        refused.dedup();
        refused
    }

    fn defaults(&self) -> RoleDefaults {
        RoleDefaults {
            path: "/".parse().ok(),
            max_session: SessionDuration::try_from(Duration::from_secs(DEFAULT_SESSION)).ok(),
        }
    }

    async fn policy(
        &self,
        name: &RoleName,
        capabilities: &BTreeSet<Capability>,
    ) -> Result<PolicyDocument> {
        permissions::policy(name.as_str(), &self.0.scope().await?, capabilities)
    }

    async fn documents(&self, spec: &RoleSpec) -> Result<RoleDocuments> {
        let name = spec.name.as_str();
        let scope = self.0.scope().await?;
        Ok(RoleDocuments {
            policy: permissions::policy(name, &scope, &spec.capabilities)?,
            trust_policy: trust::write(name, &scope, &spec.trust, &spec.subjects)?,
        })
    }

    async fn create(&self, spec: &RoleSpec, tags: &Tags) -> Result<Role> {
        let name = spec.name.as_str();
        let trust_policy = self.documents(spec).await?.trust_policy;
        let request = self
            .0
            .iam()
            .await?
            .create_role()
            .role_name(name)
            .set_path(spec.path.as_ref().map(ToString::to_string))
            .assume_role_policy_document(trust_policy.to_string())
            .set_permissions_boundary(spec.permissions_boundary.as_ref().map(ToString::to_string))
            .set_max_session_duration(spec.max_session.map(seconds))
            .set_tags(Some(sdk_tags(name, tags)?));
        let answer = request.send().await.classify("iam:CreateRole", name)?;
        let arn = answer
            .role()
            .map(|role| role.arn().to_owned())
            .unwrap_or_default();
        let found = match &spec.trust {
            Trust::PodIdentity { .. } => BTreeSet::new(),
            _ => spec.subjects.clone(),
        };
        Ok(Role {
            name: spec.name.clone(),
            principal: arn
                .parse::<PrincipalId>()
                .classify("iam:CreateRole", name)?,
            path: spec.path.clone(),
            permissions_boundary: spec.permissions_boundary.clone(),
            max_session: spec.max_session,
            policy: None,
            foreign_policies: BTreeSet::new(),
            service_account_annotations: annotations(Some(&spec.trust), &arn),
            pod_labels: BTreeMap::new(),
            trust_policy,
            trust: Some(spec.trust.clone()),
            subjects: found,
            tags: tags.clone(),
        })
    }

    async fn get(&self, name: &RoleName, known: Option<&RoleSpec>) -> Result<Role> {
        let trust = known.map(|known| &known.trust);
        let iam = self.0.iam().await?;
        let call = ("iam:GetRole", name.as_str());
        let answer = iam
            .get_role()
            .role_name(name.as_str())
            .send()
            .await
            .classify(call.0, call.1)?;
        let Some(found) = answer.role else {
            return Err(crate::error::not_found(call.0, name));
        };
        let (policy, foreign_policies) = self.policies(name).await?;
        let text = found.assume_role_policy_document().unwrap_or_default();
        let trust_policy = decode(text)
            .parse::<PolicyDocument>()
            .classify(call.0, call.1)?;
        let scope = self.0.scope().await?;
        let (found_trust, mut subjects) = match trust::read(&trust_policy, &scope, trust) {
            Some((found, subjects)) => (Some(found), subjects),
            None => (None, BTreeSet::new()),
        };
        // Associations hold whatever has become of the trust policy.
        if let Some(Trust::PodIdentity { cluster }) = found_trust.as_ref().or(trust) {
            // A cluster that is gone took its associations along, and left the role.
            subjects = self
                .associations(cluster.as_str(), found.arn())
                .await
                .optional()?
                .unwrap_or_default()
                .into_keys()
                .collect();
        }
        role(
            name,
            &found,
            trust_policy,
            found_trust,
            subjects,
            policy,
            foreign_policies,
        )
    }

    async fn update(&self, found: &Role, wanted: &RoleSpec) -> Result<()> {
        let name = found.name.as_str();
        let documents = self.documents(wanted).await?;
        let iam = self.0.iam().await?;
        if found.permissions_boundary != wanted.permissions_boundary {
            self.set_boundary(found, wanted).await?;
        }
        if found.trust_policy != documents.trust_policy {
            let request = iam.update_assume_role_policy().role_name(name);
            let sent = request
                .policy_document(documents.trust_policy.to_string())
                .send()
                .await;
            sent.classify("iam:UpdateAssumeRolePolicy", name)?;
        }
        let session = wanted
            .max_session
            .filter(|session| found.max_session != Some(*session));
        if let Some(session) = session {
            let sent = iam
                .update_role()
                .role_name(name)
                .max_session_duration(seconds(session))
                .send()
                .await;
            sent.classify("iam:UpdateRole", name)?;
        }
        self.remove_foreign(found).await?;
        if found.policy.as_ref() != Some(&documents.policy) {
            let request = iam
                .put_role_policy()
                .role_name(name)
                .policy_name(OWN_POLICY);
            let sent = request
                .policy_document(documents.policy.to_string())
                .send()
                .await;
            sent.classify("iam:PutRolePolicy", name)?;
        }
        self.associate(found, &wanted.trust, &wanted.subjects).await
    }

    async fn set_tags(&self, found: &Role, tags: &Tags) -> Result<()> {
        let iam = self.0.iam().await?;
        let name = found.name.as_str();
        let change = TagChange::between(&found.tags, tags);
        if !change.set.is_empty() {
            let request = iam
                .tag_role()
                .role_name(name)
                .set_tags(Some(sdk_tags(name, &change.set)?));
            request.send().await.classify("iam:TagRole", name)?;
        }
        if !change.remove.is_empty() {
            let keys = change.remove.into_iter().collect();
            let sent = iam
                .untag_role()
                .role_name(name)
                .set_tag_keys(Some(keys))
                .send()
                .await;
            sent.classify("iam:UntagRole", name)?;
        }
        Ok(())
    }

    async fn delete(&self, found: &Role) -> Result<()> {
        let iam = self.0.iam().await?;
        let name = found.name.as_str();
        if let Some(trust) = &found.trust {
            self.associate(found, trust, &BTreeSet::new()).await?;
        }
        self.remove_foreign(found).await?;
        if found.policy.is_some() {
            let sent = iam
                .delete_role_policy()
                .role_name(name)
                .policy_name(OWN_POLICY)
                .send()
                .await;
            sent.classify("iam:DeleteRolePolicy", name).optional()?;
        }
        iam.delete_role()
            .role_name(name)
            .send()
            .await
            .classify("iam:DeleteRole", name)?;
        Ok(())
    }
}

impl Aws {
    /// Our policy, and what else the role has.
    async fn policies(
        &self,
        name: &RoleName,
    ) -> Result<(Option<PolicyDocument>, BTreeSet<ForeignPolicy>)> {
        let iam = self.0.iam().await?;
        let name = name.as_str();
        let own = async {
            let sent = iam
                .get_role_policy()
                .role_name(name)
                .policy_name(OWN_POLICY)
                .send()
                .await;
            let Some(answer) = sent.classify("iam:GetRolePolicy", name).optional()? else {
                return Ok(None);
            };
            Ok(Some(
                decode(answer.policy_document())
                    .parse::<PolicyDocument>()
                    .classify("iam:GetRolePolicy", name)?,
            ))
        };
        let inline = async {
            let names = iam
                .list_role_policies()
                .role_name(name)
                .into_paginator()
                .items()
                .send();
            names
                .collect::<std::result::Result<Vec<_>, _>>()
                .await
                .classify("iam:ListRolePolicies", name)
        };
        let attached = async {
            let policies = iam
                .list_attached_role_policies()
                .role_name(name)
                .into_paginator()
                .items()
                .send();
            policies
                .collect::<std::result::Result<Vec<_>, _>>()
                .await
                .classify("iam:ListAttachedRolePolicies", name)
        };
        let (own, inline, attached) = try_join!(own, inline, attached)?;
        let inline = inline
            .into_iter()
            .filter(|name| name != OWN_POLICY)
            .map(ForeignPolicy::Inline);
        let attached = attached
            .into_iter()
            .filter_map(|policy| policy.policy_arn)
            .map(ForeignPolicy::Attached);
        Ok((own, inline.chain(attached).collect()))
    }

    async fn remove_foreign(&self, found: &Role) -> Result<()> {
        let iam = self.0.iam().await?;
        let name = found.name.as_str();
        for policy in &found.foreign_policies {
            match policy {
                ForeignPolicy::Inline(policy) => {
                    let sent = iam
                        .delete_role_policy()
                        .role_name(name)
                        .policy_name(policy)
                        .send()
                        .await;
                    sent.classify("iam:DeleteRolePolicy", name).optional()?;
                }
                ForeignPolicy::Attached(arn) => {
                    let sent = iam
                        .detach_role_policy()
                        .role_name(name)
                        .policy_arn(arn)
                        .send()
                        .await;
                    sent.classify("iam:DetachRolePolicy", name).optional()?;
                }
            }
        }
        Ok(())
    }

    async fn set_boundary(&self, found: &Role, wanted: &RoleSpec) -> Result<()> {
        let iam = self.0.iam().await?;
        let name = found.name.as_str();
        if let Some(boundary) = &wanted.permissions_boundary {
            let request = iam
                .put_role_permissions_boundary()
                .role_name(name)
                .permissions_boundary(boundary.as_str());
            request
                .send()
                .await
                .classify("iam:PutRolePermissionsBoundary", name)?;
        } else {
            let sent = iam
                .delete_role_permissions_boundary()
                .role_name(name)
                .send()
                .await;
            sent.classify("iam:DeleteRolePermissionsBoundary", name)?;
        }
        Ok(())
    }

    /// The subjects that a cluster gives this role to, with the ids of their associations.
    async fn associations(&self, cluster: &str, role: &str) -> Result<BTreeMap<Subject, String>> {
        let eks = self.0.eks(&self.0.config.region).await?;
        let call = ("eks:ListPodIdentityAssociations", cluster);
        let listed = eks
            .list_pod_identity_associations()
            .cluster_name(cluster)
            .into_paginator()
            .items()
            .send();
        let listed: Vec<_> = listed
            .collect::<std::result::Result<_, _>>()
            .await
            .classify(call.0, call.1)?;
        let look = |id: String| {
            let eks = &eks;
            async move {
                let request = eks
                    .describe_pod_identity_association()
                    .cluster_name(cluster)
                    .association_id(&id);
                let answer = request
                    .send()
                    .await
                    .classify("eks:DescribePodIdentityAssociation", &id)
                    .optional()?;
                Ok::<_, Error>(
                    answer
                        .and_then(|answer| answer.association)
                        .map(|found| (id, found)),
                )
            }
        };
        let ids = listed
            .into_iter()
            .filter_map(|summary| summary.association_id);
        let found: Vec<_> = stream::iter(ids.map(look))
            .buffer_unordered(8)
            .try_collect()
            .await?;
        let ours = found
            .into_iter()
            .flatten()
            .filter(|(_, association)| association.role_arn() == Some(role));
        let subject = |(id, association): (String, aws_sdk_eks::types::PodIdentityAssociation)| {
            let namespace = association.namespace().unwrap_or_default();
            let subject =
                Subject::new(namespace, association.service_account().unwrap_or_default());
            Ok((
                subject.classify("eks:DescribePodIdentityAssociation", &id)?,
                id,
            ))
        };
        ours.map(subject).collect()
    }

    /// Brings the associations of a role to the wanted subjects; without Pod Identity there are none.
    async fn associate(
        &self,
        found: &Role,
        trust: &Trust,
        subjects: &BTreeSet<Subject>,
    ) -> Result<()> {
        if let Some(Trust::PodIdentity { cluster }) = &found.trust {
            let stays =
                matches!(trust, Trust::PodIdentity { cluster: wanted } if wanted == cluster);
            let gone = |subject: &Subject| !stays || !subjects.contains(subject);
            if found.subjects.iter().any(gone) {
                self.dissociate(cluster.as_str(), found, gone).await?;
            }
        }
        let Trust::PodIdentity { cluster } = trust else {
            return Ok(());
        };
        let known = match &found.trust {
            Some(same) if same == trust => found.subjects.clone(),
            Some(_) => BTreeSet::new(),
            // Somebody changed the trust policy, so that it does not tell for which cluster the subjects were found.
            None => {
                let gone = |subject: &Subject| !subjects.contains(subject);
                self.dissociate(cluster.as_str(), found, gone).await?;
                let left = self.associations(cluster.as_str(), found.principal.as_str());
                let left = left.await.optional()?.unwrap_or_default();
                left.into_keys().collect()
            }
        };
        let eks = self.0.eks(&self.0.config.region).await?;
        for subject in subjects.difference(&known) {
            let request = eks
                .create_pod_identity_association()
                .cluster_name(cluster.as_str())
                .namespace(subject.namespace.as_str())
                .service_account(subject.service_account.as_str())
                .role_arn(found.principal.as_str());
            let sent = request.send().await.classify(
                "eks:CreatePodIdentityAssociation",
                format!("{subject} in {cluster}"),
            );
            sent.map_err(without_cluster)?;
        }
        Ok(())
    }

    async fn dissociate(
        &self,
        cluster: &str,
        found: &Role,
        gone: impl Fn(&Subject) -> bool,
    ) -> Result<()> {
        // A cluster that is gone took its associations along.
        let Some(known) = self
            .associations(cluster, found.principal.as_str())
            .await
            .optional()?
        else {
            return Ok(());
        };
        let eks = self.0.eks(&self.0.config.region).await?;
        for (_, id) in known.into_iter().filter(|(subject, _)| gone(subject)) {
            let request = eks
                .delete_pod_identity_association()
                .cluster_name(cluster)
                .association_id(&id);
            request
                .send()
                .await
                .classify("eks:DeletePodIdentityAssociation", &id)
                .optional()?;
        }
        Ok(())
    }
}

fn role(
    name: &RoleName,
    found: &SdkRole,
    trust_policy: PolicyDocument,
    trust: Option<Trust>,
    subjects: BTreeSet<Subject>,
    policy: Option<PolicyDocument>,
    foreign_policies: BTreeSet<ForeignPolicy>,
) -> Result<Role> {
    let call = ("iam:GetRole", name);
    let boundary = found
        .permissions_boundary()
        .and_then(|boundary| boundary.permissions_boundary_arn());
    let session = found
        .max_session_duration()
        .and_then(|seconds| u64::try_from(seconds).ok())
        .unwrap_or(DEFAULT_SESSION);
    Ok(Role {
        name: name.clone(),
        principal: found
            .arn()
            .parse::<PrincipalId>()
            .classify(call.0, call.1)?,
        path: Some(found.path().parse::<RolePath>().classify(call.0, call.1)?),
        permissions_boundary: boundary
            .map(str::parse::<PolicyArn>)
            .transpose()
            .classify(call.0, call.1)?,
        max_session: SessionDuration::try_from(Duration::from_secs(session)).ok(),
        policy,
        foreign_policies,
        service_account_annotations: annotations(trust.as_ref(), found.arn()),
        pod_labels: BTreeMap::new(),
        trust_policy,
        trust,
        subjects,
        tags: tags::own(
            found
                .tags()
                .iter()
                .map(|tag| (tag.key.clone(), tag.value.clone())),
        ),
    })
}

/// A cluster that is not there will not come by waiting, as a role that was made a moment ago does.
fn without_cluster(error: Error) -> Error {
    match error {
        Error::NotFound(call) => Error::Invalid(call),
        error => error,
    }
}

/// What the webhook of EKS looks for; Pod Identity needs nothing on the service account.
fn annotations(trust: Option<&Trust>, arn: &str) -> BTreeMap<String, String> {
    match trust {
        Some(Trust::PodIdentity { .. }) => BTreeMap::new(),
        _ => BTreeMap::from([("eks.amazonaws.com/role-arn".to_owned(), arn.to_owned())]),
    }
}

fn seconds(session: SessionDuration) -> i32 {
    i32::try_from(session.as_secs()).unwrap_or(i32::MAX)
}

/// IAM answers documents URL-encoded.
fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

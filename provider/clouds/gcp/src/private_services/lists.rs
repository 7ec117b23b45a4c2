//! The two lists of a service attachment: who is let in, and who is kept out.

use std::collections::BTreeSet;

use clouds::private_services::{Answer, ConnectionId, PrincipalPattern, ServiceSettings};
use serde::{Deserialize, Serialize};

use crate::links;

/// Connections are let in by the lists.
pub(super) const MANUAL: &str = "ACCEPT_MANUAL";
/// How many connections a project or a network may have where nothing is said.
pub(super) const USUAL: u32 = 10;

/// Both lists, as they are sent: a change replaces both.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Lists {
    consumer_accept_lists: Vec<Consumer>,
    consumer_reject_lists: Vec<String>,
}

/// Who is let in: a project, a network or an endpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Consumer {
    #[serde(skip_serializing_if = "Option::is_none")]
    project_id_or_num: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    network_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint_url: Option<String>,
    connection_limit: u32,
}

impl Lists {
    /// Those of what is wanted. `accepted` and `rejected` hold whoever has not asked yet as well.
    pub(super) fn wanted(wanted: &ServiceSettings) -> Self {
        let limit = wanted.connection_limit.unwrap_or(USUAL);
        let principals = wanted.allowed.iter().filter(|_| wanted.auto_accept);
        let principals = principals.map(|principal| Consumer::principal(principal, limit));
        let accepted = wanted.accepted.iter().map(Consumer::endpoint);
        Self {
            consumer_accept_lists: principals.chain(accepted).collect(),
            consumer_reject_lists: wanted.rejected.iter().map(link).collect(),
        }
    }

    /// The same with one connection let in, or kept out. Projects and networks leave the lists, which hold one kind only: who is
    /// answered one by one is not let in by name.
    pub(super) fn answered(&self, connection: &ConnectionId, answer: Answer) -> Self {
        let (mut accepted, mut rejected) = (self.accepted(), self.rejected());
        match answer {
            Answer::Accept => {
                rejected.remove(connection);
                accepted.insert(connection.clone());
            }
            Answer::Reject => {
                accepted.remove(connection);
                rejected.insert(connection.clone());
            }
        }
        Self {
            consumer_accept_lists: accepted.iter().map(Consumer::endpoint).collect(),
            consumer_reject_lists: rejected.iter().map(link).collect(),
        }
    }

    pub(super) fn allowed(&self) -> BTreeSet<PrincipalPattern> {
        let named = self.consumer_accept_lists.iter();
        let named = named.filter_map(|consumer| {
            match (&consumer.project_id_or_num, &consumer.network_url) {
                (Some(project), _) => format!("projects/{project}").parse().ok(),
                (None, Some(network)) => links::path(network).parse().ok(),
                (None, None) => None,
            }
        });
        named.collect()
    }

    pub(super) fn accepted(&self) -> BTreeSet<ConnectionId> {
        let endpoints = self.consumer_accept_lists.iter();
        let endpoints = endpoints.filter_map(|consumer| consumer.endpoint_url.as_deref());
        endpoints
            .filter_map(|url| links::path(url).parse().ok())
            .collect()
    }

    pub(super) fn rejected(&self) -> BTreeSet<ConnectionId> {
        let rejected = self.consumer_reject_lists.iter();
        rejected
            .filter_map(|url| links::path(url).parse().ok())
            .collect()
    }

    /// How many connections each may have; none where it is the usual number, 0 where somebody made them differ.
    pub(super) fn limit(&self) -> Option<u32> {
        let principals = self.consumer_accept_lists.iter();
        let principals = principals.filter(|consumer| consumer.endpoint_url.is_none());
        let limits: BTreeSet<_> = principals
            .map(|consumer| consumer.connection_limit)
            .collect();
        match limits.len() {
            0 | 1 => limits.first().copied().filter(|limit| *limit != USUAL),
            _ => Some(0),
        }
    }

    /// Whether this project is let in by name.
    pub(super) fn let_in(&self, project: &str) -> bool {
        let mut named = self.consumer_accept_lists.iter();
        named.any(|consumer| consumer.project_id_or_num.as_deref() == Some(project))
    }
}

impl Consumer {
    fn principal(principal: &PrincipalPattern, limit: u32) -> Self {
        let text = principal.as_str();
        let network = text.contains("/networks/");
        Self {
            project_id_or_num: (!network).then(|| links::project(text).to_owned()),
            network_url: network.then(|| links::url(text)),
            endpoint_url: None,
            connection_limit: limit,
        }
    }

    fn endpoint(connection: &ConnectionId) -> Self {
        Self {
            endpoint_url: Some(link(connection)),
            connection_limit: 1,
            ..Self::default()
        }
    }
}

fn link(connection: &ConnectionId) -> String {
    links::url(connection.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(allowed: &[&str], accepted: &[&str]) -> ServiceSettings {
        ServiceSettings {
            load_balancer: "projects/acme/regions/europe-west4/forwardingRules/api"
                .parse()
                .unwrap(),
            subnets: BTreeSet::new(),
            allowed: allowed.iter().map(|text| text.parse().unwrap()).collect(),
            auto_accept: !allowed.is_empty(),
            accepted: accepted.iter().map(|text| text.parse().unwrap()).collect(),
            rejected: BTreeSet::new(),
            connection_limit: None,
            private_dns_name: None,
        }
    }

    #[test]
    fn principals_are_projects_or_networks_with_a_limit() {
        let wanted = settings(
            &["projects/vendor", "projects/vendor/global/networks/main"],
            &[],
        );
        let lists = Lists::wanted(&wanted);
        let text = serde_json::to_string(&lists).unwrap();
        let network = r#"{"networkUrl":"https://www.googleapis.com/compute/v1/projects/vendor/global/networks/main","connectionLimit":10}"#;
        let project = r#"{"projectIdOrNum":"vendor","connectionLimit":10}"#;
        assert_eq!(
            text,
            format!(r#"{{"consumerAcceptLists":[{project},{network}],"consumerRejectLists":[]}}"#)
        );
        assert_eq!((lists.allowed(), lists.limit()), (wanted.allowed, None));
        assert!(lists.let_in("vendor") && !lists.let_in("acme"));
    }

    #[test]
    fn a_limit_that_somebody_changed_for_one_is_seen() {
        let mut wanted = settings(&["projects/a", "projects/b"], &[]);
        wanted.connection_limit = Some(3);
        let mut lists = Lists::wanted(&wanted);
        assert_eq!(lists.limit(), Some(3));
        lists.consumer_accept_lists[1].connection_limit = 5;
        assert_eq!(lists.limit(), Some(0));
    }

    #[test]
    fn an_answer_moves_a_connection_between_the_lists() {
        let rule = "projects/vendor/regions/europe-west4/forwardingRules/4711000000000000123";
        let id: ConnectionId = rule.parse().unwrap();
        let lists = Lists::wanted(&settings(&[], &[rule]));
        assert_eq!(lists.accepted(), [id.clone()].into());
        assert_eq!(lists.limit(), None);
        let rejected = lists.answered(&id, Answer::Reject);
        assert_eq!(
            (rejected.accepted(), rejected.rejected()),
            ([].into(), [id.clone()].into())
        );
        assert_eq!(rejected.answered(&id, Answer::Accept), lists);
    }
}

//! What Google Cloud does not take of a private service, said without a call.

use std::collections::BTreeSet;

use clouds::Refusal;
use clouds::private_services::{
    ConnectionId, NewPrivateService, PrincipalPattern, ServiceSettings,
};

use super::lists::USUAL;
use crate::links::elsewhere;

pub(super) fn refusals(region: &str, wanted: &NewPrivateService) -> Vec<Refusal> {
    let settings = &wanted.settings;
    [
        load_balancer(region, settings),
        subnets(region, settings),
        allowed(settings),
        auto_accept(settings),
        one_kind(settings),
        connection_limit(settings),
        by_name("accepted", &settings.accepted),
        by_name("rejected", &settings.rejected),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn load_balancer(region: &str, settings: &ServiceSettings) -> Option<Refusal> {
    let why = elsewhere(region, settings.load_balancer.as_str())?;
    let hint = "it takes an internal forwarding rule: projects/PROJECT/regions/REGION/forwardingRules/NAME";
    Some(Refusal::new("load_balancer", format!("{why}; {hint}.")))
}

fn subnets(region: &str, settings: &ServiceSettings) -> Option<Refusal> {
    if settings.subnets.is_empty() {
        let why = "Google Cloud takes the addresses that consumers' traffic comes from out of subnets of this service alone: give one of purpose PRIVATE_SERVICE_CONNECT at least.";
        return Some(Refusal::new("subnets", why));
    }
    let mut all = settings.subnets.iter();
    let why = all.find_map(|subnet| elsewhere(region, subnet.as_str()))?;
    Some(Refusal::new("subnets", format!("{why}.")))
}

fn allowed(settings: &ServiceSettings) -> Option<Refusal> {
    let refuse = |why: String| Some(Refusal::new("allowed", why));
    let texts = || settings.allowed.iter().map(PrincipalPattern::as_str);
    if let Some(strange) = texts().find(|text| !text.starts_with("projects/")) {
        let hint = if strange == "*" {
            "everybody may ask anyway, and is let in by accepted_connections: leave it out"
        } else {
            "write projects/PROJECT or projects/PROJECT/global/networks/NETWORK"
        };
        return refuse(format!(
            "{strange:?} is no principal of Google Cloud: {hint}."
        ));
    }
    let kinds: BTreeSet<_> = texts().map(|text| text.contains("/networks/")).collect();
    if kinds.len() > 1 {
        return refuse("Google Cloud takes projects or networks in one list, not both.".into());
    }
    if !settings.auto_accept && !settings.allowed.is_empty() {
        return refuse("on Google Cloud everybody may ask, and who is named here is let in without being asked about: set auto_accept = true, or leave them out and name each connection in accepted_connections.".into());
    }
    None
}

fn auto_accept(settings: &ServiceSettings) -> Option<Refusal> {
    (settings.auto_accept && settings.allowed.is_empty()).then(|| {
        let why = "Google Cloud lets in without being asked about whom allowed_principals names: name some, or leave auto_accept off.";
        Refusal::new("auto_accept", why)
    })
}

fn one_kind(settings: &ServiceSettings) -> Option<Refusal> {
    let field = match (settings.accepted.is_empty(), settings.rejected.is_empty()) {
        (false, _) => "accepted",
        (true, false) => "rejected",
        (true, true) => return None,
    };
    let why = "Google Cloud keeps principals or connections in the lists of one service, not both: leave allowed_principals and auto_accept out and name each connection, or the other way round.";
    (!settings.allowed.is_empty()).then(|| Refusal::new(field, why))
}

/// The lists take an endpoint by its number alone.
fn by_name(field: &'static str, connections: &BTreeSet<ConnectionId>) -> Option<Refusal> {
    let numbered = |id: &&ConnectionId| {
        let last = id.as_str().rsplit('/').next().unwrap_or_default();
        id.as_str().starts_with("projects/") && last.chars().all(|c| c.is_ascii_digit())
    };
    let strange = connections.iter().find(|id| !numbered(id))?;
    let why = format!(
        "Google Cloud knows no connection {strange:?}: it takes an endpoint by its number, projects/PROJECT/regions/REGION/forwardingRules/NUMBER, \
         which connection_id of the consumer's endpoint says, and id among the connections of this service."
    );
    Some(Refusal::new(field, why))
}

fn connection_limit(settings: &ServiceSettings) -> Option<Refusal> {
    let refuse = |why: String| Some(Refusal::new("connection_limit", why));
    match settings.connection_limit? {
        _ if settings.allowed.is_empty() => refuse("it is how many connections each of allowed_principals may have: name some, or leave it out.".into()),
        USUAL => refuse(format!("{USUAL} is what each has without it: leave it out.")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clouds::Tags;

    const RULE: &str = "projects/acme/regions/europe-west4/forwardingRules/api";
    const NAT: &str = "projects/acme/regions/europe-west4/subnetworks/nat";
    const ASKED: &str = "projects/vendor/regions/europe-west4/forwardingRules/4711000000000000123";

    fn wanted(change: impl Fn(&mut ServiceSettings)) -> Vec<String> {
        let mut settings = ServiceSettings {
            load_balancer: RULE.parse().unwrap(),
            subnets: [NAT.parse().unwrap()].into(),
            allowed: BTreeSet::new(),
            auto_accept: false,
            accepted: BTreeSet::new(),
            rejected: BTreeSet::new(),
            connection_limit: None,
            private_dns_name: "api.example.com".parse().ok(),
        };
        change(&mut settings);
        let name = "acme".parse().unwrap();
        let new = NewPrivateService {
            name,
            settings,
            tags: Tags::new(),
        };
        let refusals = refusals("europe-west4", &new);
        refusals.iter().map(ToString::to_string).collect()
    }

    #[track_caller]
    fn refused(change: impl Fn(&mut ServiceSettings), part: &str) {
        let said = wanted(change);
        assert!(said.len() == 1 && said[0].contains(part), "{said:?}");
    }

    #[test]
    fn what_is_taken() {
        assert_eq!(wanted(|_| {}), [""; 0]);
        let named = |settings: &mut ServiceSettings| {
            settings.allowed = ["projects/vendor".parse().unwrap()].into();
            settings.auto_accept = true;
            settings.connection_limit = Some(3);
        };
        assert_eq!(wanted(named), [""; 0]);
        let asked = |settings: &mut ServiceSettings| {
            settings.accepted = [ASKED.parse().unwrap()].into();
        };
        assert_eq!(wanted(asked), [""; 0]);
    }

    #[test]
    fn what_is_not_says_what_to_write() {
        let balancer = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/acme/50dc6c495c0c9188";
        refused(
            |s| s.load_balancer = balancer.parse().unwrap(),
            "internal forwarding rule",
        );
        let far = RULE.replace("europe-west4", "us-east1");
        refused(
            |s| s.load_balancer = far.parse().unwrap(),
            "is in us-east1, and this provider works in europe-west4",
        );
        refused(|s| s.subnets.clear(), "purpose PRIVATE_SERVICE_CONNECT");
        refused(
            |s| s.subnets = ["subnet-0abc1234".parse().unwrap()].into(),
            "nothing of Google Cloud",
        );
        refused(
            |s| s.allowed = ["projects/vendor".parse().unwrap()].into(),
            "set auto_accept = true",
        );
        refused(
            |s| s.allowed = ["*".parse().unwrap()].into(),
            "everybody may ask anyway",
        );
        refused(
            |s| s.auto_accept = true,
            "name some, or leave auto_accept off",
        );
        refused(
            |s| s.connection_limit = Some(3),
            "each of allowed_principals",
        );
        let by_name = ASKED.replace("4711000000000000123", "acme");
        refused(
            |s| s.accepted = [by_name.parse().unwrap()].into(),
            "it takes an endpoint by its number",
        );
        refused(
            |s| s.rejected = ["vpce-0fff0001".parse().unwrap()].into(),
            "it takes an endpoint by its number",
        );
        let named = |s: &mut ServiceSettings, network: &str| {
            s.allowed = ["projects/vendor".parse().unwrap()].into();
            s.allowed.insert(network.parse().unwrap());
            s.auto_accept = true;
        };
        refused(
            |s| named(s, "projects/vendor/global/networks/main"),
            "projects or networks in one list, not both",
        );
        refused(
            |s| {
                named(s, "projects/other");
                s.connection_limit = Some(10);
            },
            "leave it out",
        );
        refused(
            |s| {
                named(s, "projects/other");
                s.accepted = [ASKED.parse().unwrap()].into();
            },
            "principals or connections",
        );
        refused(
            |s| {
                named(s, "projects/other");
                s.rejected = [ASKED.parse().unwrap()].into();
            },
            "principals or connections",
        );
    }
}

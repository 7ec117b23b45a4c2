//! What becomes of the addresses of private endpoints when a call in the middle fails, and of those that have another name.

use clouds::Error;
use clouds::account::Managed;
use clouds::private_endpoints::NewPrivateEndpoint;
use clouds::private_services::ConnectionState;
use serde_json::{Value, json};

use crate::private::Here;

const RULE: &str = "compute.forwardingRules.delete";
const ADDRESS: &str = "compute.addresses.delete";

impl Here {
    /// Answers the next calls of a method so.
    pub async fn fault(&self, method: &str, calls: u32, answer: (u16, &str, &str)) {
        let (code, status, reason) = answer;
        let fault = json!([{ "method": method, "from": 0, "until": calls, "answer": {
            "kind": "error", "code": code, "status": status, "message": "Not now.", "reason": reason,
        } }]);
        self.project.administer("POST", "faults", fault).await;
    }

    pub async fn no_faults(&self) {
        self.project
            .administer("DELETE", "faults", Value::Null)
            .await;
    }

    pub fn own(&self, name: &str) -> NewPrivateEndpoint {
        self.endpoint(name, self.around.own_service.as_str())
    }
}

pub const DENIED: (u16, &str, &str) = (403, "PERMISSION_DENIED", "forbidden");

#[tokio::test]
async fn a_deletion_that_ends_half_way_is_seen_and_gone_on_with() {
    let here = Here::new("torn").await;
    let endpoints = &here.clouds.private_endpoints;
    let id = "acme".parse().unwrap();
    let methods = ["compute.addresses.setLabels", RULE, ADDRESS];
    for (method, finished) in methods
        .map(|method| (method, true))
        .into_iter()
        .chain([(ADDRESS, false)])
    {
        let new = here.own("acme");
        here.create(&new).await.unwrap();
        let made = here.environment.made(Managed::PrivateEndpoints);
        let found = endpoints.get(&id).await.unwrap();
        if finished {
            endpoints.set_tags(&found, &made).await.unwrap();
        }
        here.fault(method, 9, DENIED).await;
        let failed = endpoints.delete(&id).await.unwrap_err();
        assert!(matches!(failed, Error::Denied { .. }), "{method}: {failed}");
        here.no_faults().await;
        if method == RULE {
            // The endpoint stays: who deletes its rule by hand later has deleted it.
            let path = format!("{}/addresses/acme", here.home);
            let address = here.project.send("GET", "compute", &path, None).await;
            assert!(
                address["labels"]["dataplane-deleting"].is_null(),
                "{address}"
            );
        }
        let left = endpoints.get(&id).await.unwrap();
        let tags = if finished { &made } else { &new.tags };
        assert_eq!(&left.tags, tags, "{method}");
        assert_eq!((&left.service, &left.network), (&new.service, &new.network));
        assert_eq!(left.settings.subnets, new.settings.subnets);
        if method == ADDRESS {
            assert_eq!(left.state, ConnectionState::Failed);
            let why = left.reason.unwrap();
            assert!(why.contains("addresses/acme is still reserved"), "{why}");
        }
        endpoints.delete(&id).await.unwrap();
        assert_eq!(here.addresses("acme").await, 0, "{method}");
        let gone = endpoints.get(&id).await;
        assert!(matches!(gone, Err(Error::NotFound(_))), "{gone:?}");
        let gone = endpoints.delete(&id).await;
        assert!(matches!(gone, Err(Error::NotFound(_))), "{gone:?}");
    }
    here.project.no_violations().await;
}

/// The rule is gone, and what it used is freed a moment later.
#[tokio::test]
async fn an_address_that_is_still_in_use_is_asked_back_again() {
    let here = Here::new("used").await;
    let endpoints = &here.clouds.private_endpoints;
    here.create(&here.own("acme")).await.unwrap();
    let used = (400, "FAILED_PRECONDITION", "resourceInUseByAnotherResource");
    here.fault(ADDRESS, 2, used).await;
    endpoints.delete(&"acme".parse().unwrap()).await.unwrap();
    assert_eq!(here.addresses("acme").await, 0);
    here.project.no_violations().await;
}

/// Somebody deletes the rule by hand: the endpoint is gone, and the next one takes the address.
#[tokio::test]
async fn an_address_without_its_rule_is_no_endpoint() {
    let here = Here::new("bare").await;
    let endpoints = &here.clouds.private_endpoints;
    let new = here.own("acme");
    here.create(&new).await.unwrap();
    let path = format!("{}/forwardingRules/acme", here.home);
    here.project.send("DELETE", "compute", &path, None).await;
    let gone = endpoints.get(&"acme".parse().unwrap()).await;
    assert!(matches!(gone, Err(Error::NotFound(_))), "{gone:?}");
    here.create(&new).await.unwrap();
    here.project.no_violations().await;
}

#[tokio::test]
async fn a_create_that_fails_keeps_its_address_only_where_it_may_go_on() {
    let here = Here::new("early").await;
    let insert = "compute.forwardingRules.insert";
    here.fault(insert, 9, DENIED).await;
    let refused = here.create(&here.own("acme")).await.unwrap_err();
    assert!(matches!(refused, Error::Denied { .. }), "{refused}");
    assert_eq!(here.addresses("acme").await, 0);
    here.no_faults().await;
    here.fault(insert, 9, (503, "UNAVAILABLE", "backendError"))
        .await;
    let failed = here.create(&here.own("acme")).await.unwrap_err();
    assert!(matches!(failed, Error::Unavailable(_)), "{failed}");
    let said = failed.to_string();
    assert!(said.contains("/addresses/acme stays reserved"), "{said}");
    assert_eq!(here.addresses("acme").await, 1);
    here.no_faults().await;
    here.create(&here.own("acme")).await.unwrap();
    here.project.no_violations().await;
}

/// As somebody makes endpoints by hand: the address, of this name or another, stays as it is, also when the endpoint goes.
#[tokio::test]
async fn an_endpoint_whose_address_is_not_ours_lies_where_that_does() {
    let here = Here::new("names").await;
    let endpoints = &here.clouds.private_endpoints;
    let subnet = &here.around.endpoint_subnets[1];
    for name in ["acme-ip", "acme"] {
        let path = format!("{}/addresses", here.home);
        let address =
            json!({ "name": name, "addressType": "INTERNAL", "subnetwork": subnet.as_str() });
        here.project
            .send("POST", "compute", &path, Some(address))
            .await;
        let of_address = format!("{path}/{name}");
        let now = here.project.send("GET", "compute", &of_address, None).await;
        let labels =
            json!({ "labels": { "team": "billing" }, "labelFingerprint": now["labelFingerprint"] });
        let set = format!("{of_address}/setLabels");
        here.project
            .send("POST", "compute", &set, Some(labels))
            .await;
        let rule = json!({
            "name": "acme", "loadBalancingScheme": "", "target": here.around.own_service.as_str(),
            "IPAddress": of_address.replace("compute/v1/", ""),
        });
        let rules = format!("{}/forwardingRules", here.home);
        here.project
            .send("POST", "compute", &rules, Some(rule))
            .await;
        let id = "acme".parse().unwrap();
        let found = endpoints.get(&id).await.unwrap();
        assert_eq!(found.settings.subnets, [subnet.clone()].into(), "{name}");
        assert_eq!(found.untold, ["private_dns"], "{name}");
        let made = here.environment.made(Managed::PrivateEndpoints);
        endpoints.set_tags(&found, &made).await.unwrap();
        assert_eq!(endpoints.get(&id).await.unwrap().tags, made, "{name}");
        endpoints.delete(&id).await.unwrap();
        let gone = endpoints.get(&id).await;
        assert!(matches!(gone, Err(Error::NotFound(_))), "{gone:?}");
        let gone = endpoints.delete(&id).await;
        assert!(matches!(gone, Err(Error::NotFound(_))), "{gone:?}");
        let stays = here.project.send("GET", "compute", &of_address, None).await;
        assert_eq!(stays["labels"], json!({ "team": "billing" }), "{name}");
    }
    here.project.no_violations().await;
}

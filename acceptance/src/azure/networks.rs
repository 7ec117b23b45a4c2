//! Networks and Private Link as somebody has them who knows nothing of our code: plain calls of Resource Manager by the owner.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{LOCATION, Subscription};
use crate::{issuer, wait};

const LIMIT: Duration = Duration::from_mins(3);

/// How often an operation is asked about.
const LOOKS: usize = 50;

/// What private services and endpoints stand in.
#[derive(Clone, Debug)]
pub struct Network {
    /// A subnet for private services.
    pub link: String,
    /// A subnet for endpoints.
    pub own: String,
    /// What there is to publish.
    pub frontends: [String; 2],
}

impl Subscription {
    /// The id of an object of `Microsoft.Network`: `("privateEndpoints", "api")`.
    pub fn networked(&self, kind: &str, name: &str) -> String {
        format!("{}/providers/Microsoft.Network/{kind}/{name}", self.scope())
    }

    /// A call of Resource Manager, after which nothing is under way; none where there is no such object.
    pub fn arm(&self, method: &Method, id: &str, body: &Value) -> Result<Option<Value>> {
        let version = if id.contains("/privateDnsZones/") {
            "2024-06-01"
        } else {
            "2024-05-01"
        };
        let mut next = (method.clone(), format!("{id}?api-version={version}"));
        for _ in 0..LOOKS {
            let (status, link, answer) = self.send(&next.0, &next.1, body)?;
            match (status, link) {
                (StatusCode::NOT_FOUND | StatusCode::NO_CONTENT, _) => return Ok(None),
                (StatusCode::TOO_MANY_REQUESTS, _) => {}
                (status, _) if !status.is_success() => bail!("{method} {id}: {status} {answer}"),
                (StatusCode::ACCEPTED, Some(link)) => next = (Method::GET, link),
                (_, Some(link)) if answer["status"].is_null() => next = (Method::GET, link),
                _ if answer["status"] == "InProgress" => {}
                _ => return Ok(Some(answer)),
            }
        }
        bail!("{method} {id} has not ended")
    }

    /// Status, where to ask on, and body.
    fn send(
        &self,
        method: &Method,
        path: &str,
        body: &Value,
    ) -> Result<(StatusCode, Option<String>, Value)> {
        let url = format!("{}{path}", self.address.plain);
        let request = self.address.client.request(method.clone(), url);
        let mut request = request.bearer_auth(&self.owner().token);
        if *method == Method::PUT {
            request = request.json(body);
        }
        issuer::runtime().block_on(async {
            let answer = request.send().await?;
            let header = |name: &str| answer.headers().get(name)?.to_str().ok();
            let link = header("azure-asyncoperation").or_else(|| header("location"));
            // The stand-in names the host that it was asked by, and TLS.
            let link = link.and_then(|link| link.split_once("/subscriptions/"));
            let link = link.map(|(_, path)| format!("/subscriptions/{path}"));
            let status = answer.status();
            let text = answer.text().await?;
            Ok((
                status,
                link,
                serde_json::from_str(&text).unwrap_or_default(),
            ))
        })
    }

    /// A virtual network with two subnets, and two load balancers with a frontend each.
    pub fn network(&self) -> Result<Network> {
        let network = self.networked("virtualNetworks", "net");
        let open = json!({ "addressPrefix": "10.0.1.0/24", "privateLinkServiceNetworkPolicies": "Disabled" });
        let body = json!({ "location": LOCATION, "properties": {
            "addressSpace": { "addressPrefixes": ["10.0.0.0/16"] },
            "subnets": [{ "name": "link", "properties": open }, { "name": "own", "properties": { "addressPrefix": "10.0.2.0/24" } }],
        } });
        self.arm(&Method::PUT, &network, &body)?;
        let [link, own] = ["link", "own"].map(|name| format!("{network}/subnets/{name}"));
        let frontend = |name: &str| -> Result<String> {
            let balancer = self.networked("loadBalancers", name);
            let inner = json!({ "name": "api", "properties": { "subnet": { "id": link } } });
            let body = json!({ "location": LOCATION, "sku": { "name": "Standard" }, "properties": { "frontendIPConfigurations": [inner] } });
            self.arm(&Method::PUT, &balancer, &body)?;
            Ok(format!("{balancer}/frontendIPConfigurations/api"))
        };
        Ok(Network {
            frontends: [frontend("one")?, frontend("two")?],
            link,
            own,
        })
    }

    /// A private DNS zone: its id.
    pub fn zone(&self, name: &str) -> Result<String> {
        let id = self.networked("privateDnsZones", name);
        self.arm(&Method::PUT, &id, &json!({ "location": "global" }))?;
        Ok(id)
    }

    /// The names of the records in a zone.
    pub fn records(&self, zone: &str) -> Result<Vec<String>> {
        let found = self.arm(&Method::GET, &format!("{zone}/ALL"), &Value::Null)?;
        names(&found.context("a zone")?)
    }

    /// The names of what there is of a kind.
    pub fn listed(&self, kind: &str) -> Result<Vec<String>> {
        let list = format!("{}/providers/Microsoft.Network/{kind}", self.scope());
        names(
            &self
                .arm(&Method::GET, &list, &Value::Null)?
                .context("a list")?,
        )
    }

    /// What there is under a name.
    pub fn found(&self, kind: &str, name: &str) -> Result<Option<Value>> {
        self.arm(&Method::GET, &self.networked(kind, name), &Value::Null)
    }

    /// Publishes by hand, or lets other subscriptions ask, and some in at once: the id. Tags stay.
    pub fn publish(&self, name: &str, visible: &[&str], approved: &[&str]) -> Result<String> {
        let id = self.networked("privateLinkServices", name);
        let network = self.networked("virtualNetworks", "net");
        let balancer = self.networked("loadBalancers", "one");
        let subnet =
            json!({ "subnet": { "id": format!("{network}/subnets/link") }, "primary": true });
        let frontend = json!({ "id": format!("{balancer}/frontendIPConfigurations/api") });
        let before = self.found("privateLinkServices", name)?.unwrap_or_default();
        let body = json!({ "location": LOCATION, "tags": before["tags"], "properties": {
            "loadBalancerFrontendIpConfigurations": [frontend],
            "ipConfigurations": [{ "name": "default", "properties": subnet }],
            "visibility": { "subscriptions": visible }, "autoApproval": { "subscriptions": approved },
        } });
        self.arm(&Method::PUT, &id, &body)?;
        Ok(id)
    }

    /// Who is connected to a service of this subscription, and how that stands: endpoint and status.
    pub fn connections(&self, service: &str) -> Result<Vec<(String, String, String)>> {
        let found = self.found("privateLinkServices", service)?;
        let found = found.with_context(|| format!("no service {service}"))?;
        let all = found["properties"]["privateEndpointConnections"].as_array();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let told = all.into_iter().flatten().map(|one| {
            let inner = &one["properties"];
            let status = &inner["privateLinkServiceConnectionState"]["status"];
            (
                text(&one["id"]),
                text(&inner["privateEndpoint"]["id"]),
                text(status),
            )
        });
        Ok(told.collect())
    }

    /// Waits for somebody who asks for a connection to a service of this subscription: the endpoint's id.
    pub fn asked(&self, service: &str) -> Result<String> {
        wait::until("a request for a connection", LIMIT, || {
            let all = self.connections(service)?.into_iter();
            let mut waiting = all.filter(|(_, _, status)| status == "Pending");
            Ok(waiting.next().map(|(_, endpoint, _)| endpoint))
        })
    }

    /// Somebody answers by hand: `Approved` or `Rejected`.
    pub fn answer(&self, service: &str, endpoint: &str, status: &str) -> Result<()> {
        let body = json!({ "properties": { "privateLinkServiceConnectionState": { "status": status, "description": "by hand" } } });
        self.arm(&Method::PUT, &self.connection(service, endpoint)?, &body)
            .map(drop)
    }

    /// Somebody cuts a connection off by hand.
    pub fn cut(&self, service: &str, endpoint: &str) -> Result<()> {
        let connection = self.connection(service, endpoint)?;
        self.arm(&Method::DELETE, &connection, &Value::Null)
            .map(drop)
    }

    fn connection(&self, service: &str, endpoint: &str) -> Result<String> {
        let all = self.connections(service)?;
        let of = all
            .iter()
            .find(|(_, of, _)| of.eq_ignore_ascii_case(endpoint));
        let (id, ..) = of.with_context(|| format!("{endpoint} is not among {all:?}"))?;
        Ok(id.clone())
    }

    /// Nothing is left of private services, endpoints and their network interfaces.
    pub fn assert_nothing_private_left(&self) -> Result<()> {
        for kind in ["privateLinkServices", "privateEndpoints"] {
            let left = self.listed(kind)?;
            ensure!(left.is_empty(), "{kind} left: {left:?}");
        }
        Ok(())
    }
}

fn names(list: &Value) -> Result<Vec<String>> {
    let all = list["value"].as_array().context("a list")?.iter();
    let name = |one: &Value| one["name"].as_str().map(str::to_owned);
    all.map(|one| name(one).context("a name")).collect()
}

//! EC2 and its load balancers, by `acceptance/ec2`: who calls is told to it in headers, since it does not know the keys that
//! ministack gave; tests tell it how fast things are and what others do.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, bail};
use http::{HeaderValue, Response};
use http_body_util::Full;
use hyper::body::Bytes;
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    Account, Credentials,
    front::{Asked, Call, State, lock},
};
use crate::issuer;

/// Services that `acceptance/ec2` answers for.
pub(super) const SERVICES: [&str; 2] = ["ec2", "elasticloadbalancing"];

/// Whose key something is: the ARN of a session or user.
pub(super) type Principals = BTreeMap<String, String>;

/// What a test tells the stand-in about one account, and asks it.
#[derive(Clone, Debug)]
pub struct Ec2Control {
    endpoint: String,
    account: String,
}

pub(super) async fn answer(state: &State, mut asked: Asked) -> Result<Response<Full<Bytes>>> {
    let principal = caller(state, &asked)?;
    let account = account_of(&principal).to_owned();
    for (name, value) in [
        ("x-moto-account-id", &account),
        ("x-dataplane-principal", &principal),
    ] {
        asked.headers.insert(name, HeaderValue::from_str(value)?);
    }
    lock(&state.on_ec2).insert(account);
    state.send(&state.moto, asked).await
}

/// Who calls: an ARN.
pub(super) fn caller(state: &State, asked: &Asked) -> Result<String> {
    let key = asked.access_key().unwrap_or_default();
    if is_account(&key) {
        return Ok(format!("arn:aws:iam::{key}:root"));
    }
    let known = lock(&state.principals).get(&key).cloned();
    known.with_context(|| format!("nobody was given the key {key} here"))
}

/// Remembers whose key an answer of STS or IAM has.
pub(super) fn learn(state: &State, call: &Call, asker: Option<&str>, answer: &[u8]) {
    let text = String::from_utf8_lossy(answer);
    let (Some(key), true) = (
        element(&text, "AccessKeyId"),
        (200..300).contains(&call.status),
    ) else {
        return;
    };
    let principal = if call.operation.starts_with("AssumeRole") {
        element(&text, "Arn").map(str::to_owned)
    } else {
        let account = asker.map(|asker| match lock(&state.principals).get(asker) {
            Some(principal) => account_of(principal).to_owned(),
            None => asker.to_owned(),
        });
        let user = element(&text, "UserName");
        account
            .zip(user)
            .map(|(account, user)| format!("arn:aws:iam::{account}:user/{user}"))
    };
    if let Some(principal) = principal {
        lock(&state.principals).insert(key.to_owned(), principal);
    }
}

/// Whether an answer of this call has a key.
pub(super) fn gives_keys(call: &Call) -> bool {
    call.operation.starts_with("AssumeRole") || call.operation == "CreateAccessKey"
}

fn element<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    rest.split_once("</").map(|(value, _)| value)
}

fn is_account(key: &str) -> bool {
    key.len() == 12 && key.bytes().all(|byte| byte.is_ascii_digit())
}

pub(super) fn account_of(principal: &str) -> &str {
    principal.split(':').nth(4).unwrap_or_default()
}

impl Ec2Control {
    pub(super) fn new(endpoint: &str, account: &str) -> Self {
        Self {
            endpoint: endpoint.to_owned(),
            account: account.to_owned(),
        }
    }

    /// So many looks pass before a service or an endpoint is what it is to become, or is gone.
    pub fn settle(&self, looks: usize) -> Result<()> {
        self.set(
            &json!({ "servicePolls": looks, "endpointPolls": looks, "verificationPolls": looks }),
        )
    }

    /// Other settings, by the names of `acceptance/ec2/world.py`.
    pub fn set(&self, settings: &Value) -> Result<()> {
        self.ask(Method::PUT, "settings", settings).map(drop)
    }

    /// Brings an endpoint of the account to a state, as its service's owner or the time would: `expired`, `failed`,
    /// `partial`, `withdrawn` (the service is gone).
    pub fn bring(&self, endpoint: &str, state: &str) -> Result<()> {
        let path = format!("endpoints/{endpoint}");
        self.ask(Method::POST, &path, &json!({ "state": state }))
            .map(drop)
    }

    /// Nobody answered a request of the account within its time.
    pub fn expire(&self, endpoint: &str) -> Result<()> {
        self.bring(endpoint, "expired")
    }

    /// A service of somebody who is not there otherwise, which the account may ask; its name. Without zones: all of them.
    pub fn offer(&self, acceptance: bool, zones: &[&str]) -> Result<String> {
        self.offered(&json!({ "acceptance": acceptance, "zones": zones }))
    }

    /// The same in all zones, which asks to be accepted, and whose private name is proved.
    pub fn offer_by_name(&self, private_dns_name: &str) -> Result<String> {
        self.offered(&json!({ "acceptance": true, "privateDnsName": private_dns_name }))
    }

    fn offered(&self, offer: &Value) -> Result<String> {
        let made = self.ask(Method::POST, "offers", offer)?;
        let name = made["serviceName"].as_str().context("a name")?;
        Ok(name.to_owned())
    }

    /// The requests of the account that EC2's description refused, once.
    pub fn take_violations(&self) -> Result<Vec<String>> {
        let found = self.ask(Method::DELETE, "violations", &Value::Null)?;
        Ok(serde_json::from_value(found)?)
    }

    /// The actions that documents allowed callers of the account so far: `ec2:CreateVpcEndpoint`. The root user needs none.
    pub fn authorized(&self) -> Result<BTreeSet<String>> {
        let found = self.ask(Method::GET, "authorized", &Value::Null)?;
        Ok(serde_json::from_value(found)?)
    }

    /// The same since the last time this was asked.
    pub fn take_authorized(&self) -> Result<BTreeSet<String>> {
        let found = self.ask(Method::DELETE, "authorized", &Value::Null)?;
        Ok(serde_json::from_value(found)?)
    }

    /// Lets somebody (and sessions of a role) do on EC2 what the documents say, in place of what they said before.
    pub fn allow(&self, arn: &str, documents: &[Value]) -> Result<()> {
        let principal = json!({ "arn": arn, "documents": documents });
        self.ask(Method::POST, "principals", &principal).map(drop)
    }

    fn ask(&self, method: Method, path: &str, body: &Value) -> Result<Value> {
        issuer::crypto();
        let client = reqwest::Client::builder().no_proxy().build()?;
        let url = format!("{}/_ec2/{}/{path}", self.endpoint, self.account);
        let mut request = client.request(method, &url);
        if !body.is_null() {
            request = request.json(body);
        }
        let (status, answer) = issuer::runtime().block_on(async {
            let answer = request.send().await?;
            anyhow::Ok((answer.status(), answer.json::<Value>().await?))
        })?;
        if !status.is_success() {
            bail!("{url}: {answer}");
        }
        Ok(answer)
    }
}

impl Account {
    /// What this account's EC2 is told by tests.
    pub fn ec2(&self) -> Ec2Control {
        Ec2Control::new(&self.moto, &self.id)
    }

    /// Somebody who may do what a policy document says and nothing else, in a role's session, everywhere in the account.
    pub fn runner(&self, name: &str, document: &Value) -> Result<Self> {
        let trust = json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "AWS": format!("arn:aws:iam::{}:root", self.id) },
        }] });
        let made = self.call(
            "iam",
            "create_role",
            &json!({ "RoleName": name, "AssumeRolePolicyDocument": trust.to_string() }),
        )?;
        let arn = made["Role"]["Arn"].as_str().context("an ARN")?;
        self.call(
            "iam",
            "put_role_policy",
            &json!({ "RoleName": name, "PolicyName": "runner", "PolicyDocument": document.to_string() }),
        )?;
        self.ec2().allow(arn, std::slice::from_ref(document))?;
        let session = self.call(
            "sts",
            "assume_role",
            &json!({ "RoleArn": arn, "RoleSessionName": "acceptance" }),
        )?;
        Ok(self.with(Credentials::of(&session)?))
    }
}

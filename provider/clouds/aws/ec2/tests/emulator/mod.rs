//! The stand-in for EC2, by hand: what is around an endpoint, whoever is on the other side, and what only the stand-in can do.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use clouds::Clouds;
use clouds::conformance::connectivity::{Connectivity, Counterpart};
use clouds::private_endpoints::{PrivateEndpoint, ServiceName};
use clouds::private_services::{ConnectionId, ConnectionState, PrivateService};
use clouds_aws::{Config, Service};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub const REGION: &str = "eu-west-1";

/// One account of it.
#[derive(Clone)]
pub struct Account {
    address: String,
    pub number: String,
}

/// A network that endpoints can be made in.
pub struct Network {
    pub vpc: String,
    pub subnets: [String; 2],
    pub security_group: String,
}

impl Account {
    /// An account that nothing was made in yet, where things settle at the next look.
    pub async fn new() -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "tests have no other configuration"
        )]
        let endpoint = std::env::var("DATAPLANE_MOTO_ENDPOINT");
        let endpoint = endpoint.unwrap_or_else(|_| {
            panic!("DATAPLANE_MOTO_ENDPOINT is not set: start the emulators with `make emulators` and set what it prints")
        });
        let account = Self {
            address: endpoint.trim_start_matches("http://").to_owned(),
            number: number(),
        };
        account.settings(json!({ "servicePolls": 0, "endpointPolls": 0, "verificationPolls": 0, "lingers": 0 })).await;
        account
    }

    /// How fast it is.
    pub async fn settings(&self, settings: Value) {
        self.control("PUT", "settings", settings).await;
    }

    pub fn clouds(&self) -> Clouds {
        let endpoint = format!("http://{}", self.address);
        let endpoints: BTreeMap<_, _> = Service::ALL
            .map(|service| (service, endpoint.clone()))
            .into();
        let keys = Credentials::from_keys(&self.number, "test", None);
        let config = Config {
            endpoints,
            credentials: Some(SharedCredentialsProvider::new(keys)),
            ..Config::new(REGION.parse().unwrap())
        };
        clouds_aws::connect(config, clouds_aws_ec2::connectivity)
    }

    /// A network where private DNS works.
    pub async fn network(&self) -> Network {
        let made = self.ec2("CreateVpc", &[("CidrBlock", "10.0.0.0/16")]).await;
        let vpc = text(&made, "vpcId");
        let on = [
            ("VpcId", vpc.as_str()),
            ("EnableDnsHostnames.Value", "true"),
        ];
        self.ec2("ModifyVpcAttribute", &on).await;
        let mut subnets = Vec::new();
        for (zone, range) in [("eu-west-1a", "10.0.1.0/24"), ("eu-west-1b", "10.0.2.0/24")] {
            let subnet = [
                ("VpcId", vpc.as_str()),
                ("CidrBlock", range),
                ("AvailabilityZone", zone),
            ];
            subnets.push(text(&self.ec2("CreateSubnet", &subnet).await, "subnetId"));
        }
        let group = [
            ("VpcId", vpc.as_str()),
            ("GroupName", "endpoints"),
            ("GroupDescription", "endpoints"),
        ];
        let group = self.ec2("CreateSecurityGroup", &group).await;
        Network {
            security_group: text(&group, "groupId"),
            subnets: subnets.try_into().unwrap(),
            vpc,
        }
    }

    /// What the suites need: everything that exists around, and another account.
    pub async fn connectivity(&self) -> Connectivity {
        let network = self.network().await;
        let vendor = Self {
            address: self.address.clone(),
            number: number(),
        };
        let mut balancers = Vec::new();
        for name in ["one", "two"] {
            balancers.push(self.load_balancer(name, &network).await.parse().unwrap());
        }
        Connectivity {
            load_balancers: balancers.try_into().unwrap(),
            service_subnets: [].into(),
            principals: [&vendor.number, &self.number]
                .map(|account| format!("arn:aws:iam::{account}:root").parse().unwrap()),
            network: network.vpc.parse().ok(),
            endpoint_subnets: network.subnets.map(|subnet| subnet.parse().unwrap()),
            security_group: network.security_group.parse().ok(),
            own_service: format!("com.amazonaws.{REGION}.sts").parse().unwrap(),
            sub_resources: [].into(),
            dns_zone: None,
            counterpart: Box::new(Vendor {
                customer: self.clone(),
                vendor,
            }),
        }
    }

    async fn load_balancer(&self, name: &str, network: &Network) -> String {
        let asked = [
            ("Name", name),
            ("Type", "network"),
            ("Subnets.member.1", &network.subnets[0]),
        ];
        let made = self
            .query(
                "elasticloadbalancing",
                "2015-12-01",
                "CreateLoadBalancer",
                &asked,
            )
            .await;
        text(&made, "LoadBalancerArn")
    }

    pub async fn ec2(&self, action: &str, parameters: &[(&str, &str)]) -> String {
        self.query("ec2", "2016-11-15", action, parameters).await
    }

    async fn query(
        &self,
        service: &str,
        version: &str,
        action: &str,
        parameters: &[(&str, &str)],
    ) -> String {
        let mut form = format!("Action={action}&Version={version}");
        for (name, value) in parameters {
            form = format!(
                "{form}&{name}={}",
                value.replace('/', "%2F").replace(':', "%3A")
            );
        }
        let scope = format!("{}/20260101/{REGION}/{service}/aws4_request", self.number);
        let head = format!(
            "POST / HTTP/1.1\r\nauthorization: AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0\r\n\
             content-type: application/x-www-form-urlencoded\r\n"
        );
        self.send(&head, &form).await
    }

    pub async fn control(&self, method: &str, path: &str, body: Value) -> Value {
        let head = format!("{method} /_ec2/{}/{path} HTTP/1.1\r\n", self.number);
        serde_json::from_str(&self.send(&head, &body.to_string()).await).unwrap()
    }

    async fn send(&self, head: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        let request = format!(
            "{head}host: {}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let answer = String::from_utf8(answer).unwrap();
        let (status, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(status.contains(" 200 "), "{head}{answer}");
        let chunked = status.to_lowercase().contains("transfer-encoding: chunked");
        if chunked {
            joined(body)
        } else {
            body.to_owned()
        }
    }
}

/// The account on the other side.
struct Vendor {
    customer: Account,
    vendor: Account,
}

#[async_trait]
impl Counterpart for Vendor {
    async fn ask(&self, service: &PrivateService) -> ConnectionId {
        let network = self.vendor.network().await;
        let asked = [
            ("VpcEndpointType", "Interface"),
            ("VpcId", &network.vpc),
            ("ServiceName", &service.service_name),
            ("SubnetId.1", &network.subnets[0]),
            ("SecurityGroupId.1", &network.security_group),
        ];
        let made = self.vendor.ec2("CreateVpcEndpoint", &asked).await;
        text(&made, "vpcEndpointId").parse().unwrap()
    }

    async fn offer(&self, acceptance: bool) -> ServiceName {
        let offer = json!({ "acceptance": acceptance, "owner": self.vendor.number, "privateDnsName": "api.example.com" });
        let made = self.customer.control("POST", "offers", offer).await;
        made["serviceName"].as_str().unwrap().parse().unwrap()
    }

    async fn answer(&self, endpoint: &PrivateEndpoint, state: ConnectionState) -> bool {
        let state = match state {
            ConnectionState::Closed => "withdrawn",
            ConnectionState::PendingAcceptance => "pendingAcceptance",
            other => other.as_str(),
        };
        let path = format!("endpoints/{}", endpoint.id);
        self.customer
            .control("POST", &path, json!({ "state": state }))
            .await;
        true
    }
}

/// A body that came in chunks, each after its length.
fn joined(mut chunks: &str) -> String {
    let mut body = String::new();
    while let Some((length, rest)) = chunks.split_once("\r\n") {
        let length = usize::from_str_radix(length, 16).unwrap();
        body.push_str(&rest[..length]);
        chunks = rest[length..].trim_start_matches("\r\n");
        if length == 0 {
            break;
        }
    }
    body
}

/// One that no other test uses.
fn number() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    format!(
        "{:012}",
        100_000_000_000
            + (u64::try_from(since.as_micros()).unwrap() + next * 7_919) % 899_999_999_999
    )
}

/// The text of the first element of this name.
pub fn text(xml: &str, name: &str) -> String {
    let rest = xml.split_once(&format!("<{name}>"));
    let (_, rest) = rest.unwrap_or_else(|| panic!("no {name} in {xml}"));
    rest.split('<').next().unwrap().to_owned()
}

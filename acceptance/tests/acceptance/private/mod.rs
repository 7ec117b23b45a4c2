//! Private connectivity on AWS: a customer who publishes a service and a vendor who connects to it, in two accounts, each with
//! a state of its own. What there is, is asked of the cloud by boto3.

mod aws;
mod aws_acceptance;
mod aws_changes;
mod aws_ends;
mod aws_rights;
mod aws_substrate;

use std::time::Duration;

use acceptance::{
    aws::{Account, Emulators, Front},
    terraform::{Applying, Terraform},
    wait,
};
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::bench::OWNER;

/// How long a step of Terraform may take on a busy machine.
const LIMIT: Duration = Duration::from_mins(3);

const SERVICE: &str = "dataplane_private_service.api";
const ENDPOINT: &str = "dataplane_private_endpoint.api";

/// A VPC with a subnet in each of three zones.
pub struct Network {
    pub vpc: String,
    pub subnets: [String; 3],
    pub groups: [String; 2],
}

/// One side: an account with a network, and a configuration.
pub struct Side {
    pub account: Account,
    pub network: Network,
    pub terraform: Terraform,
}

/// Both, who know of each other what people would tell each other.
pub struct Sides {
    pub customer: Side,
    pub vendor: Side,
    pub front: Front,
}

/// A text of an answer.
pub fn text(value: &Value) -> Result<String> {
    let text = value
        .as_str()
        .with_context(|| format!("{value} is no text"))?;
    Ok(text.to_owned())
}

impl Network {
    pub fn make(account: &Account) -> Result<Self> {
        let ec2 = |operation: &str, parameters: Value| account.call("ec2", operation, &parameters);
        let made = ec2("create_vpc", json!({ "CidrBlock": "10.0.0.0/16" }))?;
        let vpc = text(&made["Vpc"]["VpcId"])?;
        let names = json!({ "VpcId": vpc, "EnableDnsHostnames": { "Value": true } });
        ec2("modify_vpc_attribute", names)?;
        let subnet = |number: usize, zone: &str| {
            let zone = format!("{}{zone}", account.region);
            let range = format!("10.0.{number}.0/24");
            let wanted = json!({ "VpcId": vpc, "CidrBlock": range, "AvailabilityZone": zone });
            text(&ec2("create_subnet", wanted)?["Subnet"]["SubnetId"])
        };
        let group = |name: &str| {
            let wanted = json!({ "VpcId": vpc, "GroupName": name, "Description": name });
            text(&ec2("create_security_group", wanted)?["GroupId"])
        };
        Ok(Self {
            subnets: [subnet(0, "a")?, subnet(1, "b")?, subnet(2, "c")?],
            groups: [group("one")?, group("two")?],
            vpc,
        })
    }

    /// A load balancer in its subnets: the ARN.
    pub fn balancer(&self, account: &Account, name: &str) -> Result<String> {
        let wanted = json!({ "Name": name, "Type": "network", "Scheme": "internal", "Subnets": self.subnets });
        let made = account.call("elbv2", "create_load_balancer", &wanted)?;
        text(&made["LoadBalancers"][0]["LoadBalancerArn"])
    }
}

impl Side {
    pub fn new(front: &Front) -> Result<Self> {
        let account = Account::new(front);
        Ok(Self {
            network: Network::make(&account)?,
            terraform: configuration(&account)?,
            account,
        })
    }

    /// An endpoint's configuration, in the first two zones.
    pub fn endpoint(&self, service: &str, arguments: &str) -> String {
        let network = &self.network;
        let [first, second, _] = &network.subnets;
        let subnets = format!("[\"{first}\", \"{second}\"]");
        self.endpoint_in(service, &subnets, &network.groups[0], arguments)
    }

    pub fn endpoint_in(
        &self,
        service: &str,
        subnets: &str,
        group: &str,
        arguments: &str,
    ) -> String {
        format!(
            "resource \"dataplane_private_endpoint\" \"api\" {{
  name            = \"acme-api\"
  service_name    = \"{service}\"
  network         = \"{}\"
  subnets         = {subnets}
  security_groups = [\"{group}\"]
  {arguments}
}}
",
            self.network.vpc
        )
    }

    pub fn write(&self, text: &str) -> Result<()> {
        self.terraform.write("main.tf", text)
    }

    /// The endpoints of this account that are not gone, by boto3.
    pub fn endpoints(&self) -> Result<Vec<Value>> {
        let all = self
            .account
            .call("ec2", "describe_vpc_endpoints", &json!({}))?;
        let all = all["VpcEndpoints"].as_array().cloned();
        let there = |found: &Value| found["State"] != "deleted" && found["State"] != "deleting";
        Ok(all.into_iter().flatten().filter(there).collect())
    }

    /// The services of this account that are not gone.
    pub fn services(&self) -> Result<Vec<Value>> {
        let operation = "describe_vpc_endpoint_service_configurations";
        let all = self.account.call("ec2", operation, &json!({}))?;
        let all = all["ServiceConfigurations"].as_array().cloned();
        let there = |found: &Value| found["ServiceState"] != "Deleting";
        Ok(all.into_iter().flatten().filter(there).collect())
    }

    /// Waits until nothing is being deleted any more.
    pub fn until_deleted(&self) -> Result<()> {
        wait::until("endpoints to be deleted", LIMIT, || {
            let all = self
                .account
                .call("ec2", "describe_vpc_endpoints", &json!({}))?;
            Ok((!all.to_string().contains("\"deleting\"")).then_some(()))
        })
    }

    /// Somebody of this side answers by hand: `accept` or `reject`.
    pub fn answer(&self, verb: &str, service: &str, endpoint: &str) -> Result<()> {
        let operation = format!("{verb}_vpc_endpoint_connections");
        let wanted = json!({ "ServiceId": service, "VpcEndpointIds": [endpoint] });
        let said = self.account.call("ec2", &operation, &wanted)?;
        ensure!(said["Unsuccessful"] == json!([]), "{verb}: {said}");
        Ok(())
    }

    /// Waits for somebody who asks for a connection to a service of this side: the endpoint's id.
    pub fn asked(&self, service: &str) -> Result<String> {
        wait::until("a request for a connection", LIMIT, || {
            self.request(service)
        })
    }

    /// The same of an apply, for as long as it runs.
    pub fn asked_by(&self, applying: &mut Applying, service: &str) -> Result<String> {
        applying.until("a request for a connection", LIMIT, |_| {
            self.request(service)
        })
    }

    /// Whoever asks for a connection to a service of this side, once somebody does.
    fn request(&self, service: &str) -> Result<Option<String>> {
        let wanted = json!({ "Filters": [
            { "Name": "service-id", "Values": [service] },
            { "Name": "vpc-endpoint-state", "Values": ["pendingAcceptance"] },
        ] });
        let operation = "describe_vpc_endpoint_connections";
        let found = self.account.call("ec2", operation, &wanted)?;
        let id = found["VpcEndpointConnections"][0]["VpcEndpointId"].as_str();
        Ok(id.map(str::to_owned))
    }

    pub fn root(&self) -> String {
        format!("arn:aws:iam::{}:root", self.account.id)
    }

    /// Nothing is left of what Terraform made here.
    pub fn assert_nothing_left(&self) -> Result<()> {
        let (services, endpoints) = (self.services()?, self.endpoints()?);
        ensure!(
            services.is_empty() && endpoints.is_empty(),
            "left: {services:#?} {endpoints:#?}"
        );
        let interfaces = self
            .account
            .call("ec2", "describe_network_interfaces", &json!({}))?;
        ensure!(interfaces["NetworkInterfaces"] == json!([]), "{interfaces}");
        Ok(())
    }
}

impl Sides {
    pub fn new() -> Result<Self> {
        let front = Front::start(Emulators::shared()?)?;
        let sides = Self {
            customer: Side::new(&front)?,
            vendor: Side::new(&front)?,
            front,
        };
        sides.customer.terraform.write("main.tf", "")?;
        sides.vendor.terraform.write("main.tf", "")?;
        sides.customer.terraform.init()?;
        sides.vendor.terraform.init()?;
        Ok(sides)
    }

    /// The customer publishes, and the vendor is told the service's id and name.
    pub fn published(&self, arguments: &str) -> Result<(String, String)> {
        let customer = &self.customer;
        let balancer = customer.network.balancer(&customer.account, "api")?;
        let allowed = format!("allowed_principals = [\"{}\"]", self.vendor.root());
        customer.write(&service_of(&balancer, &format!("{allowed}\n  {arguments}")))?;
        customer.terraform.apply()?;
        let made = customer.terraform.attributes(SERVICE)?;
        Ok((text(&made["id"])?, text(&made["service_name"])?))
    }

    /// The vendor asks, the customer accepts by hand meanwhile, and the vendor's same apply ends: the endpoint's id.
    pub fn connected(&self, service: &str) -> Result<String> {
        let mut applying = self.vendor.terraform.start_apply()?;
        let id = self.customer.asked_by(&mut applying, service)?;
        self.customer.answer("accept", service, &id)?;
        let (succeeded, printed) = applying.finish(LIMIT)?;
        ensure!(succeeded, "{printed}");
        Ok(id)
    }
}

/// A service's configuration.
fn service_of(balancer: &str, arguments: &str) -> String {
    format!(
        "resource \"dataplane_private_service\" \"api\" {{
  name          = \"acme-api\"
  load_balancer = \"{balancer}\"
  {arguments}
}}
"
    )
}

/// A configuration that is initialised, as whoever `account` is.
fn configured(account: &Account, text: &str) -> Result<Terraform> {
    let terraform = configuration(account)?;
    terraform.write("main.tf", text)?;
    terraform.init()?;
    Ok(terraform)
}

/// A configuration of one owner, with a provider block for the region and nothing else: endpoints come by the environment.
fn configuration(account: &Account) -> Result<Terraform> {
    let terraform = Terraform::new()?.with(account.environment());
    terraform.write(
        "provider.tf",
        &format!(
            "terraform {{\n  required_providers {{\n    dataplane = {{ source = \"dataplane/dataplane\" }}\n  }}\n}}\n\n\
             provider \"dataplane\" {{\n  owner = \"{OWNER}\"\n  aws   = {{ region = \"{}\" }}\n}}\n",
            account.region
        ),
    )?;
    Ok(terraform)
}

/// Addresses and what a plan would do to them: `[("…", ["update"])]`.
fn planned(terraform: &Terraform) -> Result<Vec<(String, String)>> {
    let changes = terraform.plan()?.changes();
    let joined = changes
        .into_iter()
        .map(|(address, actions)| (address, actions.join(" ")));
    Ok(joined.collect())
}

fn assert_planned(terraform: &Terraform, address: &str, action: &str) -> Result<()> {
    assert_eq!(
        planned(terraform)?,
        [(address.to_owned(), action.to_owned())]
    );
    Ok(())
}

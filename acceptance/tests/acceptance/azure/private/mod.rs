//! Private Link: a customer who publishes a service and a vendor who connects to it, in two subscriptions, each with a state of its
//! own. What there is, is asked of Resource Manager by plain calls.

mod ends;
mod faults;
mod life;

use std::time::Duration;

use acceptance::{
    azure::{Azure, Network, Subscription},
    terraform::Terraform,
};
use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::bench::{GROUP, provider};

/// How long a step of Terraform may take on a busy machine.
const LIMIT: Duration = Duration::from_mins(3);

const SERVICE: &str = "dataplane_private_service.api";
const ENDPOINT: &str = "dataplane_private_endpoint.api";

/// What the service and the endpoint are called.
const API: &str = "acme-api";

/// One side: a subscription with a network, and a configuration.
struct Side {
    subscription: Subscription,
    network: Network,
    terraform: Terraform,
}

/// Both, who know of each other what people would tell each other.
struct Sides {
    customer: Side,
    vendor: Side,
    /// Last, since what the sides have is looked at when they go.
    _azure: Azure,
}

impl Side {
    fn new(azure: &Azure, id: &str) -> Result<Self> {
        let subscription = Subscription::named(azure, id, GROUP)?;
        let terraform = Terraform::new()?.with(subscription.owner().environment());
        terraform.write("provider.tf", &provider(&subscription, ""))?;
        terraform.write("main.tf", "")?;
        terraform.init()?;
        Ok(Self {
            network: subscription.network()?,
            subscription,
            terraform,
        })
    }

    /// A service's configuration.
    fn service(&self, arguments: &str) -> String {
        let Network {
            link, frontends, ..
        } = &self.network;
        format!(
            "resource \"dataplane_private_service\" \"api\" {{
  name          = \"{API}\"
  load_balancer = \"{}\"
  subnets       = [\"{link}\"]
  {arguments}
}}
",
            frontends[0]
        )
    }

    /// An endpoint's configuration.
    fn endpoint(&self, service: &str, arguments: &str) -> String {
        format!(
            "resource \"dataplane_private_endpoint\" \"api\" {{
  name         = \"{API}\"
  service_name = \"{service}\"
  subnets      = [\"{}\"]
  {arguments}
}}
",
            self.network.own
        )
    }

    fn write(&self, text: &str) -> Result<()> {
        self.terraform.write("main.tf", text)
    }

    fn state_of(&self, address: &str) -> Result<Value> {
        Ok(self.terraform.attributes(address)?["state"].clone())
    }

    fn assert_nothing_left(&self) -> Result<()> {
        self.subscription.assert_nothing_private_left()
    }
}

impl Sides {
    fn new() -> Result<Self> {
        let azure = Azure::start()?;
        Ok(Self {
            customer: Side::new(&azure, "0a2b4c6d-0000-4000-8000-000000000001")?,
            vendor: Side::new(&azure, "99999999-0000-4000-8000-000000000001")?,
            _azure: azure,
        })
    }

    /// The customer publishes for the vendor, who is told the service's id.
    fn published(&self, arguments: &str) -> Result<String> {
        let allowed = format!("allowed_principals = [\"{}\"]", self.vendor.subscription.id);
        let Side { terraform, .. } = &self.customer;
        let service = self.customer.service(&format!("{allowed}\n  {arguments}"));
        self.customer.write(&service)?;
        terraform.apply_then_empty_plan()?;
        let name = &terraform.attributes(SERVICE)?["service_name"];
        Ok(name.as_str().context("a name")?.to_owned())
    }

    /// The vendor asks, the customer accepts by hand meanwhile, and the vendor's same apply ends: the endpoint's id.
    fn connected(&self) -> Result<String> {
        let applying = self.vendor.terraform.start_apply()?;
        let endpoint = self.customer.subscription.asked(API)?;
        let hand = &self.customer.subscription;
        hand.answer(API, &endpoint, "Approved")?;
        let (succeeded, printed) = applying.finish(LIMIT)?;
        ensure!(succeeded, "{printed}");
        Ok(endpoint)
    }
}

/// Plans exactly this, of this resource.
fn assert_planned(terraform: &Terraform, address: &str, action: &[&str]) -> Result<()> {
    let planned = terraform.plan()?.changes();
    let expected = action.iter().map(|&action| action.to_owned()).collect();
    assert_eq!(planned, [(address.to_owned(), expected)]);
    Ok(())
}

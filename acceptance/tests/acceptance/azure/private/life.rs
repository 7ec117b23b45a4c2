//! Connections that come to be, change and are taken away again.

use anyhow::{Context as _, Result, ensure};

use super::{API, ENDPOINT, SERVICE, Sides, assert_planned};
use crate::bad_input::{Expected, refuses};

/// Each side applies once: the vendor's apply waits for the customer's, and ends with names that work. Then all is as it was asked
/// for, also after an import; and it goes in the order that cuts nobody off.
#[test]
fn both_sides_end_in_one_apply_each() -> Result<()> {
    let sides = Sides::new()?;
    let (customer, vendor) = (&sides.customer, &sides.vendor);
    let zone = vendor.subscription.zone("acme.example")?;
    let service = sides.published("private_dns_name = \"api.acme.example\"")?;
    let zones = format!("dns_zones = [\"{zone}\"]");
    vendor.write(&vendor.endpoint(&service, &zones))?;
    let applying = vendor.terraform.start_apply()?;
    let endpoint = customer.subscription.asked(API)?;
    // Nothing leads to it before it works.
    assert_eq!(vendor.subscription.records(&zone)?, [""; 0]);
    let accepted = format!(
        "private_dns_name = \"api.acme.example\"\n  accepted_connections = [\"{endpoint}\"]"
    );
    assert_eq!(sides.published(&accepted)?, service);
    let (succeeded, printed) = applying.finish(super::LIMIT)?;
    ensure!(succeeded, "{printed}");
    assert_eq!(vendor.subscription.records(&zone)?, ["api"]);
    let made = vendor.terraform.attributes(ENDPOINT)?;
    assert_eq!(made["state"], "available");
    assert_eq!(made["connection_id"], endpoint.as_str());
    assert_eq!(made["dns"][0]["name"], "api.acme.example");
    ensure!(made["addresses"][0].is_string(), "{made:#}");
    let told = customer.terraform.attributes(SERVICE)?;
    assert_eq!(told["connections"][0]["state"], "available");
    assert_eq!(
        told["connections"][0]["owner"],
        vendor.subscription.id.as_str()
    );

    for (side, address) in [(customer, SERVICE), (vendor, ENDPOINT)] {
        let nothing = side.terraform.plan()?;
        nothing.assert_empty("the plan once both are connected")?;
        let refreshed = side.terraform.plan_refresh_only()?.drift();
        ensure!(refreshed.is_empty(), "{refreshed:?}");
        side.terraform.succeed(&["state", "rm", address])?;
        side.terraform.import(address, API)?;
        side.terraform.apply_then_empty_plan()?;
    }

    let refused = customer.terraform.destroy();
    let refused = refused.expect_err("destroying what the vendor is connected to");
    let said = format!("{refused:#}");
    ensure!(
        said.contains("is in use") && said.contains(&vendor.subscription.id),
        "{said}"
    );
    assert_eq!(customer.subscription.listed("privateLinkServices")?, [API]);
    vendor.terraform.destroy()?;
    assert_eq!(vendor.subscription.records(&zone)?, [""; 0]);
    vendor.assert_nothing_left()?;
    customer.terraform.destroy()?;
    customer.assert_nothing_left()
}

/// Who is named is let in without being asked about, by the service's id or its alias; who is not is told whom to ask.
#[test]
fn who_is_named_is_let_in_and_nobody_else() -> Result<()> {
    let sides = Sides::new()?;
    let (customer, vendor) = (&sides.customer, &sides.vendor);
    let service = sides.published("auto_accept = true")?;
    let alias = customer.terraform.attributes(SERVICE)?["alias"].clone();
    let alias = alias.as_str().context("an alias")?;
    for name in [service.as_str(), alias] {
        vendor.write(&vendor.endpoint(name, ""))?;
        vendor.terraform.apply_then_empty_plan()?;
        assert_eq!(vendor.state_of(ENDPOINT)?, "available");
        vendor.terraform.destroy()?;
    }
    customer.write(&customer.service(""))?;
    customer.terraform.apply_then_empty_plan()?;
    vendor.write(&vendor.endpoint(&service, ""))?;
    let says = ["allowed_principals", service.as_str()];
    refuses(&vendor.terraform, "apply", &[Expected::at(ENDPOINT, &says)])?;
    vendor.assert_nothing_left()
}

/// What can change does, and nobody is cut off by it.
#[test]
fn what_can_change_does_in_place() -> Result<()> {
    let sides = Sides::new()?;
    let (customer, vendor) = (&sides.customer, &sides.vendor);
    let service = sides.published("")?;
    vendor.write(&vendor.endpoint(&service, "request_message = \"please\""))?;
    let endpoint = sides.connected()?;
    let zone = vendor.subscription.zone("acme.example")?;
    let more = format!(
        "request_message = \"thank you\"\n  dns_zones = [\"{zone}\"]\n  tags = {{ team = \"a\" }}"
    );
    vendor.write(&vendor.endpoint(&service, &more))?;
    assert_planned(&vendor.terraform, ENDPOINT, &["update"])?;
    vendor.terraform.apply_then_empty_plan()?;
    let other = vendor.subscription.zone("acme.test")?;
    vendor.write(&vendor.endpoint(&service, &more.replace(&zone, &other)))?;
    vendor.terraform.apply_then_empty_plan()?;

    let us = "8ad3f4e2-7c11-4c7b-9a26-0f5a8e6a1c11";
    let wider = format!(
        "allowed_principals = [\"{}\", \"{us}\"]\n  auto_accept = true\n  private_dns_name = \"api.acme.test\"\n  tags = {{ team = \"a\" }}",
        vendor.subscription.id
    );
    customer.write(&customer.service(&wider))?;
    assert_planned(&customer.terraform, SERVICE, &["update"])?;
    customer.terraform.apply_then_empty_plan()?;
    let connections = customer.subscription.connections(API)?;
    let [(_, of, status)] = &connections[..] else {
        anyhow::bail!("{connections:?}")
    };
    assert_eq!((of, status.as_str()), (&endpoint, "Approved"));
    assert_eq!(vendor.subscription.records(&other)?, ["api"]);
    assert_eq!(vendor.subscription.records(&zone)?, [""; 0]);

    // Another balancer is another service.
    let [one, two] = &customer.network.frontends;
    customer.write(&customer.service(&wider).replace(one, two))?;
    assert_planned(&customer.terraform, SERVICE, &["delete", "create"])
}

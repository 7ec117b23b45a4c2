//! A private connection from both sides: what its customer and its vendor wait for, and how many calls each makes.

use std::time::{Duration, Instant};

use acceptance::terraform::Terraform;
use anyhow::{Context as _, Result, ensure};

use crate::{
    calls::{OnAws, OnAzure, OnGoogle, Substrate, configuration, named},
    table,
};

const LIMIT: Duration = Duration::from_mins(3);
const SERVICE: &str = "dataplane_private_service.this";
const NOBODY: &str = "accepted_connections = []";

/// What each step is, in order.
const STEPS: [&str; 8] = [
    "customer: publish",
    "customer: plan with nothing to do",
    "vendor: ask, wait for the customer, connect",
    "customer: accept, while the vendor waits",
    "vendor: from the end of the customer's apply to the end of its own",
    "vendor: plan with nothing to do",
    "vendor: disconnect",
    "customer: publish no more",
];

/// One side: an account, its network and a state.
struct Side {
    substrate: Box<dyn Substrate>,
    terraform: Terraform,
}

pub fn measure() -> Result<String> {
    let clouds = [
        ("AWS", aws as fn() -> Result<[Side; 2]>),
        ("Google Cloud", google),
        ("Azure", azure),
    ];
    let mut columns = Vec::new();
    for (name, sides) in clouds {
        columns.push(steps(&sides()?).with_context(|| format!("connecting on {name}"))?);
    }
    let rows: Vec<Vec<String>> = STEPS
        .iter()
        .enumerate()
        .map(|(index, step)| {
            let cells = columns.iter().filter_map(|column| column.get(index));
            [(*step).to_owned()]
                .into_iter()
                .chain(cells.cloned())
                .collect()
        })
        .collect();
    Ok(format!(
        "## A private connection\n\nA customer publishes a load balancer, a vendor connects to it from another account, project or \
         subscription, with a state of its own. Seconds are Terraform's, whole; stand-ins settle at once, and the looks of who waits \
         are among the calls.\n\n{}",
        table::render(&["step", "AWS", "Google Cloud", "Azure"], &rows)
    ))
}

fn aws() -> Result<[Side; 2]> {
    Ok([Side::new(OnAws::fresh()?)?, Side::new(OnAws::fresh()?)?])
}

fn google() -> Result<[Side; 2]> {
    Ok([
        Side::new(OnGoogle::fresh()?)?,
        Side::new(OnGoogle::fresh()?)?,
    ])
}

fn azure() -> Result<[Side; 2]> {
    Ok([Side::new(OnAzure::fresh()?)?, Side::new(OnAzure::fresh()?)?])
}

/// The cells of one cloud, as many as there are steps.
fn steps([customer, vendor]: &[Side; 2]) -> Result<Vec<String>> {
    let principals = vendor
        .substrate
        .principal()
        .map_or_else(String::new, |principal| {
            format!("  allowed_principals = [\"{principal}\"]\n")
        });
    let names = customer.substrate.network()?;
    let link = if names.iter().any(|(name, _)| *name == "link") {
        "  subnets = [\"<link>\"]\n"
    } else {
        ""
    };
    let service = format!(
        "resource \"dataplane_private_service\" \"this\" {{\n  name = \"calls-api\"\n  load_balancer = \"<balancer>\"\n{link}{principals}  {NOBODY}\n}}\n"
    );
    customer.write(&named(&service, &names))?;
    let published = customer.step(|terraform| terraform.apply().map(drop))?;
    let planned = customer.step(|terraform| terraform.plan().map(drop))?;

    let attributes = customer.terraform.attributes(SERVICE)?;
    let of = |name: &str| {
        attributes[name]
            .as_str()
            .map(str::to_owned)
            .context("a name")
    };
    let endpoint = format!(
        "resource \"dataplane_private_endpoint\" \"this\" {{\n  name = \"calls-api\"\n  service_name = \"{}\"\n{}}}\n",
        of("service_name")?,
        vendor.substrate.place()
    );
    let names = vendor.substrate.network()?;
    vendor.write(&named(&endpoint, &names))?;
    vendor.substrate.take_calls()?;
    let started = Instant::now();
    let applying = vendor.terraform.start_apply()?;
    let connection = customer.substrate.asked(&of("id")?)?;
    let accepted = format!("accepted_connections = [\"{connection}\"]");
    customer.terraform.edit("main.tf", NOBODY, &accepted)?;
    let answered = customer.step(|terraform| terraform.apply().map(drop))?;
    let told = Instant::now();
    let (succeeded, printed) = applying.finish(LIMIT)?;
    ensure!(succeeded, "{printed}");
    let connected = cell(vendor.substrate.take_calls()?.len(), started.elapsed());
    let after = table::seconds(told.elapsed());
    let state = &vendor
        .terraform
        .attributes("dataplane_private_endpoint.this")?["state"];
    ensure!(state == "available", "the endpoint is {state}");

    let idle = vendor.step(|terraform| terraform.plan().map(drop))?;
    let disconnected = vendor.step(|terraform| terraform.destroy().map(drop))?;
    let withdrawn = customer.step(|terraform| terraform.destroy().map(drop))?;
    Ok(vec![
        published,
        planned,
        connected,
        answered,
        after,
        idle,
        disconnected,
        withdrawn,
    ])
}

fn cell(calls: usize, time: Duration) -> String {
    let plural = if calls == 1 { "" } else { "s" };
    format!("{calls} call{plural}, {}", table::seconds(time))
}

impl Side {
    fn new(substrate: impl Substrate + 'static) -> Result<Self> {
        let terraform = Terraform::new()?.with(substrate.environment());
        terraform.write("main.tf", &configuration(&substrate, ""))?;
        terraform.init()?;
        Ok(Self {
            substrate: Box::new(substrate),
            terraform,
        })
    }

    fn write(&self, resources: &str) -> Result<()> {
        let text = configuration(self.substrate.as_ref(), resources);
        self.terraform.write("main.tf", &text)
    }

    /// Does something: the calls that this side made, and how long it took.
    fn step(&self, run: impl FnOnce(&Terraform) -> Result<()>) -> Result<String> {
        self.substrate.take_calls()?;
        let started = Instant::now();
        run(&self.terraform)?;
        let time = started.elapsed();
        Ok(cell(self.substrate.take_calls()?.len(), time))
    }
}

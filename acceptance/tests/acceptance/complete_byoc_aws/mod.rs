//! `examples/complete/byoc/aws`: a customer and a vendor with an account, an identity and a state each. Networks, balancers and
//! roles that hashicorp/aws would make are made in the emulators; the rest of it is its schemas.
//!
//! No packet passes the endpoint: the API server is reached by its own address. This shows order, identities, rights and what one
//! side tells the other; not the way.

mod ends;
mod interruptions;
mod life;
mod rights;

use std::{fs, path::Path, time::Duration};

use acceptance::{
    aws::{Account, Credentials},
    cluster::{Cluster, Site},
    issuer::Issuer,
    setup,
    terraform::Terraform,
};
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::private::{Side, Sides, text};

const LIMIT: Duration = Duration::from_mins(5);
const EXTERNAL_ID: &str = "acme-7f3b9c21";
/// Who works, as the customer's audit log shows it.
const WORKER: &str = "pipeline-4711";
/// The name of the cluster's API, as its certificate has it.
const HOST: &str = "0123456789ABCDEF.gr7.eu-west-1.eks.amazonaws.com";
/// The range of both networks.
const RANGE: &str = "10.0.0.0/16";
const SERVICE: &str = "module.private_api.dataplane_private_service.this";
const ENDPOINT: &str = "module.private_api.dataplane_private_endpoint.this";

/// Both sides, as far as they are before anything is applied.
struct Both {
    sides: Sides,
    /// The customer's, which the vendor's root works in.
    cluster: Option<Cluster>,
    customer: Terraform,
    /// The vendor's pipeline, in a session of its role.
    pipeline: Account,
    _folder: tempfile::TempDir,
}

impl Both {
    /// What the data plane is called: buckets' names are shared by all accounts.
    fn name(&self) -> String {
        named(&self.sides.customer)
    }

    /// With a cluster, for tests that go as far as the vendor's apply.
    fn with_cluster() -> Result<Self> {
        let sides = Sides::new()?;
        let cluster = Cluster::start_on(Site {
            token_review: Some(sides.front.token_review()),
            ..Site::default()
        })?;
        sides.front.trust(Issuer::of(&cluster)?);
        let owner = &sides.customer.account;
        let role = role(owner, "eks", &json!({ "Service": "eks.amazonaws.com" }))?;
        let made = json!({
            "name": "prod", "roleArn": role,
            "resourcesVpcConfig": { "subnetIds": sides.customer.network.subnets },
        });
        owner.call("eks", "create_cluster", &made)?;
        sides.front.host_on_eks("prod", &cluster)?;
        let issuer = cluster.issuer().to_owned();
        Self::of(sides, Some(cluster), &issuer)
    }

    /// With a cluster of which nothing but its record is asked.
    fn without_cluster() -> Result<Self> {
        let issuer = "https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF";
        Self::of(Sides::new()?, None, issuer)
    }

    fn of(sides: Sides, cluster: Option<Cluster>, issuer: &str) -> Result<Self> {
        let pipeline = pipeline(&sides)?;
        let folder = setup::scratch()?;
        let answers = folder.path().join("answers.json");
        fs::write(&answers, answers_of(&sides.customer, issuer).to_string())?;
        let customer = customer(&sides.customer, &answers, &sides.vendor)?;
        Ok(Self {
            sides,
            cluster,
            customer,
            pipeline,
            _folder: folder,
        })
    }

    /// The customer's root is applied: the service's id.
    fn published(&self) -> Result<String> {
        applied(&self.customer, "the customer's")?;
        text(&self.customer.attributes(SERVICE)?["id"])
    }

    /// The vendor's root, told what the customer hands over.
    fn vendor(&self) -> Result<Terraform> {
        let vendor = &self.sides.vendor;
        let network = json!({
            "id": vendor.network.vpc, "cidr": RANGE, "subnet_ids": vendor.network.subnets,
        });
        let terraform = Terraform::example("complete/byoc/aws/vendor")?
            .with(self.pipeline.environment())
            .with([through(&vendor.account)])
            .variable("account_id", &vendor.account.id)
            .variable("external_id", EXTERNAL_ID)
            .variable("source_identity", WORKER)
            .variable("network", &network.to_string())
            .variable("operator_image", "localhost/dataplane-operator:0.1.0")
            .variable("control_plane_endpoint", "https://acme.control.example.com");
        // The emulators know an account by the id of a key that has twelve digits.
        let key = format!(
            "provider \"aws\" {{\n  access_key = \"{}\"\n}}\n",
            vendor.account.id
        );
        terraform.write("emulated_override.tf", &key)?;
        self.hand_over(&terraform)?;
        terraform.init()?;
        Ok(terraform)
    }

    /// What the customer's root says goes to the vendor, as a file.
    fn hand_over(&self, vendor: &Terraform) -> Result<()> {
        let told = json!({ "customer": self.customer.output("customer")? });
        vendor.write("customer.auto.tfvars.json", &told.to_string())
    }

    /// The customer writes down who is let in and who is kept out.
    fn write_down(&self, accepted: &[&str], rejected: &[&str]) -> Result<()> {
        let said = json!({ "accepted_connections": accepted, "rejected_connections": rejected });
        self.customer
            .write("connections.auto.tfvars.json", &said.to_string())
    }

    /// One apply of the vendor's asks, is let in by an apply of the customer's meanwhile, and goes on: the endpoint's id.
    fn connected(&self, vendor: &Terraform, service: &str) -> Result<String> {
        let mut applying = vendor.start_apply()?;
        let id = self.sides.customer.asked_by(&mut applying, service)?;
        self.write_down(&[&id], &[])?;
        self.customer.apply()?;
        let (succeeded, printed) = applying.finish(LIMIT)?;
        ensure!(succeeded, "{printed}");
        Ok(id)
    }

    /// What the vendor's pipeline has to say of itself to take a role that the customer granted.
    fn asked(&self, access: &str) -> Result<Value> {
        let role = &self.customer.output("customer")?["role_arns"][access];
        let tags = json!([
            { "Key": "dataplane:tenant", "Value": self.name() }, { "Key": "dataplane:operator", "Value": WORKER },
        ]);
        Ok(json!({
            "RoleArn": role, "RoleSessionName": "pipeline", "ExternalId": EXTERNAL_ID, "SourceIdentity": WORKER, "Tags": tags,
        }))
    }

    /// A session of the role that the vendor's root is applied with.
    fn session(&self) -> Result<Account> {
        self.session_by(&self.asked("provision")?)
    }

    fn session_by(&self, asked: &Value) -> Result<Account> {
        self.session_of(&self.pipeline, asked)
    }

    fn session_of(&self, who: &Account, asked: &Value) -> Result<Account> {
        let answer = who.call("sts", "assume_role", asked)?;
        let key = |name: &str| text(&answer["Credentials"][name]);
        let session = Credentials {
            access_key: key("AccessKeyId")?,
            secret_key: key("SecretAccessKey")?,
            session_token: Some(key("SessionToken")?),
        };
        Ok(self.sides.customer.account.over_tls().with(session))
    }

    fn cluster(&self) -> Result<&Cluster> {
        self.cluster.as_ref().context("no cluster was asked for")
    }

    fn assert_nothing_left(&self) -> Result<()> {
        self.sides.vendor.assert_nothing_left()?;
        self.sides.customer.assert_nothing_left()
    }
}

/// Applies a root; then there is nothing to plan and nothing to refresh.
fn applied(root: &Terraform, whose: &str) -> Result<()> {
    root.apply()?;
    empty(root, whose)
}

fn empty(root: &Terraform, whose: &str) -> Result<()> {
    root.plan()?.assert_empty(&format!("{whose} plan"))?;
    root.plan_refresh_only()?
        .assert_no_difference(&format!("{whose} refresh"))
}

/// The vendor goes, by the role that deletes: the definitions stay in the customer's cluster, with the tasks of whoever else works
/// there.
fn leave(vendor: &Terraform) -> Result<()> {
    vendor.write("access.auto.tfvars.json", "{\"access\": \"deprovision\"}")?;
    vendor.succeed(&["state", "rm", "module.operator.dataplane_crds.this[0]"])?;
    vendor.destroy().map(drop)
}

/// The vendor's pipeline: in its own account it may make endpoints, as `dataplane_permissions` prints it, and elsewhere take the
/// roles that customers grant.
fn pipeline(sides: &Sides) -> Result<Account> {
    let vendor = &sides.vendor;
    let owner = format!("{}-access", named(&sides.customer));
    vendor.write(&format!(
        "data \"dataplane_permissions\" \"this\" {{
  resources = [\"private_endpoint\"]
  owners    = [\"{owner}\"]
}}

output \"policy\" {{
  value = data.dataplane_permissions.this.policy
}}
",
    ))?;
    vendor.terraform.apply()?;
    let printed = text(&vendor.terraform.output("policy")?)?;
    let mut document: Value = serde_json::from_str(&printed)?;
    let statements = document["Statement"].as_array_mut();
    statements.context("statements")?.push(json!({
        "Effect": "Allow", "Action": ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"],
        "Resource": "arn:aws:iam::*:role/dataplane-vendor/*",
    }));
    // What is made for a data plane has policies of buckets that refuse plain HTTP.
    Ok(vendor.account.runner("pipeline", &document)?.over_tls())
}

fn named(customer: &Side) -> String {
    let (_, last) = customer.account.id.split_at(8);
    format!("acme-{last}")
}

fn customer(side: &Side, answers: &Path, vendor: &Side) -> Result<Terraform> {
    let network = json!({
        "vpc_id": side.network.vpc, "subnet_ids": side.network.subnets, "route_table_ids": [],
    });
    let pipeline = format!("arn:aws:iam::{}:role/pipeline", vendor.account.id);
    let vendor =
        json!({ "principals": [pipeline], "on_call": [pipeline], "external_id": EXTERNAL_ID });
    let answers = answers.display().to_string();
    let terraform = Terraform::example("complete/byoc/aws/customer")?
        .with(side.account.over_tls().environment())
        .with([
            through(&side.account),
            ("DATAPLANE_SCHEMA_ANSWERS".to_owned(), answers),
        ])
        .variable("account_id", &side.account.id)
        .variable("region", &side.account.region)
        .variable("name", &named(side))
        .variable("cluster", "prod")
        .variable("network", &network.to_string())
        .variable("vendor", &vendor.to_string());
    terraform.init()?;
    Ok(terraform)
}

fn through(account: &Account) -> (String, String) {
    (
        "DATAPLANE_SCHEMA_AWS_ENDPOINT".to_owned(),
        account.endpoint.clone(),
    )
}

fn role(account: &Account, name: &str, principal: &Value) -> Result<String> {
    let trust = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal },
    ] });
    let wanted = json!({ "RoleName": name, "AssumeRolePolicyDocument": trust.to_string() });
    text(&account.call("iam", "create_role", &wanted)?["Role"]["Arn"])
}

/// What hashicorp/aws would read of the customer's network and cluster.
fn answers_of(side: &Side, issuer: &str) -> Value {
    let vpc = json!({ "type": "aws_vpc", "arguments": { "id": side.network.vpc }, "attributes": {
        "cidr_block": RANGE, "enable_dns_support": true, "enable_dns_hostnames": true,
        "cidr_block_associations": [{ "association_id": "vpc-cidr-assoc-0a", "cidr_block": RANGE, "state": "associated" }],
    } });
    let subnets = side.network.subnets.iter().zip(["a", "b", "c"]).map(|(id, zone)| {
        json!({ "type": "aws_subnet", "arguments": { "id": id }, "attributes": {
            "vpc_id": side.network.vpc, "availability_zone": format!("{}{zone}", side.account.region),
            "map_public_ip_on_launch": false, "available_ip_address_count": 200,
            "tags": { "kubernetes.io/role/internal-elb": "1" },
        } })
    });
    let eks = json!({ "type": "aws_eks_cluster", "arguments": { "name": "prod" }, "attributes": {
        "endpoint": format!("https://{HOST}"),
        "certificate_authority": [{ "data": "LS0tLS1CRUdJTg==" }],
        "identity": [{ "oidc": [{ "issuer": issuer }] }],
    } });
    let partition =
        json!({ "type": "aws_partition", "arguments": {}, "attributes": { "partition": "aws" } });
    let caller = json!({ "type": "aws_caller_identity", "arguments": {}, "attributes": { "account_id": side.account.id } });
    // Before the vendor made any.
    let roles = json!({ "type": "aws_iam_roles", "arguments": {}, "attributes": { "names": [], "arns": [] } });
    subnets
        .chain([vpc, eks, partition, caller, roles])
        .collect()
}

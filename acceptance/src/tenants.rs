//! Tenants of a vendor: an account each, with a network and a role that the vendor may take, and the root of
//! `examples/complete/many-tenants` with a file of variables for each of them.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::{
    aws::{Account, Emulators, Front},
    issuer, process, setup,
    terraform::Terraform,
};

/// Who changes things, as the journal has it.
pub const ACTOR: &str = "pipeline-of-acme";

const EXTERNAL_ID: &str = "vendor-7f3b9c21";

const ROLE: &str = "provision";

/// Emulators of their own, since names are fixed.
pub struct Tenants {
    pub accounts: Vec<Account>,
    pub front: Front,
    /// The example, run with credentials of the vendor's account alone.
    pub terraform: Terraform,
    _emulators: Emulators,
    _directory: tempfile::TempDir,
}

/// What a call of `dataplane-fleet` ended with and printed.
pub struct Said {
    pub code: Option<i32>,
    pub printed: Value,
    pub progress: String,
}

/// The tenant's name.
pub fn name(tenant: usize) -> String {
    format!("t-{tenant:02}")
}

impl Tenants {
    /// So many, with a `fleet.yaml` that has these waves; their states are files.
    pub fn new(count: usize, waves: &str) -> Result<Self> {
        let directory = setup::scratch()?;
        let emulators = Emulators::start_in(directory.path())?;
        let front = Front::start(&emulators)?;
        let vendor = Account::new(&front);
        // Buckets refuse what comes without TLS, but from an account's root user.
        let environment = vendor.over_tls().environment();
        let terraform = Terraform::example("complete/many-tenants")?.with(environment);
        terraform.edit("versions.tf", "backend \"s3\"", "backend \"local\"")?;
        terraform.write(
            "fleet.yaml",
            &format!(
                "root: .\nvar_files: [\"tenants/{{tenant}}.tfvars.json\"]\nbackend_config: {{ path: \"states/{{tenant}}.tfstate\" }}\n\
                 protect: [dataplane_bucket, dataplane_private_endpoint]\nwaves:\n{waves}"
            ),
        )?;
        let folder = terraform.directory().join("tenants");
        fs::remove_dir_all(&folder)?;
        fs::create_dir(&folder)?;
        let mut accounts = Vec::new();
        for tenant in 0..count {
            let account = Account::new(&front);
            let mut variables = grant(&account, &vendor)?;
            variables["name"] = name(tenant).into();
            terraform.write(
                &format!("tenants/{}.tfvars.json", name(tenant)),
                &variables.to_string(),
            )?;
            accounts.push(account);
        }
        Ok(Self {
            accounts,
            front,
            terraform,
            _emulators: emulators,
            _directory: directory,
        })
    }

    /// Terraform hashes the provider at every command, which takes most of its time where that is a build of 200 MB with
    /// debug information: like this, it does so at `init` only.
    pub fn without_checksums(self) -> Result<Self> {
        let Self { terraform, .. } = &self;
        let root = terraform.temporary().with_file_name("overrides");
        fs::create_dir_all(&root)?;
        let provider = "terraform-provider-dataplane";
        let (built, own) = (setup::built(provider)?, root.join(provider));
        if fs::hard_link(&built, &own).is_err() {
            fs::copy(&built, &own).with_context(|| format!("copying to {}", own.display()))?;
        }
        let usual = fs::read_to_string(root.with_file_name("terraform.rc"))?;
        let block = "provider_installation {\n";
        let with_overrides = format!(
            "{block}  dev_overrides {{\n    \"dataplane/dataplane\" = \"{}\"\n  }}\n",
            root.display()
        );
        let file = root.join("terraform.rc");
        fs::write(&file, usual.replace(block, &with_overrides))?;
        let variable = ("TF_CLI_CONFIG_FILE".to_owned(), file.display().to_string());
        Ok(Self {
            terraform: self.terraform.with([variable]),
            ..self
        })
    }

    /// Runs `dataplane-fleet … --json`.
    pub fn fleet(&self, arguments: &[&str]) -> Result<Said> {
        let mut command = self.command(&setup::built("dataplane-fleet")?);
        command
            .args(arguments)
            .arg("--json")
            .arg("--terraform")
            .arg(setup::terraform()?)
            .env("FLEET_ACTOR", ACTOR)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let output = process::spawn(command)?.wait_with_output()?;
        let progress = String::from_utf8(output.stderr)?;
        let printed = serde_json::from_slice(&output.stdout)
            .with_context(|| format!("{}: {progress}", arguments.join(" ")))?;
        Ok(Said {
            code: output.status.code(),
            printed,
            progress,
        })
    }

    /// A program in the root's folder, with what Terraform reads and nothing else.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = process::command(program);
        command
            .current_dir(self.terraform.directory())
            .env_clear()
            .envs(setup::variable("PATH").map(|path| ("PATH", path)))
            .env("HOME", self.terraform.temporary())
            .envs(self.terraform.environment())
            .stdin(Stdio::null());
        command
    }
}

impl Said {
    /// The tenants with this outcome.
    pub fn with(&self, outcome: &str) -> Vec<String> {
        let tenants = self.printed["tenants"].as_array().into_iter().flatten();
        tenants
            .filter(|tenant| tenant["outcome"] == outcome)
            .filter_map(|tenant| tenant["tenant"].as_str().map(str::to_owned))
            .collect()
    }
}

/// Gives the vendor's role a policy.
pub fn put_policy(account: &Account, name: &str, document: &Value) -> Result<()> {
    let policy =
        json!({ "RoleName": ROLE, "PolicyName": name, "PolicyDocument": document.to_string() });
    account.call("iam", "put_role_policy", &policy).map(drop)
}

pub fn delete_policy(account: &Account, name: &str) -> Result<()> {
    let policy = json!({ "RoleName": ROLE, "PolicyName": name });
    account.call("iam", "delete_role_policy", &policy).map(drop)
}

/// What a tenant does before the vendor comes, and tells the vendor.
fn grant(account: &Account, vendor: &Account) -> Result<Value> {
    let text = |value: &Value| value.as_str().map(str::to_owned).context("a text");
    let network = ec2(account, "CreateVpc", ("CidrBlock", "10.0.0.0/16"), "vpcId")?;
    let table = ec2(
        account,
        "CreateRouteTable",
        ("VpcId", &network),
        "routeTableId",
    )?;
    let trust = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": { "AWS": format!("arn:aws:iam::{}:root", vendor.id) },
        "Condition": { "StringEquals": { "sts:ExternalId": EXTERNAL_ID } },
    }] });
    let role = json!({ "RoleName": ROLE, "AssumeRolePolicyDocument": trust.to_string() });
    let role = text(&account.call("iam", "create_role", &role)?["Role"]["Arn"])?;
    let all = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "*", "Resource": "*" }] });
    put_policy(account, "all", &all)?;
    account.ec2().allow(&role, &[all])?;
    Ok(json!({
        "account_id": account.id, "region": account.region, "role_arn": role, "external_id": EXTERNAL_ID,
        "issuer": format!("https://oidc.eks.{}.amazonaws.com/id/{}", account.region, account.id),
        "network": { "id": network, "route_table_ids": [table] },
    }))
}

/// A call in EC2's own protocol, and an element of its answer: boto3 takes half a second to make a client of EC2's, and each
/// account needs its own.
fn ec2(
    account: &Account,
    operation: &str,
    parameter: (&str, &str),
    element: &str,
) -> Result<String> {
    let body = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("Action", operation)
        .append_pair("Version", "2016-11-15")
        .append_pair(parameter.0, parameter.1)
        .finish();
    // Nobody checks the signature of an account's root user.
    let signed = format!(
        "AWS4-HMAC-SHA256 Credential={}/20261122/{}/ec2/aws4_request, SignedHeaders=host, Signature=0",
        account.id, account.region
    );
    let request = reqwest::Client::builder()
        .no_proxy()
        .build()?
        .post(&account.endpoint)
        .header("authorization", signed)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body);
    let answer = issuer::runtime().block_on(async { request.send().await?.text().await })?;
    answer
        .split_once(&format!("<{element}>"))
        .and_then(|(_, rest)| rest.split_once("</"))
        .map(|(value, _)| value.to_owned())
        .with_context(|| format!("{operation}: no {element} in {answer}"))
}

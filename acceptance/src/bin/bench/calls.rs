//! The calls to the cloud that each resource makes per verb, counted at the endpoint it is given.

use std::collections::BTreeMap;

use acceptance::{
    aws::{Account, Call, Emulators, Front},
    terraform::Terraform,
};
use anyhow::{Context as _, Result};

use crate::table;

struct Subject {
    name: &'static str,
    create: &'static str,
    /// One argument changed.
    update: (&'static str, &'static str),
}

const SUBJECTS: &[Subject] = &[
    Subject {
        name: "dataplane_bucket",
        create: r#"  name         = "calls-metadata"
  cors_origins = ["https://app.example.com"]
  expiration   = [{ prefix = "raw/", days = 30 }]
"#,
        update: ("days = 30", "days = 31"),
    },
    Subject {
        name: "dataplane_identity_provider",
        create: r#"  issuer = "https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"
  tags   = { step = "one" }
"#,
        // No emulator changes audiences.
        update: (r#""one""#, r#""two""#),
    },
    Subject {
        name: "dataplane_role",
        create: r#"  name     = "calls-user"
  profile  = "user"
  buckets  = { metadata = { id = "calls-metadata" } }
  trust    = { irsa = { provider_arn = "arn:aws:iam::000000000000:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF" } }
  subjects = [{ namespace = "flytesnacks-development", service_account = "default" }]
"#,
        update: (r#""calls-metadata" }"#, r#""calls-other" }"#),
    },
    Subject {
        name: "dataplane_registry",
        create: "  name      = \"calls/images\"\n  keep_last = 10\n",
        update: ("keep_last = 10", "keep_last = 11"),
    },
    Subject {
        name: "dataplane_log_group",
        create: "  name           = \"/calls/task\"\n  retention_days = 30\n",
        update: ("retention_days = 30", "retention_days = 60"),
    },
    Subject {
        name: "dataplane_secret",
        create: "  name             = \"calls/key\"\n  value_wo         = \"first\"\n  value_wo_version = 1\n",
        update: ("value_wo_version = 1", "value_wo_version = 2"),
    },
];

pub fn measure() -> Result<String> {
    let front = Front::start(Emulators::shared()?)?;
    let mut rows = Vec::new();
    let mut details = Vec::new();
    for subject in SUBJECTS {
        let verbs = count(&front, subject)
            .with_context(|| format!("counting the calls of {}", subject.name))?;
        let mut row = vec![format!("`{}`", subject.name)];
        row.extend(verbs.iter().map(|calls| calls.len().to_string()));
        rows.push(row);
        let verbs: Vec<String> = ["create", "read", "update", "delete"]
            .iter()
            .zip(&verbs)
            .map(|(verb, calls)| format!("{verb} = {}", names(calls)))
            .collect();
        details.push(format!("- `{}`: {}", subject.name, verbs.join("; ")));
    }
    Ok(format!(
        "## Calls to the cloud\n\nOne resource of each type on its own, by the calls that reach its endpoint. `GetCallerIdentity`, once per process \
         where an account is guarded, is left out; update and delete are the calls beside the read that Terraform makes first.\n\n{}\n{}\n",
        table::render(&["resource", "create", "read", "update", "delete"], &rows),
        details.join("\n")
    ))
}

/// The calls of create, read, update and delete.
fn count(front: &Front, subject: &Subject) -> Result<[Vec<Call>; 4]> {
    let account = Account::new(front);
    let create = subject.create.replace("000000000000", &account.id);
    let terraform = Terraform::new()?.with(account.environment());
    terraform.write("main.tf", &configuration(&account, subject.name, &create))?;
    terraform.init()?;
    let calls = |front: &Front| -> Vec<Call> {
        let mut calls = front.take_calls();
        calls.retain(|call| call.operation != "GetCallerIdentity");
        calls
    };
    calls(front);
    terraform.apply()?;
    let created = calls(front);
    terraform.plan()?;
    let read = calls(front);
    terraform.edit("main.tf", subject.update.0, subject.update.1)?;
    terraform.apply()?;
    let updated = calls(front).split_off(read.len());
    terraform.destroy()?;
    let deleted = calls(front).split_off(read.len());
    Ok([created, read, updated, deleted])
}

/// A configuration of one resource.
pub fn configuration(account: &Account, kind: &str, body: &str) -> String {
    let services = ["ecr", "eks", "iam", "logs", "s3", "secretsmanager", "sts"];
    let endpoints = services
        .map(|service| format!("      {service} = \"{}\"", account.endpoint))
        .join("\n");
    format!(
        "terraform {{\n  required_providers {{\n    dataplane = {{ source = \"dataplane/dataplane\" }}\n  }}\n}}\n\n\
         provider \"dataplane\" {{\n  owner = \"bench\"\n  aws = {{\n    region = \"{}\"\n    endpoints = {{\n{endpoints}\n    }}\n  }}\n}}\n\n\
         resource \"{kind}\" \"this\" {{\n{body}}}\n",
        account.region
    )
}

/// `PutObject, GetObject twice`, in the order of first use.
fn names(calls: &[Call]) -> String {
    let mut order = Vec::new();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for call in calls {
        let count = counts.entry(&call.operation).or_default();
        if *count == 0 {
            order.push(call.operation.as_str());
        }
        *count += 1;
    }
    order
        .iter()
        .map(|name| match counts.get(name) {
            Some(1) | None => (*name).to_owned(),
            Some(count) => format!("{name} ({count} times)"),
        })
        .collect::<Vec<_>>()
        .join(", ")
}

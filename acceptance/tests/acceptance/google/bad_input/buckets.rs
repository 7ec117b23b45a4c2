//! A bucket that exists already: continued when it is our own half-made one, else named with its marks and the import block.

use acceptance::google::Caller;
use anyhow::{Result, ensure};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{
    bad_input::{Expected, refuses},
    bench::OWNER,
    google::bench::{Bench, REGION},
};

/// A bucket that is in the way: how it is marked, where it lies, and what is said of it.
struct Taken {
    name: &'static str,
    owner: Option<&'static str>,
    /// What it was made as; without it, as the resource that now wants its name.
    resource: Option<&'static str>,
    creating: bool,
    region: &'static str,
    says: &'static str,
}

const OURS: Taken = Taken {
    name: "taken-ours",
    owner: Some(OWNER),
    resource: None,
    creating: false,
    region: REGION,
    says: "It carries this owner's mark, \"acceptance\", and is complete",
};

const TAKEN: [Taken; 6] = [
    OURS,
    Taken {
        name: "taken-owner",
        owner: Some("somebody"),
        says: "It carries the mark of the owner \"somebody\"; this configuration's owner is \"acceptance\"",
        ..OURS
    },
    Taken {
        name: "taken-making",
        owner: Some("somebody"),
        creating: true,
        says: "It carries the mark of the owner \"somebody\", which is still making it",
        ..OURS
    },
    Taken {
        name: "taken-resource",
        resource: Some("dataplane_bucket/other"),
        creating: true,
        says: "was made as dataplane_bucket_other-",
        ..OURS
    },
    Taken {
        name: "taken-unmarked",
        owner: None,
        says: "It carries no mark of this provider",
        ..OURS
    },
    Taken {
        name: "taken-region",
        creating: true,
        region: "europe-west1",
        says: "It lies in europe-west1, and new buckets are made in europe-west4",
        ..OURS
    },
];

/// A mark as a label holds it: made to fit, with the beginning of its digest.
fn mark(resource: &str) -> String {
    let digest = Sha256::digest(resource.as_bytes());
    let first = digest[..6]
        .iter()
        .fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
    format!("{}-{first:012x}", resource.replace('/', "_"))
}

impl Taken {
    /// Makes it by hand.
    fn make(&self, owner: &Caller) -> Result<()> {
        let mut labels = json!({});
        if let Some(owner) = self.owner {
            let own = format!("dataplane_bucket/{}", self.name);
            let resource = mark(self.resource.unwrap_or(&own));
            labels = json!({ "dataplane-owner": owner, "dataplane-resource": resource });
            if self.creating {
                labels["dataplane-creating"] = "true".into();
            }
        }
        let body = json!({ "name": self.name, "location": self.region, "labels": labels });
        let bucket = json!({ "project": owner.project, "body": body });
        owner
            .call("storage.v1", "buckets.insert", &bucket)
            .map(drop)
    }

    fn expected(&self) -> Expected {
        let exists = format!("the bucket {} exists already", self.name);
        let block = format!(
            "import {{\n    to = dataplane_bucket.this\n    id = \"{}\"\n  }}",
            self.name
        );
        Expected::at(
            &address(self.name),
            &[&exists, self.says, "Nothing was changed", &block],
        )
    }
}

fn address(bucket: &str) -> String {
    format!("dataplane_bucket.{bucket}")
}

fn block(label: &str, bucket: &str) -> String {
    format!("resource \"dataplane_bucket\" \"{label}\" {{\n  name = \"{bucket}\"\n}}\n")
}

/// All about a bucket that we could have changed, its version with it.
fn looks(owner: &Caller, name: &str) -> Result<[Value; 2]> {
    let bucket = json!({ "bucket": name });
    Ok([
        owner.call("storage.v1", "buckets.get", &bucket)?,
        owner.call("storage.v1", "buckets.getIamPolicy", &bucket)?,
    ])
}

#[test]
fn that_exists_is_never_stolen() -> Result<()> {
    let bench = Bench::google()?;
    for taken in &TAKEN {
        taken.make(bench.owner())?;
    }
    let another = bench.another_project()?;
    let foreign = Taken {
        name: "taken-project",
        ..TAKEN[4]
    };
    foreign.make(another.owner())?;
    let hidden = json!({ "bucket": foreign.name });
    let refused = bench
        .owner()
        .refused("storage.v1", "buckets.get", &hidden)?;
    assert_eq!(refused, 403);
    let look = || -> Result<Vec<[Value; 2]>> {
        let ours = TAKEN.iter().map(|taken| looks(bench.owner(), taken.name));
        ours.chain([looks(another.owner(), foreign.name)]).collect()
    };
    let before = look()?;

    let names = TAKEN.iter().map(|taken| taken.name).chain([foreign.name]);
    let blocks: String = names.map(|name| block(name, name)).collect();
    let terraform = bench.configuration(&blocks)?;
    let mut expected: Vec<Expected> = TAKEN.iter().map(Taken::expected).collect();
    let says = [
        "the bucket taken-project exists already",
        "It belongs to another account",
        "Choose another name",
    ];
    expected.push(Expected::at(&address(foreign.name), &says));
    refuses(&terraform, "apply", &expected)?;
    ensure!(
        terraform.state()?["values"] == Value::Null,
        "what others made is in the state"
    );
    assert_eq!(look()?, before);
    Ok(())
}

#[test]
fn that_a_killed_apply_left_half_made_is_continued() -> Result<()> {
    let bench = Bench::google()?;
    let half_made = Taken {
        name: "half-made",
        creating: true,
        ..OURS
    };
    half_made.make(bench.owner())?;
    let terraform = bench.configuration(&block("this", half_made.name))?;
    terraform.apply_then_empty_plan()?;
    let [found, _] = looks(bench.owner(), half_made.name)?;
    assert_eq!(found["versioning"]["enabled"], true);
    let labels = found["labels"].to_string();
    ensure!(
        labels.contains("dataplane-owner") && !labels.contains("creating"),
        "{labels}"
    );
    Ok(())
}

/// Of one that nobody marked, and of one that this owner's other configuration finished.
#[test]
fn the_import_block_that_the_error_shows_takes_it_over() -> Result<()> {
    for (name, owner) in [("by-hand", None), ("by-another", Some(OWNER))] {
        let bench = Bench::google()?;
        let taken = Taken {
            name,
            owner,
            ..OURS
        };
        taken.make(bench.owner())?;
        let terraform = bench.configuration(&block("this", name))?;
        let refused = terraform.diagnostics("apply")?;
        let (_, import) = refused[0]
            .detail
            .split_once("import it:")
            .unwrap_or_default();
        let (import, _) = import.split_once("\n\nwith").unwrap_or_default();
        terraform.write("import.tf", import)?;
        terraform.apply_then_empty_plan()?;
        let [found, _] = looks(bench.owner(), name)?;
        ensure!(
            found["labels"]["dataplane-owner"] == OWNER
                && found["iamConfiguration"]["publicAccessPrevention"] == "enforced",
            "{found:#}"
        );
        terraform.destroy()?;
        ensure!(
            !bench.finds("storage.v1", "buckets.get", json!({ "bucket": name }))?,
            "destroy left {name}"
        );
    }
    Ok(())
}

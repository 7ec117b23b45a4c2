//! A bucket that exists already: continued when it is our own half-made one, else named with its marks and the import block.

use acceptance::aws::{Account, REGION, Refused};
use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::{Expected, refuses};
use crate::bench::Bench;

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
    owner: Some("acceptance"),
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
        says: "was made as dataplane_bucket/other, not as dataplane_bucket/taken-resource",
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
        region: "eu-central-1",
        says: "It lies in eu-central-1, and new buckets are made in eu-west-1",
        ..OURS
    },
];

impl Taken {
    /// Makes it by hand.
    fn make(&self, account: &Account) -> Result<()> {
        let mut account = account.clone();
        self.region.clone_into(&mut account.region);
        let location = json!({ "LocationConstraint": self.region });
        let bucket = json!({ "Bucket": self.name, "CreateBucketConfiguration": location });
        account.call("s3", "create_bucket", &bucket)?;
        let Some(owner) = self.owner else {
            return Ok(());
        };
        let own = format!("dataplane_bucket/{}", self.name);
        let resource = self.resource.unwrap_or(&own);
        let mut tags = vec![
            json!({ "Key": "dataplane:owner", "Value": owner }),
            json!({ "Key": "dataplane:resource", "Value": resource }),
        ];
        if self.creating {
            tags.push(json!({ "Key": "dataplane:creating", "Value": "true" }));
        }
        let tagging = json!({ "Bucket": self.name, "Tagging": { "TagSet": tags } });
        account.call("s3", "put_bucket_tagging", &tagging).map(drop)
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

fn block(bucket: &str) -> String {
    format!("resource \"dataplane_bucket\" \"{bucket}\" {{\n  name = \"{bucket}\"\n}}\n")
}

/// All about a bucket that we could have changed.
fn looks(account: &Account, name: &str) -> Result<Vec<Value>> {
    [
        "get_bucket_tagging",
        "get_bucket_versioning",
        "get_bucket_policy",
        "get_bucket_lifecycle_configuration",
    ]
    .into_iter()
    .map(
        |operation| match account.call("s3", operation, &json!({ "Bucket": name })) {
            Ok(mut found) => {
                found["ResponseMetadata"].take();
                Ok(found)
            }
            Err(error) => Ok(json!(error.downcast::<Refused>()?.code)),
        },
    )
    .collect()
}

#[test]
fn that_exists_is_never_stolen() -> Result<()> {
    let bench = Bench::aws()?;
    for taken in &TAKEN {
        taken.make(&bench.account)?;
    }
    let another = Account::new(&bench.front);
    let foreign = Taken {
        name: "taken-account",
        ..TAKEN[4]
    };
    foreign.make(&another)?;
    let look = || -> Result<Vec<Vec<Value>>> {
        let ours = TAKEN.iter().map(|taken| looks(&bench.account, taken.name));
        ours.chain([looks(&another, foreign.name)]).collect()
    };
    let before = look()?;

    let names = TAKEN.iter().map(|taken| taken.name).chain([foreign.name]);
    let terraform = bench.configuration(&names.map(block).collect::<String>())?;
    terraform.init()?;
    let mut expected: Vec<Expected> = TAKEN.iter().map(Taken::expected).collect();
    let says = [
        "the bucket taken-account exists already",
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
    let bench = Bench::aws()?;
    let half_made = Taken {
        name: "half-made",
        creating: true,
        ..OURS
    };
    half_made.make(&bench.account)?;
    let terraform = bench.configuration(&block(half_made.name))?;
    terraform.init()?;
    terraform.apply_then_empty_plan()?;
    let found = looks(&bench.account, half_made.name)?;
    assert_eq!(found[1]["Status"], "Enabled");
    let tags = found[0].to_string();
    ensure!(
        tags.contains("dataplane:owner") && !tags.contains("creating"),
        "{tags}"
    );
    Ok(())
}

#[test]
fn the_import_block_that_the_error_shows_takes_it_over() -> Result<()> {
    let bench = Bench::aws()?;
    let by_hand = Taken {
        name: "by-hand",
        owner: None,
        ..OURS
    };
    by_hand.make(&bench.account)?;
    let terraform = bench.configuration(&block("this").replace("= \"this\"", "= \"by-hand\""))?;
    terraform.init()?;
    let refused = terraform.diagnostics("apply")?;
    let (_, import) = refused[0]
        .detail
        .split_once("import it:")
        .unwrap_or_default();
    let (import, _) = import.split_once("\n\nwith").unwrap_or_default();
    terraform.write("import.tf", import)?;
    terraform.apply_then_empty_plan()
}

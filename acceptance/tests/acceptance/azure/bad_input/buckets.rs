//! A storage account that exists already: continued when it is our own half-made one, else named with its marks and the import
//! block, or told as out of reach.

use acceptance::azure::{Caller, LOCATION, Refused};
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::{
    azure::bench::{Bench, GROUP},
    bad_input::{Expected, refuses},
};

/// A group beside the one of the configuration.
const ELSEWHERE: &str = "acme-test";

/// An account that is in the way: how it is marked, where it lies, and what is said of it.
struct Taken {
    account: &'static str,
    container: &'static str,
    owner: Option<&'static str>,
    /// What it was made as; without it, as the resource that now wants its name.
    resource: Option<&'static str>,
    creating: bool,
    location: &'static str,
    says: &'static str,
}

const OURS: Taken = Taken {
    account: "takenours",
    container: "data",
    owner: Some("acceptance"),
    resource: None,
    creating: false,
    location: LOCATION,
    says: "It carries this owner's mark, \"acceptance\", and is complete",
};

const UNMARKED: Taken = Taken {
    account: "takenunmarked",
    owner: None,
    says: "It carries no mark of this provider",
    ..OURS
};

const TAKEN: [Taken; 6] = [
    OURS,
    Taken {
        account: "takenowner",
        owner: Some("somebody"),
        says: "It carries the mark of the owner \"somebody\"; this configuration's owner is \"acceptance\"",
        ..OURS
    },
    Taken {
        account: "takenmaking",
        owner: Some("somebody"),
        creating: true,
        says: "It carries the mark of the owner \"somebody\", which is still making it",
        ..OURS
    },
    Taken {
        account: "takenresource",
        resource: Some("dataplane_bucket/other/data"),
        creating: true,
        says: "was made as dataplane_bucket/other/data, not as dataplane_bucket/takenresource/data",
        ..OURS
    },
    UNMARKED,
    Taken {
        account: "takenlocation",
        creating: true,
        location: "northeurope",
        says: "It lies in northeurope, and new buckets are made in westeurope",
        ..OURS
    },
];

impl Taken {
    /// Makes it by hand.
    fn make(&self, owner: &Caller, group: &str) -> Result<()> {
        let mut tags = json!({});
        if let Some(owner) = self.owner {
            let own = format!("dataplane_bucket/{}/data", self.account);
            tags["dataplane:owner"] = owner.into();
            tags["dataplane:resource"] = self.resource.unwrap_or(&own).into();
        }
        if self.creating {
            tags["dataplane:creating"] = "true".into();
        }
        let parameters = json!({
            "sku": { "name": "Standard_LRS" }, "kind": "StorageV2", "location": self.location, "tags": tags,
        });
        let account = json!({ "resource_group_name": group, "account_name": self.account, "parameters": parameters });
        owner.call("storage", "storage_accounts.begin_create", &account)?;
        let container = json!({
            "resource_group_name": group, "account_name": self.account, "container_name": self.container, "blob_container": {},
        });
        owner
            .call("storage", "blob_containers.create", &container)
            .map(drop)
    }

    fn expected(&self) -> Expected {
        let exists = format!("the bucket {}/data exists already", self.account);
        let block = format!(
            "import {{\n    to = dataplane_bucket.this\n    id = \"{}/data\"\n  }}",
            self.account
        );
        let says = [&exists, self.says, "Nothing was changed", &block];
        Expected::at(&address(self.account), &says)
    }
}

fn address(account: &str) -> String {
    format!("dataplane_bucket.{account}")
}

fn block(name: &str, account: &str) -> String {
    format!(
        "resource \"dataplane_bucket\" \"{name}\" {{\n  account = \"{account}\"\n  name = \"data\"\n}}\n"
    )
}

/// All about an account that we could have changed.
fn looks(owner: &Caller, group: &str, account: &str) -> Result<Vec<Value>> {
    [
        "storage_accounts.get_properties",
        "blob_services.get_service_properties",
        "blob_containers.list",
        "management_policies.get",
    ]
    .into_iter()
    .map(|method| {
        let mut parameters = json!({ "resource_group_name": group, "account_name": account });
        if method.starts_with("management_policies") {
            parameters["management_policy_name"] = "default".into();
        }
        match owner.call("storage", method, &parameters) {
            Ok(found) => Ok(found),
            Err(error) => Ok(json!(error.downcast::<Refused>()?.code)),
        }
    })
    .collect()
}

#[test]
fn that_exists_is_never_stolen() -> Result<()> {
    let bench = Bench::azure()?;
    let group = json!({ "resource_group_name": ELSEWHERE, "parameters": { "location": LOCATION } });
    let owner = bench.owner();
    owner.call("resource", "resource_groups.create_or_update", &group)?;
    let another = bench.another_subscription()?;
    // Another bucket's account, one of the same subscription, and one of somebody else's.
    let of_another = |account: &'static str, container: &'static str| Taken {
        account,
        container,
        ..UNMARKED
    };
    let shared = of_another("takencontainer", "other");
    let near = of_another("takengroup", "data");
    let far = of_another("takenforeign", "data");
    let mut made: Vec<(&Taken, &Caller, &str)> =
        TAKEN.iter().map(|taken| (taken, owner, GROUP)).collect();
    made.push((&shared, owner, GROUP));
    made.push((&near, owner, ELSEWHERE));
    made.push((&far, another.owner(), GROUP));
    for (taken, owner, group) in &made {
        taken.make(owner, group)?;
    }
    let look = || -> Result<Vec<Vec<Value>>> {
        made.iter()
            .map(|(taken, owner, group)| looks(owner, group, taken.account))
            .collect()
    };
    let before = look()?;

    let blocks: String = made
        .iter()
        .map(|(taken, ..)| block(taken.account, taken.account))
        .collect();
    let terraform = bench.configuration(&blocks)?;
    terraform.init()?;
    let mut expected: Vec<Expected> = TAKEN.iter().map(Taken::expected).collect();
    let says = [
        "takencontainer/data",
        "the account is another bucket's",
        "give this bucket an account of its own",
    ];
    expected.push(Expected::at(&address(shared.account), &says));
    for taken in [&near, &far] {
        let says = [
            taken.account,
            "exists outside of this resource group",
            "choose another",
        ];
        expected.push(Expected::at(&address(taken.account), &says));
    }
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
    let bench = Bench::azure()?;
    let half_made = Taken {
        account: "halfmade",
        creating: true,
        ..OURS
    };
    half_made.make(bench.owner(), GROUP)?;
    let terraform = bench.configuration(&block("this", half_made.account))?;
    terraform.init()?;
    terraform.apply_then_empty_plan()?;
    let found = looks(bench.owner(), GROUP, half_made.account)?;
    ensure!(
        found[0]["allow_shared_key_access"] == false && found[0]["minimum_tls_version"] == "TLS1_2",
        "{:#}",
        found[0]
    );
    assert_eq!(found[1]["is_versioning_enabled"], true);
    let tags = found[0]["tags"].to_string();
    ensure!(
        tags.contains("dataplane:owner") && !tags.contains("creating"),
        "{tags}"
    );
    Ok(())
}

#[test]
fn the_import_block_that_the_error_shows_takes_it_over() -> Result<()> {
    let bench = Bench::azure()?;
    let by_hand = Taken {
        account: "byhand",
        ..UNMARKED
    };
    by_hand.make(bench.owner(), GROUP)?;
    let before = looks(bench.owner(), GROUP, by_hand.account)?;
    let terraform = bench.configuration(&block("this", by_hand.account))?;
    terraform.init()?;
    let refused = terraform.diagnostics("apply")?;
    let (_, import) = refused[0]
        .detail
        .split_once("import it:")
        .with_context(|| format!("no import block: {}", refused[0].detail))?;
    let (import, _) = import.split_once("\n\nwith").context("its end")?;
    terraform.write("import.tf", import)?;
    let planned = terraform.plan()?;
    assert_eq!(
        planned.changes(),
        [(address("this"), vec!["update".to_owned()])]
    );
    terraform.apply_then_empty_plan()?;
    let after = looks(bench.owner(), GROUP, by_hand.account)?;
    assert_eq!(after[0]["creation_time"], before[0]["creation_time"]);
    ensure!(
        after[0]["tags"]["dataplane:resource"] == "dataplane_bucket/byhand/data"
            && after[0]["allow_shared_key_access"] == false,
        "{:#}",
        after[0]
    );
    Ok(())
}

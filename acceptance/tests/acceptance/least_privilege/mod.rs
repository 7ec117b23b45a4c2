//! Whoever runs Terraform gets what `dataplane_permissions` prints for one step, and nothing else: it is enough, and all of it is
//! needed. What the emulators cannot show is listed with why, and an entry that is used after all fails, too.

mod aws;
mod aws_connectivity;
mod aws_examples;
mod aws_kinds;
mod azure;
mod azure_private;
mod complete;
mod google;
mod google_private;
mod steps;

use std::collections::BTreeSet;

use anyhow::{Result, ensure};

/// An action of a step that no run here uses, and why it is printed all the same.
type Unused = (&'static str, &'static str, &'static str);

const STEPS: [&str; 4] = ["create", "read", "update", "delete"];

/// What is printed for a step is what the step used, but for what is listed.
fn assert_needed(
    step: &str,
    printed: &BTreeSet<String>,
    used: &BTreeSet<String>,
    unused: &[Unused],
) -> Result<()> {
    let listed: BTreeSet<String> = unused
        .iter()
        .filter(|(of, ..)| *of == step)
        .map(|(_, action, _)| (*action).to_owned())
        .collect();
    let found: BTreeSet<String> = printed.difference(used).cloned().collect();
    ensure!(
        found == listed,
        "{step}: printed and not used: {:?}; listed as not used, and used or not printed: {:?}",
        found.difference(&listed).collect::<Vec<_>>(),
        listed.difference(&found).collect::<Vec<_>>()
    );
    Ok(())
}

#[test]
fn what_is_not_needed_is_told_and_so_is_a_stale_entry() {
    let set = |actions: &[&str]| actions.iter().map(|action| (*action).to_owned()).collect();
    let printed = set(&["a", "b"]);
    let listed: &[Unused] = &[("read", "b", "nobody can")];
    assert!(assert_needed("read", &printed, &set(&["a"]), listed).is_ok());
    for (used, listed) in [(["a", "c"], [].as_slice()), (["a", "b"], listed)] {
        assert!(assert_needed("read", &printed, &set(&used), listed).is_err());
    }
}

//! What is told beside the summary, since nobody would look for it.

use std::process::Command;

use crate::place::{FLEET, Place, REPLACES};

#[test]
fn a_type_that_protects_nothing_is_told() {
    let place = Place::new();
    let said = "`protect` names dataplane_bucket, and none of these plans has";
    let (_, err) = place.run("plan", 2);
    assert!(err.contains(said), "{err}");
    for command in ["plan --destroy --tenant a", "drift"] {
        let (_, err) = place.run(command, if command == "drift" { 0 } else { 2 });
        assert!(!err.contains(said), "{command}: {err}");
    }
    place.write("fake/shown.json", REPLACES);
    let (_, err) = place.run("plan", 1);
    assert!(!err.contains(said), "{err}");
}

#[test]
fn an_address_in_place_of_a_type_is_refused() {
    let place = Place::new();
    for wrong in ["dataplane_bucket.metadata", "'dataplane_bucket[0]'", "''"] {
        place.write(
            "fleet.yaml",
            &FLEET.replace("[dataplane_bucket]", &format!("[{wrong}]")),
        );
        let (_, err) = place.run("plan", 1);
        assert!(err.contains("is no type of resources"), "{wrong}: {err}");
    }
    assert_eq!(place.read("fake/calls"), "");
}

#[test]
fn a_checkout_that_git_does_not_read_is_told() {
    let place = Place::new();
    let made = Command::new("git")
        .args(["init", "--quiet"])
        .arg(place.path("root"))
        .status();
    assert!(made.unwrap().success());
    let mut command = place.command("plan --tenant a");
    // As in a container, where the checkout is of another user.
    command.env("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1");
    let output = command.output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{err}");
    assert!(
        err.contains("what is written down has no commit: fatal: detected dubious ownership"),
        "{err}"
    );
    let (_, err) = Place::new().run("plan --tenant a", 2);
    assert!(!err.contains("no commit"), "{err}");
}

//! What is applied was seen, and a run that goes on is the run that was begun.

use std::fs;

use serde_json::Value;

use crate::place::{FAILS, Place, outcomes};

/// The name of the run that a call printed.
fn run_of(json: &str) -> String {
    let printed: Value = serde_json::from_str(json).expect("a document");
    printed["run"].as_str().expect("a run").to_owned()
}

#[test]
fn nothing_is_applied_that_nobody_saw() {
    let place = Place::new();
    for selection in ["", " --tenant a", " --destroy --tenant a"] {
        let (_, err) = place.run(&format!("apply{selection}"), 1);
        assert!(
            err.contains("there is no saved plan of a") && err.contains("`apply --replan`"),
            "{err}"
        );
    }
    assert_eq!(place.read("fake/calls"), "");
    place.run("plan", 2);
    place.run("apply", 0);
    // Whoever starts the job once more did not see what it would do now.
    let (_, err) = place.run("apply", 1);
    assert!(err.contains("there is no saved plan of a"), "{err}");
    assert_eq!(place.called("apply").len(), 5);
}

#[test]
fn a_run_goes_on_for_whom_it_was() {
    let place = Place::new();
    place.on("apply", "c", FAILS);
    place.run("plan --tenant c --tenant d", 2);
    let (out, _) = place.run("apply --tenant c --tenant d --parallelism 1 --json", 1);
    assert_eq!(outcomes(&out), ["c failed", "d applied"]);
    let resume = format!("apply --resume {}", run_of(&out));
    fs::remove_file(place.path("fake/apply.c")).unwrap();
    place.forget_calls();
    let (_, err) = place.run(&format!("{resume} --tenant a"), 1);
    assert!(err.contains("was not for tenant a"), "{err}");
    let (_, err) = place.run(&format!("{resume} --destroy --tenant c"), 1);
    assert!(err.contains("did not destroy anything"), "{err}");
    let (out, _) = place.run(&format!("{resume} --json"), 0);
    assert_eq!(outcomes(&out), ["c applied"]);
    assert_eq!(place.called("apply"), ["c"]);
}

#[test]
fn a_run_that_destroyed_goes_on_destroying() {
    let place = Place::new();
    place.on("apply", "b", FAILS);
    place.run("plan --destroy --tenant b", 2);
    let (out, _) = place.run("apply --destroy --tenant b", 1);
    let hint = out.lines().last().unwrap();
    let (_, hint) = hint.split_once("dataplane-fleet ").unwrap();
    fs::remove_file(place.path("fake/apply.b")).unwrap();
    place.write("fake/arguments", "");
    place.forget_calls();
    place.run(hint, 0);
    assert_eq!(place.called("plan"), ["b"]);
    assert!(place.read("fake/arguments").contains(" -destroy"));
    let (out, _) = place.run("journal --json", 0);
    assert_eq!(out.matches("\"destroy\": true").count(), 4, "{out}");
}

#[test]
fn who_was_never_planned_is_not_planned_unseen_by_going_on() {
    let place = Place::new();
    place.on("apply", "a", FAILS);
    place.run("plan", 2);
    let (out, _) = place.run("apply --json", 1);
    fs::remove_file(place.path("fake/apply.a")).unwrap();
    // As on a runner that has the journal and nothing else.
    fs::remove_file(place.folder_of("d").join("plan.json")).unwrap();
    let resume = format!("apply --resume {}", run_of(&out));
    let (_, err) = place.run(&resume, 1);
    assert!(err.contains("and none of d"), "{err}");
    place.run(&format!("{resume} --replan"), 0);
}

#[test]
fn what_is_printed_goes_on_with_the_same_words() {
    let place = Place::new();
    let fleet = place.read("fleet.yaml");
    place.write("other.yaml", &fleet);
    place.on("apply", "a", FAILS);
    let (out, _) = place.run(
        "apply --replan --file other.yaml --tenant a --allow-destroy a:*",
        1,
    );
    let hint = out.lines().last().unwrap();
    assert!(
        hint.ends_with(" --file other.yaml --replan --allow-destroy 'a:*'"),
        "{hint}"
    );
}

#[test]
fn who_left_the_fleet_is_told_and_passed_over() {
    let place = Place::new();
    place.on("apply", "a", FAILS);
    place.run("plan", 2);
    let (out, _) = place.run("apply --json", 1);
    fs::remove_file(place.path("fake/apply.a")).unwrap();
    let fleet = place.read("fleet.yaml");
    place.write("fleet.yaml", &fleet.replace("c, d, e", "c, d"));
    let resume = format!("apply --resume {}", run_of(&out));
    let (out, err) = place.run(&format!("{resume} --json"), 0);
    assert!(err.contains("; e left the fleet since"), "{err}");
    assert_eq!(
        outcomes(&out),
        ["a applied", "b applied", "c applied", "d applied"]
    );
}

//! Two tenants never work on one state.

use std::fs;

use crate::place::{Place, outcomes};

#[test]
fn a_root_without_a_backend_is_refused_before_anything_is_started() {
    let place = Place::new();
    place.write("root/versions.tf", "terraform {\n}\n");
    for command in ["plan", "apply --replan", "drift"] {
        let (_, err) = place.run(command, 1);
        assert!(err.contains("all tenants would share one state"), "{err}");
    }
    assert_eq!(place.read("fake/calls"), "");
}

#[test]
fn an_init_that_did_not_take_the_settings_is_a_failure() {
    let place = Place::new();
    // It warns, and ends well.
    place.on("init", "c", "exit 0\n");
    let (out, _) = place.run("plan --json", 1);
    assert_eq!(outcomes(&out)[2], "c failed");
    assert!(out.contains("`init` did not take backend_config"), "{out}");
    let planned = place.called("plan");
    assert!(!planned.contains(&"c".to_owned()), "{planned:?}");
    assert_eq!(planned.len(), 4);
}

#[test]
fn data_that_are_gone_are_made_again() {
    let place = Place::new();
    place.run("plan --tenant a", 2);
    place.forget_calls();
    place.run("plan --tenant a", 2);
    assert_eq!(place.called("init"), [""; 0]);
    let data = place.folder_of("a").join("data");
    fs::remove_dir_all(data).unwrap();
    place.run("plan --tenant a", 2);
    assert_eq!(place.called("init"), ["a"]);
}

#[test]
fn providers_that_are_gone_are_fetched_again() {
    let place = Place::new();
    place.on(
        "init",
        "a",
        "mkdir -p \"$TF_PLUGIN_CACHE_DIR/acme\" \"$TF_DATA_DIR/providers\"\n\
         ln -sfn \"$TF_PLUGIN_CACHE_DIR/acme\" \"$TF_DATA_DIR/providers/acme\"\n",
    );
    place.run("plan --tenant a", 2);
    place.forget_calls();
    place.run("plan --tenant a", 2);
    assert_eq!(place.called("init"), [""; 0]);
    // As on another machine, to which a CI brings `.fleet` and not the cache.
    fs::remove_dir(place.path(".fleet/plugins/acme")).unwrap();
    place.run("plan --tenant a", 2);
    assert_eq!(place.called("init"), ["a"]);
}

//! The program with a script in Terraform's place: who is started, who is not, what is left, and what others get to see.

mod place;
mod resume;
mod signals;
mod states;
mod told;

use std::{collections::BTreeSet, fs, os::unix::fs::PermissionsExt as _, path::Path};

use serde_json::Value;

use place::{FAILS, FLEET, Place, REPLACES, SECRET, outcomes};

#[test]
fn what_was_planned_is_applied_and_written_down() {
    let place = Place::new();
    let (out, _) = place.run("plan", 2);
    assert!(out.contains("5 tenants: 5 changed"), "{out}");
    let planned = place.called("plan");
    assert_eq!(planned[..2], ["a", "b"]);
    // The second wave has two at once, and who of them is first is nobody's business.
    let planned: BTreeSet<String> = planned.into_iter().collect();
    assert!(planned.into_iter().eq(["a", "b", "c", "d", "e"]));
    place.forget_calls();
    let (out, _) = place.run("apply", 0);
    assert!(out.contains("5 tenants: 5 applied"), "{out}");
    assert_eq!(place.called("plan"), [""; 0], "they were planned already");
    assert_eq!(place.called("init"), [""; 0]);
    assert_eq!(place.called("apply").len(), 5);
    assert!(
        !place.path(".fleet/tenants/a/plan").exists(),
        "it has values in it"
    );
    let journal = place.journal();
    assert_eq!(
        journal[..4],
        ["a started", "a applied", "b started", "b applied"]
    );
    assert_eq!(journal.len(), 10);
    let head = out.lines().last().unwrap().rsplit(' ').next().unwrap();
    place.run(&format!("journal --verify --head {head}"), 0);
    let (out, _) = place.run("journal --tenant c", 0);
    assert!(
        out.contains("ci-of-acme") && out.contains("+0 ~1 -0 ±0"),
        "{out}"
    );
    let (out, _) = place.run("status", 0);
    assert_eq!(out.matches("current").count(), 5, "{out}");
    place.write("root/main.tf", "# another");
    place.run("status", 2);
    let text = place.read(".fleet/journal.jsonl");
    place.write(
        ".fleet/journal.jsonl",
        &text.replacen("ci-of-acme", "me", 1),
    );
    let (_, err) = place.run("journal --verify", 1);
    assert!(err.contains("line 2"), "{err}");
}

#[test]
fn a_failure_of_the_canaries_ends_it_and_a_run_goes_on_later() {
    let place = Place::new();
    place.on("apply", "b", FAILS);
    place.run("plan", 2);
    let (out, err) = place.run("apply --json", 1);
    assert_eq!(
        outcomes(&out),
        [
            "a applied",
            "b failed",
            "c not_started",
            "d not_started",
            "e not_started"
        ]
    );
    assert!(err.contains("canary b failed"), "{err}");
    assert_eq!(place.called("apply"), ["a", "b"]);
    let run = serde_json::from_str::<Value>(&out).unwrap()["run"]
        .as_str()
        .unwrap()
        .to_owned();
    // Two who fail of three, of whom two run at once: the third has its turn when the first is through.
    for tenant in ["c", "d"] {
        place.on("apply", tenant, FAILS);
    }
    fs::remove_file(place.path("fake/apply.b")).unwrap();
    place.forget_calls();
    place.run(&format!("apply --resume {run}"), 1);
    assert_eq!(place.called("apply")[0], "b");
    assert!(!place.called("apply").contains(&"a".to_owned()));
    assert_eq!(
        place.called("plan"),
        ["b"],
        "the others' plans are as they were seen"
    );
    let (_, err) = place.run("apply --resume 2020", 1);
    assert!(
        err.contains(&format!(
            "there is no run 2020 in {}",
            place.path("").canonicalize().unwrap().display()
        )),
        "{err}"
    );
    assert!(err.contains(&run), "{err}");
}

#[test]
fn a_plan_that_is_older_than_the_root_is_not_applied() {
    let place = Place::new();
    place.run("plan", 2);
    place.write("root/main.tf", "# changed since");
    let (_, err) = place.run("apply", 1);
    assert!(
        err.contains("nothing was started") && err.contains("the plan of a is older than the root"),
        "{err}"
    );
    assert_eq!(place.called("apply"), [""; 0]);
    place.run("plan --tenant a", 2);
    let (_, err) = place.run("apply --tenant a --tenant b", 1);
    assert!(err.contains("the plan of b is older"), "{err}");
    place.write(".fleet/tenants/a/plan", "another");
    let (_, err) = place.run("apply --tenant a", 1);
    assert!(err.contains("is not the one that was saved"), "{err}");
    fs::remove_file(place.path(".fleet/tenants/b/plan.json")).unwrap();
    place.run("plan --tenant a", 2);
    let (_, err) = place.run("apply --tenant a --tenant b", 1);
    assert!(
        err.contains("there is a saved plan of a, and none of b"),
        "{err}"
    );
    place.run("apply --replan", 0);
    assert_eq!(place.called("apply").len(), 5);
}

#[test]
fn a_plan_that_failed_is_not_planned_again_unseen() {
    let place = Place::new();
    place.on("plan", "d", FAILS);
    let (out, _) = place.run("plan", 1);
    assert!(out.contains("no way: said AWS"), "{out}");
    fs::remove_file(place.path("fake/plan.d")).unwrap();
    let (_, err) = place.run("apply", 1);
    assert!(err.contains("the last plan of d is failed"), "{err}");
    assert_eq!(place.called("apply"), [""; 0]);
}

#[test]
fn what_is_protected_goes_only_when_a_person_says_so() {
    let place = Place::new();
    place.write("fake/shown.json", REPLACES);
    let (out, _) = place.run("plan", 1);
    assert!(
        out.contains("5 refused") && out.contains("protected: dataplane_bucket.this"),
        "{out}"
    );
    let (_, err) = place.run("apply --tenant a --allow-destroy b:*", 1);
    assert!(
        err.contains("names tenant b, who is not among those"),
        "{err}"
    );
    place.run("apply --tenant a", 1);
    assert_eq!(place.called("apply"), [""; 0]);
    place.run(
        "apply --tenant a --allow-destroy a:dataplane_bucket.this",
        0,
    );
    assert_eq!(place.called("apply"), ["a"]);
    assert_eq!(place.journal(), ["a refused", "a started", "a applied"]);
}

#[test]
fn who_was_throttled_is_tried_again_before_the_next_wave() {
    let place = Place::new();
    let once = "if [ ! -f \"$FAKE/once.$tenant\" ]; then touch \"$FAKE/once.$tenant\"\n\
         echo '{\"type\":\"diagnostic\",\"diagnostic\":{\"severity\":\"error\",\"summary\":\"x\",\"detail\":\"CreateBucket on a was throttled, also after several attempts\"}}'\nexit 1; fi\n";
    place.on("apply", "a", once);
    place.on("plan", "d", once);
    let (out, err) = place.run("apply --replan", 0);
    assert!(out.contains("5 tenants: 5 applied"), "{out}");
    assert!(err.contains("to be tried again"), "{err}");
    assert_eq!(place.called("apply")[..3], ["a", "b", "a"]);
}

#[test]
fn a_workspace_is_made_before_it_is_worked_in() {
    let place = Place::new();
    let fleet = FLEET.lines().map(|line| {
        let own = line.starts_with("backend_config");
        if own {
            "workspace: \"acme-{tenant}\""
        } else {
            line
        }
    });
    place.write("fleet.yaml", &fleet.collect::<Vec<_>>().join("\n"));
    place.run("plan --tenant c", 2);
    let arguments = place.read("fake/arguments");
    assert!(
        arguments.contains("workspace select -or-create -no-color acme-c\n"),
        "{arguments}"
    );
    let workspaces = place.read("fake/workspaces");
    assert_eq!(
        workspaces.lines().collect::<Vec<_>>(),
        [
            "init c none",
            "workspace c none",
            "plan c acme-c",
            "show c acme-c"
        ]
    );
}

#[test]
fn a_tenant_may_be_called_as_what_is_the_programs_own() {
    let place = Place::new();
    let fleet = FLEET.replace("[a, b, c, d, e]", "[a, b, lock, plugins, tenants]");
    place.write("fleet.yaml", &fleet);
    place.run("plan", 2);
    place.run("apply", 0);
}

#[test]
fn the_cache_of_providers_is_from_where_the_program_was_called() {
    let place = Place::new();
    place.run("plan --tenant a --plugin-cache cache", 2);
    let cache = place.path("cache").canonicalize().unwrap();
    let used = place.read("fake/caches");
    assert!(!used.is_empty());
    for used in used.lines() {
        assert_eq!(Path::new(used).canonicalize().unwrap(), cache);
    }
}

#[test]
fn a_journal_in_the_root_is_no_part_of_it() {
    let place = Place::new();
    place.write(
        "fleet.yaml",
        &format!("{FLEET}journal: root/journal.jsonl\n"),
    );
    place.run("plan", 2);
    let (out, _) = place.run("apply", 0);
    assert!(out.contains("5 tenants: 5 applied"), "{out}");
    place.run("status", 0);
}

#[test]
fn who_was_destroyed_and_who_left_are_told() {
    let place = Place::new();
    place.run("apply --replan", 0);
    place.run("apply --replan --destroy --tenant a --tenant b", 0);
    place.write(
        "fleet.yaml",
        &FLEET
            .replace("[a, b, c, d, e]", "[a, c, d]")
            .replace("[a, b]", "[a]"),
    );
    let (out, _) = place.run("status --json", 2);
    let printed: Value = serde_json::from_str(&out).unwrap();
    let standings = printed.as_array().unwrap().iter();
    let standings: Vec<String> = standings
        .map(|one| {
            format!(
                "{} {}",
                one["tenant"].as_str().unwrap(),
                one["now"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(
        standings,
        [
            "a destroyed",
            "c current",
            "d current",
            "b destroyed",
            "e left"
        ]
    );
    let (out, _) = place.run("journal --tenant a", 0);
    assert!(out.contains("applied (destroy)"), "{out}");
}

#[test]
fn a_look_at_drift_leaves_no_plan() {
    let place = Place::new();
    // Terraform also saves a plan that failed.
    place.on(
        "plan",
        "b",
        "for word; do case $word in -out=*) echo values >\"${word#-out=}\" ;; esac; done\nexit 1\n",
    );
    place.run("drift", 1);
    for tenant in ["a", "b"] {
        assert!(!place.folder_of(tenant).join("drift").exists(), "{tenant}");
    }
}

#[test]
fn nobody_else_sees_a_secret() {
    let place = Place::new();
    place.on("apply", "c", FAILS);
    place.run("plan", 2);
    place.run("apply", 1);
    let (out, _) = place.run("journal --json", 0);
    for (what, text) in [
        ("arguments", place.read("fake/arguments")),
        ("journal", place.read(".fleet/journal.jsonl")),
        ("what is printed of it", out),
    ] {
        assert!(
            text.contains("dataplane_role.this") || what == "arguments",
            "{text}"
        );
        assert!(!text.contains(SECRET), "{what}: {text}");
    }
    let mode = |file: &str| fs::metadata(place.path(file)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(".fleet"), 0o700);
    assert_eq!(place.read(".fleet/.gitignore"), "*\n");
    // As a CI puts it back.
    for folder in [".fleet", ".fleet/tenants", ".fleet/tenants/c"] {
        fs::set_permissions(place.path(folder), fs::Permissions::from_mode(0o755)).unwrap();
    }
    place.run("plan --tenant c", 2);
    for folder in [".fleet", ".fleet/tenants", ".fleet/tenants/c"] {
        assert_eq!(mode(folder), 0o700, "{folder}");
    }
    assert_eq!(mode(".fleet/tenants/c/backend.json"), 0o600);
    assert!(place.read(".fleet/tenants/c/backend.json").contains(SECRET));
}

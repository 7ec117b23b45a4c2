//! What is asked of those who run when this program is interrupted, cancelled, cut off or killed.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
};

use rustix::process::Signal;

use crate::place::{Place, outcomes, signal, until};

/// Runs until it is asked to end.
const ENDS_WHEN_ASKED: &str = "trap 'touch \"$FAKE/asked\"; exit 1' INT\ntouch \"$FAKE/begun\"\nwhile :; do sleep 0.05; done\n";

/// Runs until the test lets it end.
const ENDS_WHEN_LET: &str = "trap 'touch \"$FAKE/asked\"' INT\ntouch \"$FAKE/begun\"\n\
                             while [ ! -f \"$FAKE/end\" ]; do sleep 0.05; done\n";

#[test]
fn an_interrupt_ends_who_runs_and_starts_nobody() {
    let place = Place::new();
    place.on("apply", "a", ENDS_WHEN_ASKED);
    let child = place.start("apply --replan --json");
    until("an apply", || place.path("fake/begun").exists());
    let (_, err) = place.run("plan", 1);
    assert!(err.contains("another dataplane-fleet (process "), "{err}");
    signal(&child, Signal::INT);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(place.path("fake/asked").exists());
    let out = String::from_utf8(output.stdout).unwrap();
    assert_eq!(outcomes(&out)[..2], ["a interrupted", "b not_started"]);
    assert_eq!(place.journal(), ["a started", "a interrupted"]);
    place.run("status", 1);
}

#[test]
fn the_second_interrupt_kills_with_all_that_was_started() {
    let place = Place::new();
    place.on(
        "apply",
        "a",
        "trap 'touch \"$FAKE/asked\"' INT\nsleep 600 &\necho $! >\"$FAKE/provider\"\nwhile :; do wait; done\n",
    );
    let child = place.start("apply --replan --json");
    until("an apply", || {
        fs::read_to_string(place.path("fake/provider")).is_ok_and(|id| id.ends_with('\n'))
    });
    signal(&child, Signal::TERM);
    until("the first", || place.path("fake/asked").exists());
    signal(&child, Signal::INT);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let provider = place.read("fake/provider");
    let stat = Path::new("/proc").join(provider.trim()).join("stat");
    // Nobody may be there to ask for its end.
    until("the provider's end", || {
        fs::read_to_string(&stat).map_or(true, |stat| stat.contains(") Z "))
    });
    assert_eq!(place.journal(), ["a started", "a interrupted"]);
}

#[test]
fn a_ci_that_sends_another_signal_after_seconds_kills_nobody() {
    let place = Place::new();
    place.on("apply", "a", ENDS_WHEN_LET);
    let mut child = place.start("apply --replan --json");
    until("an apply", || place.path("fake/begun").exists());
    signal(&child, Signal::INT);
    until("the first", || place.path("fake/asked").exists());
    signal(&child, Signal::TERM);
    let told = BufReader::new(child.stderr.take().unwrap());
    let mut told = told.lines().map_while(Result::ok);
    assert!(told.any(|line| line.contains("SIGTERM so soon after the interrupt")));
    place.write("fake/end", "");
    let output = child.wait_with_output().unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    assert_eq!(outcomes(&out)[..2], ["a applied", "b not_started"]);
    assert_eq!(place.journal(), ["a started", "a applied"]);
}

#[test]
fn a_terminal_that_is_gone_is_an_interrupt() {
    let place = Place::new();
    place.on("apply", "a", ENDS_WHEN_ASKED);
    let child = place.start("apply --replan --json");
    until("an apply", || place.path("fake/begun").exists());
    signal(&child, Signal::HUP);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(place.path("fake/asked").exists());
    assert_eq!(place.journal(), ["a started", "a interrupted"]);
}

#[test]
fn nobody_works_beside_a_terraform_whose_fleet_was_killed() {
    let place = Place::new();
    place.on("apply", "a", ENDS_WHEN_LET);
    place.run("plan --tenant a", 2);
    let mut child = place.start("apply --tenant a");
    until("an apply", || place.path("fake/begun").exists());
    signal(&child, Signal::KILL);
    child.wait().unwrap();
    let (_, err) = place.run("plan --tenant a", 1);
    assert!(
        err.contains("a terraform that another dataplane-fleet (process "),
        "{err}"
    );
    place.write("fake/end", "");
    until("the end of what it started", || {
        place
            .command("drift --tenant b")
            .output()
            .unwrap()
            .status
            .code()
            == Some(0)
    });
    place.run("status", 1);
    assert_eq!(place.journal(), ["a started"]);
    // Its plan is still there, and stale.
    let line = place.read(".fleet/journal.jsonl");
    let (_, run) = line.split_once("\"run\":\"").unwrap();
    let (run, _) = run.split_once('"').unwrap();
    place.forget_calls();
    place.run(&format!("apply --resume {run}"), 0);
    assert_eq!(place.called("plan"), ["a"]);
}

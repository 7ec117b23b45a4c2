//! For each n: the executor is killed when its nth call of an action is on the way, before its server hears of it and after the deed
//! is done. Calls of the API server, of the object store, and those that tell of events.

use std::{
    collections::{BTreeMap, HashSet},
    time::{Duration, Instant},
};

use acceptance::{
    flyte::{
        Action, Executor, ExecutorSite, Halt, HaltedCall, Installation, Side, StoreFront, Task,
    },
    wait,
};
use anyhow::{Result, ensure};
use serde_json::json;

use super::super::{LIMIT, World, assert_told, condition};

/// So long a call is held while others come to theirs: less than the executor waits for an answer.
const HELD: Duration = Duration::from_secs(2);
/// Whose name every process has, so that it leads again at once.
const NAME: &str = "executor-0";
const LABEL: &str = "termination-status";

/// What an action does, and what there is to see of it.
struct Case {
    task: Task,
    /// It is aborted once it runs, and killed at the calls after that.
    is_aborted: bool,
    /// Calls that are held in any case, by what the name in them ends with, and what else they say: writes of the status are put
    /// together, so that what comes late is another call each time.
    moments: &'static [(&'static str, &'static str)],
    /// What it asks of the API server, and how often at least.
    deeds: &'static [(Deed, usize)],
    /// Calls of the store that it takes at least; and more than it takes of either server.
    least_of_store: usize,
    most: usize,
    told: &'static [&'static str],
    pods: &'static [&'static str],
}

/// What a call of the API server does for an action.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Deed {
    MakePod,
    StopPod,
    WriteStatus,
    WriteFinalizers,
    WriteLabels,
    Read,
}

impl Deed {
    fn of(call: &HaltedCall) -> Self {
        let path = call.target.split('?').next().unwrap_or_default();
        let says = |text: &str| String::from_utf8_lossy(&call.body).contains(text);
        match &*call.method {
            "POST" => Self::MakePod,
            "DELETE" => Self::StopPod,
            "PATCH" if path.ends_with("/status") => Self::WriteStatus,
            "PATCH" if says(LABEL) => Self::WriteLabels,
            "PATCH" => Self::WriteFinalizers,
            _ => Self::Read,
        }
    }
}

struct Site {
    world: World,
    store: StoreFront,
}

/// Where calls of many actions are held at a time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Server {
    Api,
    Store,
}

impl Site {
    fn new() -> Result<Self> {
        let mut world = World::new()?;
        let store = StoreFront::to(&world.flyte.account().endpoint)?;
        let site = ExecutorSite {
            control_plane: world.wire.endpoint(),
            store: store.endpoint(),
            front: Some(&world.front),
            ..ExecutorSite::of(&world.cluster, &world.flyte)
        };
        let namespace = format!("crashes-{}", world.project.name);
        let settings = json!({ "namespaces": [world.project.namespace()] });
        let installation = Installation::new(&site, &namespace, &settings)?;
        world.installation = installation;
        Ok(Self { world, store })
    }

    fn crash_at_each(&self, case: &Case) -> Result<()> {
        let mut executor = self.world.installation.start(NAME)?;
        self.world.installation.until_led_by(NAME)?;
        let mut runs = Vec::new();
        for side in [Side::Before, Side::After] {
            for server in [Server::Api, Server::Store] {
                executor = self.crash_at_calls(case, server, side, executor, &mut runs)?;
            }
            executor = self.crash_at_events(case, side, executor, &mut runs)?;
        }
        self.check(case, &runs)
    }

    /// A batch of actions, the nth of which is held at its nth call.
    fn crash_at_calls(
        &self,
        case: &Case,
        server: Server,
        side: Side,
        mut executor: Executor,
        runs: &mut Vec<String>,
    ) -> Result<Executor> {
        let name = |what: &str| format!("{server:?}-{side:?}-{what}").to_lowercase();
        let mut batch: Vec<String> = (1..=case.most).map(|nth| name(&nth.to_string())).collect();
        let moments: Vec<String> = (0..case.moments.len())
            .map(|moment| name(&format!("moment-{moment}")))
            .collect();
        batch.extend(moments.iter().cloned());
        self.prepare(case, &batch)?;
        let mut halts = BTreeMap::new();
        for (run, nth) in batch.iter().zip(1..) {
            let moment = moments.iter().position(|moment| moment == run);
            let halt = match (server, moment) {
                (Server::Api, Some(moment)) => {
                    let (of, says) = case.moments[moment];
                    Halt::at_both(&format!("{run}-a0{of}"), says, 1, side)
                }
                (Server::Api, None) => Halt::at(&format!("{run}-a0"), nth, side),
                (Server::Store, _) => Halt::at(&format!("/{run}/a0/"), nth, side),
            };
            match server {
                Server::Api => self.world.front.halt(halt.clone()),
                Server::Store => self.store.halt(halt.clone()),
            }
            halts.insert(run.clone(), halt);
        }
        self.go(case, &batch)?;
        let (mut reached, mut deeds) = (0, BTreeMap::new());
        while let Some(held) = self.until_held(&halts)? {
            executor.kill()?;
            // What came to its call since it was asked which are held was killed there, too.
            halts.retain(|run, halt| {
                let is_left = !held.contains(run) && !halt.was_reached();
                if let Some(call) = halt.call().filter(|_| !is_left) {
                    reached += 1;
                    *deeds.entry(Deed::of(call)).or_insert(0) += 1;
                }
                is_left
            });
            executor = self.world.installation.start(NAME)?;
        }
        let is_enough = match server {
            Server::Store => reached >= case.least_of_store,
            Server::Api => case
                .deeds
                .iter()
                .all(|(deed, least)| deeds.get(deed).is_some_and(|times| times >= least)),
        };
        ensure!(
            is_enough && reached < case.most,
            "killed at {reached} calls of {server:?}, {side:?}: {deeds:?}"
        );
        runs.extend(batch);
        Ok(executor)
    }

    /// Waits until each is held or over; the runs that are held. None when all are over.
    fn until_held(&self, halts: &BTreeMap<String, Halt>) -> Result<Option<HashSet<String>>> {
        let mut since: Option<Instant> = None;
        wait::until("each to be held or over", 2 * LIMIT, || {
            let held: HashSet<String> = halts
                .iter()
                .filter(|(_, halt)| halt.is_held())
                .map(|(run, _)| run.clone())
                .collect();
            if !held.is_empty() {
                let is_long = since.get_or_insert_with(Instant::now).elapsed() > HELD;
                return Ok(is_long.then_some(Some(held)));
            }
            since = None;
            // All at once, and while nothing is held: on a busy machine this takes longer than a call is held.
            let known = self.world.project.actions()?;
            // One that was held for too long is made again, and the action goes on without a crash.
            let is_ended = |run: &String| {
                known
                    .get(&format!("{run}/a0"))
                    .is_some_and(Action::is_ended)
            };
            if !halts.keys().all(is_ended) {
                return Ok(None);
            }
            let open = self.open()?;
            let is_over = halts.keys().all(|run| !open.contains(run));
            Ok(is_over.then_some(None))
        })
    }

    /// One action after another, since they share calls.
    fn crash_at_events(
        &self,
        case: &Case,
        side: Side,
        mut executor: Executor,
        runs: &mut Vec<String>,
    ) -> Result<Executor> {
        for nth in 1.. {
            let run = format!("events-{side:?}-{nth}").to_lowercase();
            let gate = format!("{}-{run}", self.world.project.name);
            let one = [run.clone()];
            self.prepare(case, &one)?;
            self.world.project.hold_events(&run, nth, side, &gate)?;
            self.go(case, &one)?;
            let held = wait::until("a call to be held", LIMIT, || {
                if self.world.flyte.is_waited_at(&gate)? {
                    return Ok(Some(true));
                }
                let known = self.world.project.action(&run, "a0")?;
                let ended = known.is_some_and(|action| action.is_ended());
                Ok((ended && !self.open()?.contains(&run)).then_some(false))
            })?;
            self.world.project.clear_faults()?;
            runs.push(run);
            if !held {
                ensure!(nth > 1, "nothing was told of it");
                break;
            }
            executor.kill()?;
            self.world.flyte.open_gate(&gate)?;
            executor = self.world.installation.start(NAME)?;
        }
        Ok(executor)
    }

    /// Those that are to be aborted run first.
    fn prepare(&self, case: &Case, runs: &[String]) -> Result<()> {
        if !case.is_aborted {
            return Ok(());
        }
        for run in runs {
            self.world.project.run(run, &case.task)?;
        }
        wait::until("all to run", LIMIT, || {
            let resources = self.resources()?;
            let run = |run: &String| {
                resources.get(run).is_some_and(|resource| {
                    condition(resource, "Progressing")["reason"] == "Executing"
                })
            };
            Ok(runs.iter().all(run).then_some(()))
        })
    }

    fn go(&self, case: &Case, runs: &[String]) -> Result<()> {
        for run in runs {
            if case.is_aborted {
                self.world.project.abort(run, "a0")?;
            } else {
                self.world.project.run(run, &case.task)?;
            }
        }
        Ok(())
    }

    /// The resources of root actions, by their runs.
    fn resources(&self) -> Result<BTreeMap<String, serde_json::Value>> {
        let namespace = self.world.project.namespace();
        let listed = self
            .world
            .kubectl
            .list(&["taskactions", "-n", &namespace])?;
        let named = listed.into_iter().filter_map(|resource| {
            let name = resource["metadata"]["name"].as_str()?;
            Some((name.strip_suffix("-a0")?.to_owned(), resource))
        });
        Ok(named.collect())
    }

    /// Runs whose resource is still to be written.
    fn open(&self) -> Result<HashSet<String>> {
        let resources = self.resources()?.into_iter();
        let is_open = |resource: &serde_json::Value| {
            let metadata = &resource["metadata"];
            let held = metadata["finalizers"]
                .as_array()
                .is_some_and(|held| !held.is_empty());
            held || metadata["labels"]["flyte.org/termination-status"] != "terminated"
        };
        let open = resources.filter(|(_, resource)| is_open(resource));
        Ok(open.map(|(run, _)| run).collect())
    }

    fn check(&self, case: &Case, runs: &[String]) -> Result<()> {
        let is_end = |told: &str| !told.ends_with("QUEUED");
        let ends = case.told.iter().filter(|told| is_end(told)).count();
        wait::until("all to be over", LIMIT, || {
            Ok(self.open()?.is_empty().then_some(()))
        })?;
        let played = self.world.project.pods_played()?;
        for run in runs {
            let ended = self.world.project.ended(run, LIMIT)?;
            assert_told(&ended, case.told)?;
            let told = ended.events.iter();
            let told = told.filter(|event| {
                matches!(
                    &*event.phase,
                    "SUCCEEDED" | "FAILED" | "ABORTED" | "TIMED_OUT"
                )
            });
            ensure!(told.count() == ends, "an end was told twice: {ended:?}");
            let own = format!("{run}-a0-");
            let pods: Vec<&str> = played
                .iter()
                .filter_map(|pod| pod.strip_prefix(&own))
                .collect();
            ensure!(pods == case.pods, "{run} had the pods {pods:?}");
        }
        Ok(())
    }
}

#[test]
fn a_task_that_succeeds_survives_a_crash_at_each_of_its_calls() -> Result<()> {
    Site::new()?.crash_at_each(&Case {
        task: Task::succeeding("crashed"),
        is_aborted: false,
        moments: &[("", LABEL)],
        deeds: &[
            (Deed::WriteFinalizers, 1),
            (Deed::MakePod, 1),
            (Deed::WriteStatus, 1),
            (Deed::WriteLabels, 1),
        ],
        least_of_store: 1,
        most: 16,
        told: &["1 QUEUED", "1 SUCCEEDED"],
        pods: &["0"],
    })
}

#[test]
fn a_task_that_is_tried_again_survives_a_crash_at_each_of_its_calls() -> Result<()> {
    let task = Task::new("crashed").returning("o0").retries(1).attempt(&json!([
        { "run": true }, { "error": { "code": "X", "message": "once more", "kind": "RECOVERABLE" } }, { "exit": 1 },
    ]));
    let task = task.attempt(&json!([{ "run": true }, { "outputs": { "o0": 1 } }, { "exit": 0 }]));
    Site::new()?.crash_at_each(&Case {
        task,
        is_aborted: false,
        moments: &[("", LABEL), ("-1", "\"Pod\"")],
        deeds: &[
            (Deed::WriteFinalizers, 1),
            (Deed::MakePod, 2),
            (Deed::WriteStatus, 2),
            (Deed::WriteLabels, 1),
        ],
        least_of_store: 2,
        most: 24,
        told: &["1 QUEUED", "1 FAILED", "2 QUEUED", "2 SUCCEEDED"],
        pods: &["0", "1"],
    })
}

#[test]
fn an_abort_survives_a_crash_at_each_of_its_calls() -> Result<()> {
    Site::new()?.crash_at_each(&Case {
        task: Task::new("crashed").attempt(&json!([{ "run": true }, { "hold": "never" }])),
        is_aborted: true,
        moments: &[("", "finalizers")],
        deeds: &[(Deed::StopPod, 1), (Deed::WriteFinalizers, 1)],
        // Nobody reads what an aborted task left.
        least_of_store: 0,
        most: 12,
        told: &["1 QUEUED", "1 ABORTED"],
        pods: &["0"],
    })
}

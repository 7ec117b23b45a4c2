//! The executor: how many actions it brings to their end, how soon it acts, what it costs the API server, its memory, and how
//! soon it is back. The node is kwok's: a pod runs and succeeds as soon as it is seen.

mod api;
mod events;
mod store;

use std::{
    fs,
    ops::Range,
    path::Path,
    time::{Duration, Instant},
};

use acceptance::{
    aws::REGION,
    cluster::{Cluster, free_port},
    flyte::{Executor, ExecutorSite, Installation, Layout, define},
    process::{self, Process},
    setup, wait,
};
use anyhow::{Result, ensure};
use serde_json::json;

use self::{
    api::{Api, Kind, lock},
    events::Events,
    store::Store,
};
use crate::table;

/// Actions one after another for the latencies, a pause apart.
const SINGLE: usize = 200;
const PAUSE: Duration = Duration::from_millis(50);

/// Actions in the cluster after each step; they stay, so that there are ever more.
const STEPS: [usize; 2] = [1_000, 10_000];

/// With those that wait for a signal, which need no pod: pods would take the scheduler an hour.
const ALL: usize = 50_000;

/// How long a step is looked at: the node and the scheduler may be slower than the executor.
const WINDOW: Duration = Duration::from_mins(2);

/// How long anything else may take.
const LIMIT: Duration = Duration::from_mins(3);
const LONG: Duration = Duration::from_mins(8);

const CALLS: &str = "dataplane_executor_api_calls_total";

pub fn measure() -> Result<String> {
    let directory = setup::scratch()?;
    let cluster = Cluster::start()?;
    define(&cluster.kubectl()?)?;
    let _kwok = join_node(&cluster, directory.path())?;
    let api = Api::of(&cluster)?;
    let (events, store) = (Events::start()?, Store::start()?);
    let credentials = [
        ("AWS_ACCESS_KEY_ID", "bench"),
        ("AWS_SECRET_ACCESS_KEY", "bench"),
        ("AWS_REGION", REGION),
    ];
    let site = ExecutorSite {
        cluster: &cluster,
        control_plane: events.endpoint(),
        ca_certificate: events.ca_certificate().to_owned(),
        store: store.endpoint(),
        layout: Layout::Spec,
        environment: credentials
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec(),
        front: None,
        network: None,
    };
    let settings = json!({ "tasks": { "node_selector": { "bench": "true" } } });
    let installation = Installation::new(&site, "bench", &settings)?;
    let executor = installation.start("executor-0")?;
    installation.until_led_by("executor-0")?;
    let empty = executor.resident_memory()?;

    let (to_pod, to_end) = latencies(&api, &events)?;
    let mut rows = vec![
        vec![
            "an action's creation to its pod".to_owned(),
            spread(&to_pod),
            String::new(),
        ],
        vec![
            "a pod's end to its action's".to_owned(),
            spread(&to_end),
            String::new(),
        ],
        vec![
            "memory with no action".to_owned(),
            mebibytes(empty),
            String::new(),
        ],
    ];
    let mut there = SINGLE;
    for step in STEPS {
        rows.push(at_once(&api, &events, &executor, there..step)?);
        rows.push(vec![
            format!("memory with {step} actions"),
            mebibytes(executor.resident_memory()?),
            String::new(),
        ]);
        there = step;
    }
    let (row, executor) = after_a_crash(&api, &events, &installation, executor)?;
    rows.push(row);
    rows.extend(in_wait(&api, &executor, ALL - there)?);
    executor.stop()?;
    Ok(format!(
        "## Executor\n\nOn a real API server, whose machine it shares, with scheduler and controllers; kwok plays the node (a pod \
         succeeds as soon as it runs), object store and control plane answer at once. Times are p50 / p99 of {SINGLE} actions, 20 a \
         second. Flyte's own executor cannot be had from the Go proxy, so nothing stands beside these figures.\n\n{}",
        table::render(&["what", "measured", "beside"], &rows)
    ))
}

/// Many actions at once: how many end per second, and what they cost.
fn at_once(
    api: &Api,
    events: &Events,
    executor: &Executor,
    numbers: Range<usize>,
) -> Result<Vec<String>> {
    let (more, goal) = (numbers.len(), numbers.end);
    let calls = executor.metric(CALLS)?;
    let (told, batches) = events.counts();
    let ended = events.ended();
    let start = Instant::now();
    api.create(
        numbers.map(|number| format!("r{number}")),
        &Kind::Task,
        None,
    )?;
    let created = start.elapsed();
    // As many as end in the time there is.
    let all = wait::until("the end of all", WINDOW.saturating_sub(created), || {
        Ok((events.ended() >= goal).then_some(()))
    });
    let took = start.elapsed();
    let ended = events.ended() - ended;
    let calls = executor.metric(CALLS)? - calls;
    let (now_told, now_batches) = events.counts();
    let told = as_number(now_told - told);
    let each = |count: f64| count / as_number(ended.max(1));
    Ok(vec![
        match all {
            Ok(()) => format!("{more} actions at once, to the last one's end"),
            Err(_) => format!(
                "{more} actions at once, of which {ended} ended in {} s",
                took.as_secs()
            ),
        },
        format!("{:.0} per second", as_number(ended) / took.as_secs_f64()),
        format!(
            "a client that only makes them makes {:.0} per second; {:.1} calls to the API server and {:.1} events per action that \
             ended, {:.1} events per batch",
            as_number(more) / created.as_secs_f64(),
            each(calls),
            each(told),
            told / as_number((now_batches - batches).max(1)),
        ),
    ])
}

/// Conditions beside all that is there: how many are taken up per second, and what they cost to keep.
fn in_wait(api: &Api, executor: &Executor, more: usize) -> Result<[Vec<String>; 2]> {
    let calls = executor.metric(CALLS)?;
    let start = Instant::now();
    let runs = (0..more).map(|number| format!("c{number}"));
    api.create(runs, &Kind::Condition, None)?;
    let created = start.elapsed();
    let all = format!("dataplane_executor_actions{{phase=\"Condition\"}} {more}");
    wait::until("all conditions to wait", LONG, || {
        let rest = executor.metric("dataplane_executor_queue_length")?;
        Ok((rest < 1.0 && executor.metrics()?.contains(&all)).then_some(()))
    })?;
    let took = start.elapsed();
    let calls = (executor.metric(CALLS)? - calls) / as_number(more);
    Ok([
        vec![
            format!("{more} conditions at once, until the last one waits"),
            format!("{:.0} per second", as_number(more) / took.as_secs_f64()),
            format!(
                "a client that only makes them makes {:.0} per second; {calls:.1} calls to the API server each",
                as_number(more) / created.as_secs_f64()
            ),
        ],
        vec![
            format!("memory with {ALL} actions, of which {more} wait for a signal"),
            mebibytes(executor.resident_memory()?),
            String::new(),
        ],
    ])
}

/// From the start after a crash to the first word of an action that was made meanwhile.
fn after_a_crash(
    api: &Api,
    events: &Events,
    installation: &Installation,
    executor: Executor,
) -> Result<(Vec<String>, Executor)> {
    executor.kill()?;
    let late = "late".to_owned();
    api.create([late.clone()], &Kind::Task, None)?;
    let start = Instant::now();
    let executor = installation.start("executor-0")?;
    let first = wait::until("the action that waited", LIMIT, || Ok(events.first(&late)))?;
    let row = vec![
        "back after a crash, with all of these: from its start to an action that was made meanwhile".to_owned(),
        table::seconds(first.saturating_duration_since(start)),
        String::new(),
    ];
    Ok((row, executor))
}

/// The times from creation to pod and from the pod's end to the action's.
fn latencies(api: &Api, events: &Events) -> Result<(Vec<Duration>, Vec<Duration>)> {
    let watch = api.watch()?;
    let seen = &watch.seen;
    for number in 0..SINGLE {
        let next = Instant::now() + PAUSE;
        api.create([format!("r{number}")], &Kind::Task, Some(seen))?;
        wait::until("the next action", LIMIT, || {
            Ok((Instant::now() >= next).then_some(()))
        })?;
    }
    until_ended(events, SINGLE)?;
    wait::until("all to be seen", LIMIT, || {
        let seen = lock(seen);
        let ended = seen.values().filter(|moments| moments.ended.is_some());
        Ok((ended.count() == SINGLE).then_some(()))
    })?;
    let seen = lock(seen);
    let mut to_pod = Vec::new();
    let mut to_end = Vec::new();
    for moments in seen.values() {
        if let (Some(created), Some(pod)) = (moments.created, moments.pod) {
            to_pod.push(pod.saturating_duration_since(created));
        }
        if let (Some(pod_ended), Some(ended)) = (moments.pod_ended, moments.ended) {
            to_end.push(ended.saturating_duration_since(pod_ended));
        }
    }
    ensure!(
        to_pod.len() == SINGLE && to_end.len() == SINGLE,
        "of {SINGLE} actions {} pods and {} ends were seen",
        to_pod.len(),
        to_end.len()
    );
    Ok((to_pod, to_end))
}

fn until_ended(events: &Events, actions: usize) -> Result<()> {
    wait::until(&format!("the end of {actions} actions"), LIMIT, || {
        Ok((events.ended() >= actions).then_some(()))
    })
}

/// A node of kwok's, whose stages end the pods of actions as they end those of jobs.
fn join_node(cluster: &Cluster, directory: &Path) -> Result<Process> {
    let size =
        json!({ "cpu": "100k", "memory": "100Ti", "pods": "1M", "ephemeral-storage": "100Ti" });
    let node = json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": { "name": "bench", "annotations": { "bench": "true" }, "labels": { "bench": "true" } },
        "status": { "allocatable": size, "capacity": size },
    });
    let kubectl = cluster.kubectl()?;
    kubectl.apply(&node.to_string())?;
    let program = setup::kwok()?;
    let stages = fs::read_to_string(program.with_file_name("stages.yaml"))?;
    ensure!(stages.contains("'Job'"), "kwok has no stage for jobs");
    let file = directory.join("stages.yaml");
    fs::write(&file, stages.replace("'Job'", "'TaskAction'"))?;
    let mut command = process::command(&program);
    command.args([
        format!("--config={}", file.display()),
        format!("--kubeconfig={}", cluster.kubeconfig().display()),
        format!("--server-address=127.0.0.1:{}", free_port()?),
        "--manage-nodes-with-annotation-selector=bench=true".to_owned(),
        "--node-lease-duration-seconds=40".to_owned(),
        "--cidr=10.245.0.0/16".to_owned(),
    ]);
    command.env("HOME", directory);
    let kwok = Process::start("kwok", command, &directory.join("kwok.log"))?;
    let ready = r#"jsonpath={.status.conditions[?(@.type=="Ready")].status}"#;
    wait::until("the node", LIMIT, || {
        let status = kubectl.run(&["get", "node", "bench", "-o", ready]);
        Ok(status.is_ok_and(|ready| ready == "True").then_some(()))
    })?;
    Ok(kwok)
}

/// `p50 / p99`.
fn spread(times: &[Duration]) -> String {
    let mut times = times.to_vec();
    times.sort();
    let at = |part: usize| {
        let time = times.get(times.len() * part / 100).copied();
        table::milliseconds(time.unwrap_or_default())
    };
    format!("{} / {} ms", at(50), at(99))
}

fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", bytes >> 20)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts here are far below what a float holds"
)]
fn as_number(count: usize) -> f64 {
    count as f64
}

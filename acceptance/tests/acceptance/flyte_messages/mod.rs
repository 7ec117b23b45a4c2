//! Our subset of Flyte's messages against Flyte's own Python package: declared alike, and read alike in both directions.

mod messages;

use std::{
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use acceptance::{process, setup};
use anyhow::{Context as _, Result, ensure};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use dataplane_proto::flyteidl2::{
    cacheservice::{CachedOutput, GetCacheResponse, cached_output::Output},
    common::{ActionIdentifier, ActionPhase, RunIdentifier},
    core::{
        CatalogCacheStatus, ContainerContext, Literal, LiteralMap, LogContext, PodLogContext,
        TaskLog, TaskTemplate, container_context::ProcessContext,
    },
    task::OutputReferences,
    workflow::{ActionEvent, ClusterEvent, ErrorInfo, RecordRequest, cluster_event, error_info},
};
use prost::Message as _;
use prost_types::Timestamp;
use serde_json::{Value, json};

const PROTOS: [&str; 4] = [
    "flyteidl2/core/tasks.proto",
    "flyteidl2/task/task_definition.proto",
    "flyteidl2/workflow/events_proxy_service.proto",
    "flyteidl2/cacheservice/v2/cacheservice.proto",
];

/// How often each message is filled: with that many, each alternative of each choice was seen.
const TIMES: u32 = 40;

fn ask(question: &Value) -> Result<Value> {
    let mut command: Command = process::command(setup::python("python")?);
    let mut child = command
        .args(["-c", include_str!("oracle.py")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("starting Python")?;
    child
        .stdin
        .take()
        .context("Python's input")?
        .write_all(question.to_string().as_bytes())?;
    let answer = child.wait_with_output()?;
    ensure!(answer.status.success(), "Python failed: {}", answer.status);
    serde_json::from_slice(&answer.stdout).context("reading Python's answer")
}

/// The names of our messages, and how they differ from the package's.
fn declared() -> Result<(Vec<String>, Vec<String>)> {
    let protos = Path::new(env!("CARGO_MANIFEST_DIR")).join("../proto/proto");
    let files = protox::compile(PROTOS, [protos]).context("our protos")?;
    let files = STANDARD.encode(files.encode_to_vec());
    let answer = ask(&json!({ "ask": "descriptors", "files": files }))?;
    Ok((
        serde_json::from_value(answer["messages"].clone())?,
        serde_json::from_value(answer["differences"].clone())?,
    ))
}

fn bytes(text: &Value) -> Result<Vec<u8>> {
    STANDARD
        .decode(text.as_str().context("text")?)
        .context("base64")
}

#[test]
fn every_field_is_declared_alike() -> Result<()> {
    let (messages, differences) = declared()?;
    ensure!(
        messages.len() > 100,
        "few messages were compared: {messages:?}"
    );
    ensure!(differences.is_empty(), "{}", differences.join("\n"));
    Ok(())
}

#[test]
fn what_python_fills_survives_our_reading_and_writing() -> Result<()> {
    let (names, _) = declared()?;
    let unlisted: Vec<_> = names
        .iter()
        .filter(|name| messages::named(name).is_none())
        .collect();
    ensure!(
        unlisted.is_empty(),
        "these messages are in no test: {unlisted:?}"
    );
    let filled = ask(&json!({ "ask": "filled", "messages": names, "times": TIMES }))?;
    let filled = filled.as_array().context("a list")?;
    ensure!(filled.len() == names.len() * TIMES as usize);
    let mut pairs = Vec::with_capacity(filled.len());
    for made in filled {
        let name = made[0].as_str().context("a name")?;
        let through = messages::named(name).context("a message of ours")?;
        let ours = through(&bytes(&made[1])?).with_context(|| format!("decoding {name}"))?;
        pairs.push(json!([name, made[1], STANDARD.encode(ours)]));
    }
    let differences = ask(&json!({ "ask": "same", "pairs": pairs }))?;
    ensure!(differences == json!([]), "{differences:#}");
    Ok(())
}

#[test]
fn what_we_make_is_read_by_python() -> Result<()> {
    let at = |seconds| Timestamp { seconds, nanos: 5 };
    let event = ActionEvent {
        id: Some(ActionIdentifier {
            run: Some(RunIdentifier {
                org: "acme".into(),
                project: "p".into(),
                domain: "d".into(),
                name: "r".into(),
            }),
            name: "a0".into(),
        }),
        attempt: 2,
        phase: ActionPhase::Failed.into(),
        version: 3,
        updated_time: Some(at(1)),
        end_time: Some(at(2)),
        error_info: Some(ErrorInfo {
            message: "out of memory".into(),
            kind: error_info::Kind::User.into(),
            code: "OOMKilled".into(),
            gpu_fault: None,
        }),
        log_info: vec![TaskLog {
            uri: "https://logs".into(),
            ready: true,
            ..TaskLog::default()
        }],
        log_context: Some(LogContext {
            primary_pod_name: "pod".into(),
            pods: vec![PodLogContext {
                namespace: "ns".into(),
                pod_name: "pod".into(),
                primary_container_name: "main".into(),
                containers: vec![ContainerContext {
                    container_name: "main".into(),
                    process: Some(ProcessContext {
                        container_start_time: Some(at(1)),
                        container_end_time: None,
                    }),
                }],
                ..PodLogContext::default()
            }],
            ..LogContext::default()
        }),
        cluster: "c".into(),
        outputs: Some(OutputReferences {
            output_uri: "s3://b/outputs.pb".into(),
            report_uri: "s3://b/report.html".into(),
        }),
        cache_status: CatalogCacheStatus::CacheMiss.into(),
        cluster_events: vec![ClusterEvent {
            occurred_at: Some(at(1)),
            message: "pulled".into(),
            r#type: cluster_event::Type::Warning.into(),
            count: 7,
            ..ClusterEvent::default()
        }],
        reported_time: Some(at(3)),
        ..ActionEvent::default()
    };
    let request = RecordRequest {
        events: vec![event],
    };
    let read = ask(&json!({
        "ask": "read",
        "message": "flyteidl2.workflow.RecordRequest",
        "bytes": STANDARD.encode(request.encode_to_vec()),
    }))?;
    let at = |second| format!("1970-01-01T00:00:0{second}.000000005Z");
    let expected = json!({ "events": [{
        "id": { "run": { "org": "acme", "project": "p", "domain": "d", "name": "r" }, "name": "a0" },
        "attempt": 2,
        "phase": "ACTION_PHASE_FAILED",
        "version": 3,
        "updated_time": at(1),
        "end_time": at(2),
        "error_info": { "message": "out of memory", "kind": "KIND_USER", "code": "OOMKilled" },
        "log_info": [{ "uri": "https://logs", "ready": true }],
        "log_context": {
            "primary_pod_name": "pod",
            "pods": [{
                "namespace": "ns", "pod_name": "pod", "primary_container_name": "main",
                "containers": [{ "container_name": "main", "process": { "container_start_time": at(1) } }],
            }],
        },
        "cluster": "c",
        "outputs": { "output_uri": "s3://b/outputs.pb", "report_uri": "s3://b/report.html" },
        "cache_status": "CACHE_MISS",
        "cluster_events": [{ "occurred_at": at(1), "message": "pulled", "type": "TYPE_WARNING", "count": 7 }],
        "reported_time": at(3),
    }] });
    ensure!(read == expected, "{read:#}");
    Ok(())
}

/// A field that no version of today has: number 1000, length-delimited.
const OF_TOMORROW: [u8; 5] = [0xc2, 0x3e, 2, b'h', b'i'];

#[test]
fn unknown_fields_are_dropped_by_decoding_and_kept_in_what_is_passed_on() -> Result<()> {
    let template = TaskTemplate {
        r#type: "python".into(),
        ..TaskTemplate::default()
    };
    let mut of_tomorrow = template.encode_to_vec();
    of_tomorrow.extend(OF_TOMORROW);
    let decoded = TaskTemplate::decode(of_tomorrow.as_slice())?;
    ensure!(decoded == template, "the known part is read: {decoded:?}");
    ensure!(
        decoded.encode_to_vec().len() + OF_TOMORROW.len() == of_tomorrow.len(),
        "this is why nothing that came from others is encoded anew"
    );

    let outputs = LiteralMap {
        literals: [("o0".to_owned(), Literal::default())].into(),
    };
    let mut outputs = outputs.encode_to_vec();
    outputs.extend(OF_TOMORROW);
    let cached = GetCacheResponse {
        output: Some(CachedOutput {
            output: Some(Output::OutputLiterals(outputs.clone())),
            metadata: None,
        }),
    };
    let read = GetCacheResponse::decode(cached.encode_to_vec().as_slice())?;
    let passed_on = read.output.and_then(|cached| cached.output);
    ensure!(passed_on == Some(Output::OutputLiterals(outputs)));
    let theirs = ask(&json!({
        "ask": "read",
        "message": "flyteidl2.cacheservice.GetCacheResponse",
        "bytes": STANDARD.encode(cached.encode_to_vec()),
    }))?;
    ensure!(
        theirs == json!({ "output": { "output_literals": { "literals": { "o0": {} } } } }),
        "{theirs:#}"
    );
    Ok(())
}

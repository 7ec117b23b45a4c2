//! Keys as Flyte's own executor orders them, for buckets that are shared with it.

use std::sync::Arc;

use acceptance::{
    cluster::Cluster,
    flyte::{BUCKET, Flyte, Layout, ORGANIZATION, Task},
};
use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use super::{World, assert_told};

/// Flyte's shard of a resource, two characters by FNV-32a of `namespace/name`.
fn shard(resource: &str) -> String {
    let hash = resource.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    let characters: Vec<char> = ('a'..='z').chain('0'..='9').collect();
    let index = (hash % 1296) as usize;
    [characters[index / 36], characters[index % 36]]
        .iter()
        .collect()
}

#[test]
fn attempts_write_and_are_read_behind_flytes_shard() -> Result<()> {
    let cluster = Arc::new(Cluster::start()?);
    let flyte = Arc::new(Flyte::on_with(cluster, Layout::Flyte)?);
    let world = World::on(flyte, &json!({}))?;
    // Its exit code says that all is well: the error of the first attempt is known by its object alone.
    let task = Task::new("sharded")
        .retries(1)
        .returning("o0")
        .attempt(&json!([
            { "run": true },
            { "error": { "code": "X", "message": "once more", "kind": "RECOVERABLE" } },
            { "exit": 0 },
        ]))
        .attempt(&json!([{ "run": true }, { "outputs": { "o0": 1 } }, { "exit": 0 }]));
    let ended = world.run("r1", &task)?;
    assert_told(&ended, &["1 QUEUED", "1 FAILED", "2 QUEUED", "2 SUCCEEDED"])?;

    let project = &world.project.name;
    let shard = shard(&format!("{}/r1-a0", world.project.namespace()));
    let prefix = format!("{shard}/{ORGANIZATION}/{project}/development/r1/a0");
    let last = &ended.events.last().context("an event")?.json;
    let uri = format!("s3://{BUCKET}/{prefix}/2/outputs.pb");
    assert_eq!(last["outputs"]["outputUri"], uri, "{last}");
    for key in ["1/error.pb", "2/outputs.pb"] {
        let object = json!({ "Bucket": BUCKET, "Key": format!("{prefix}/{key}") });
        world.flyte.account().call("s3", "head_object", &object)?;
    }
    let pod = world.pod("r1-a0-1")?.context("the second pod")?;
    let arguments = pod["spec"]["containers"][0]["args"].to_string();
    ensure!(arguments.contains(&format!("{prefix}/2")), "{arguments}");
    Ok(())
}

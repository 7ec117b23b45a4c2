//! `src/gen` is what the `.proto` files say.

use std::{collections::BTreeMap, fs, path::Path};

const PROTOS: [&str; 7] = [
    "tfplugin6.proto",
    "goplugin.proto",
    "dataplane/v1/cluster.proto",
    "flyteidl2/core/tasks.proto",
    "flyteidl2/task/task_definition.proto",
    "flyteidl2/workflow/events_proxy_service.proto",
    "flyteidl2/cacheservice/v2/cacheservice.proto",
];

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the switch of this test is a variable, as in all of our generators"
)]
fn generated_code_is_fresh() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let out = tempfile::tempdir().expect("a temporary folder");
    let descriptors = protox::compile(PROTOS, [root.join("proto")]).expect("the protos compile");
    tonic_prost_build::configure()
        .btree_map(".")
        .out_dir(out.path())
        .emit_rerun_if_changed(false)
        .compile_fds(descriptors)
        .expect("code is generated");

    let committed = root.join("src/gen");
    if std::env::var_os("DATAPLANE_UPDATE_GENERATED").is_some() {
        for (name, text) in sources(out.path()) {
            fs::write(committed.join(name), text).expect("generated code is written");
        }
    }
    assert_eq!(
        sources(&committed),
        sources(out.path()),
        "src/gen is stale: run `make generate`"
    );
}

fn sources(folder: &Path) -> BTreeMap<String, String> {
    fs::read_dir(folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("an entry").path())
        .map(|path| {
            let name = path
                .file_name()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            (name, fs::read_to_string(path).expect("a readable file"))
        })
        .collect()
}

//! What a file of a fleet means, and what is said of a wrong one.

use tempfile::TempDir;

use super::*;

const GOOD: &str = r#"
root: root
var_files: [common.tfvars, "tenants/{tenant}.tfvars.json"]
backend_config: { key: "fleet/{tenant}.tfstate", encrypt: true }
waves:
  - { name: canary, tenants: [acme] }
  - { name: all, tenants: ["*"], parallelism: 10, stop_after: 2 }
protect: [dataplane_bucket]
env: { AWS_PROFILE: "tenant-{tenant}" }
"#;

/// A fleet of acme, globex and initech.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for sub in ["root", "tenants"] {
        fs::create_dir(folder.path().join(sub)).unwrap();
    }
    fs::write(
        folder.path().join("root/versions.tf"),
        "terraform {\n  backend \"s3\" {}\n}\n",
    )
    .unwrap();
    for file in [
        "common.tfvars",
        "tenants/acme.tfvars.json",
        "tenants/globex.tfvars.json",
        "tenants/initech.tfvars.json",
    ] {
        fs::write(folder.path().join(file), "{}").unwrap();
    }
    folder
}

fn read(folder: &TempDir, text: &str) -> Result<Fleet> {
    let file = folder.path().join("fleet.yaml");
    fs::write(&file, text).unwrap();
    Fleet::read(&file)
}

#[track_caller]
fn refused(change: (&str, &str)) -> String {
    let text = GOOD.replace(change.0, change.1);
    assert_ne!(text, GOOD, "the change must apply");
    format!("{:#}", read(&folder(), &text).unwrap_err())
}

fn names(wave: &Wave) -> Vec<&str> {
    wave.tenants.iter().map(Tenant::as_str).collect()
}

#[test]
fn a_fleet_has_its_tenants_in_waves_with_what_each_needs() {
    let folder = folder();
    let fleet = read(&folder, GOOD).unwrap();
    let [canary, all] = &fleet.waves[..] else {
        panic!("{:?}", fleet.waves);
    };
    assert_eq!(names(canary), ["acme"]);
    assert_eq!((canary.parallelism.get(), canary.stop_after.get()), (4, 1));
    assert_eq!(names(all), ["globex", "initech"]);
    assert_eq!((all.parallelism.get(), all.stop_after.get()), (10, 2));
    let globex: Tenant = "globex".parse().unwrap();
    assert_eq!(
        fleet.backend(&globex).unwrap(),
        r#"{"encrypt":true,"key":"fleet/globex.tfstate"}"#
    );
    assert_eq!(
        fleet.env(&globex),
        [("AWS_PROFILE".to_owned(), "tenant-globex".to_owned())]
    );
    let at = folder.path().canonicalize().unwrap();
    assert_eq!(
        fleet.var_files(&globex),
        [
            at.join("common.tfvars"),
            at.join("tenants/globex.tfvars.json")
        ]
    );
}

#[test]
fn what_is_asked_for_narrows_the_waves() {
    let folder = folder();
    let fleet = read(&folder, GOOD).unwrap();
    let two = NonZeroUsize::new(2);
    let selected = fleet
        .selected(&["initech".parse().unwrap()], &[], two)
        .unwrap();
    assert_eq!(names(&selected[1]), ["initech"]);
    assert_eq!(selected[1].parallelism.get(), 2);
    let error = |tenants: &[&str], waves: &[&str]| {
        let tenants: Vec<Tenant> = tenants.iter().map(|name| name.parse().unwrap()).collect();
        let waves: Vec<String> = waves.iter().map(ToString::to_string).collect();
        fleet
            .selected(&tenants, &waves, None)
            .unwrap_err()
            .to_string()
    };
    assert!(error(&["hooli"], &[]).ends_with("its tenants are acme, globex, initech"));
    assert!(error(&[], &["late"]).ends_with("its waves are canary, all"));
    assert_eq!(
        error(&["acme"], &["all"]),
        "none of these tenants is in these waves"
    );
}

#[test]
fn a_wave_with_a_tenant_that_is_not_there_is_refused() {
    let error = refused(("[acme]", "[acme, globx]"));
    assert!(
        error.ends_with(
            "wave \"canary\" names tenant \"globx\", and there is no file tenants/{tenant}.tfvars.json of it: the tenants are acme, globex, initech"
        ),
        "{error}"
    );
    let error = refused(("waves:", "tenants: [globex, initech]\nwaves:"));
    assert!(
        error.contains("names tenant \"acme\", and `tenants` does not list it"),
        "{error}"
    );
}

#[test]
fn a_tenant_in_two_waves_or_in_none_is_refused() {
    let error = refused(("[\"*\"]", "[globex, acme, initech]"));
    assert!(
        error.contains("tenant \"acme\" is in wave \"canary\" and in wave \"all\""),
        "{error}"
    );
    let error = refused(("[\"*\"]", "[globex]"));
    assert!(error.contains("no wave has initech"), "{error}");
    let error = refused(("[acme]", "[acme, \"*\"]"));
    assert!(error.contains("both take the rest"), "{error}");
    let error = refused(("name: all", "name: canary"));
    assert!(error.contains("two waves are called \"canary\""), "{error}");
}

#[test]
fn a_missing_file_of_variables_is_refused() {
    let error = refused(("waves:", "tenants: [acme, globex, initech, hooli]\nwaves:"));
    assert!(
        error.contains("tenant hooli has no variables: ")
            && error.ends_with("tenants/hooli.tfvars.json is missing"),
        "{error}"
    );
    let error = refused(("common.tfvars", "shared.tfvars"));
    assert!(error.ends_with("shared.tfvars is missing"), "{error}");
}

#[test]
fn a_shared_state_is_refused() {
    let error = refused(("{tenant}.tfstate", "all.tfstate"));
    assert!(
        error.contains("all tenants would share one state"),
        "{error}"
    );
    let text = GOOD.replace(
        "backend_config: { key: \"fleet/{tenant}.tfstate\", encrypt: true }",
        "workspace: \"{tenant}\"",
    );
    let fleet = read(&folder(), &text).unwrap();
    let acme = "acme".parse().unwrap();
    assert_eq!(fleet.workspace(&acme).unwrap(), "acme");
    assert!(fleet.backend(&acme).is_none());
}

#[test]
fn a_root_without_a_backend_is_refused() {
    let folder = folder();
    fs::write(
        folder.path().join("root/versions.tf"),
        "# backend \"s3\" {}",
    )
    .unwrap();
    let error = format!("{:#}", read(&folder, GOOD).unwrap_err());
    assert!(
        error.contains("all tenants would share one state: write `terraform { backend"),
        "{error}"
    );
    let text = GOOD.replace(
        "backend_config: { key: \"fleet/{tenant}.tfstate\", encrypt: true }",
        "workspace: \"{tenant}\"",
    );
    read(&folder, &text).unwrap();
}

#[test]
fn what_nobody_knows_is_refused_with_its_place() {
    let error = refused(("stop_after", "stopafter"));
    assert!(
        error.contains("stopafter") && error.contains("line 7"),
        "{error}"
    );
    assert!(refused(("stop_after: 2", "stop_after: 0")).contains("line 7"));
    let error = refused(("root: root", "root: elsewhere"));
    assert!(error.contains("elsewhere is not there"), "{error}");
}

#[test]
fn a_setting_of_the_backend_is_no_template() {
    let text = GOOD.replace("fleet/{tenant}", "${x}/{tenant}");
    // Braces that are not ours are a slip, not a template.
    let error = format!("{:#}", read(&folder(), &text).unwrap_err());
    assert!(error.contains("{x} stands for nothing"), "{error}");
    let text = GOOD.replace("fleet/{tenant}", "%{x/{tenant}");
    let fleet = read(&folder(), &text).unwrap();
    let backend = fleet.backend(&"acme".parse().unwrap()).unwrap();
    assert!(backend.contains("%{x/acme"), "{backend}");
}

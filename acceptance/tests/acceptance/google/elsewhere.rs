//! Pods of clusters that are not GKE's: what the operator's manifests give them makes Google's own library a session.

use acceptance::{cluster::Cluster, google::Caller};
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::bench::Bench;

fn configuration(issuer: &str, direct: bool) -> String {
    let account = if direct {
        ""
    } else {
        "service_account = dataplane_role.admin.principal"
    };
    format!(
        "resource \"dataplane_identity_provider\" \"this\" {{
  issuer = \"{issuer}\"
}}

resource \"dataplane_bucket\" \"data\" {{
  name          = \"acme-elsewhere\"
  force_destroy = true
}}

resource \"dataplane_role\" \"admin\" {{
  name     = \"elsewhere-admin\"
  profile  = \"admin\"
  buckets  = {{ data = {{ id = dataplane_bucket.data.id }} }}
  subjects = [{{ namespace = \"google-manifests\", service_account = \"executor\" }}]

  trust = {{
    gke = {{
      pool   = regex(\"^projects/[0-9]+/locations/global/workloadIdentityPools/[^/]+\", dataplane_identity_provider.this.id)
      direct = {direct}
    }}
  }}
}}

data \"dataplane_manifests\" \"this\" {{
  namespace     = \"google-manifests\"
  organization  = \"acme\"
  cluster_name  = \"elsewhere\"
  image         = \"registry.example.com/dataplane-operator:0.1.0\"
  control_plane = {{ endpoint = \"https://acme.control.example.com\" }}
  components    = {{ executor = {{}} }}

  storage = {{
    metadata          = dataplane_bucket.data.uri
    fast_registration = dataplane_bucket.data.uri
  }}

  roles = {{
    admin = {{
      google = {{
        provider = dataplane_identity_provider.this.id
        {account}
      }}
    }}
  }}
}}
"
    )
}

fn object(manifests: &Value, key: &str) -> Result<Value> {
    let text = manifests["objects"][key].as_str();
    let text = text.with_context(|| format!("no {key} in {}", manifests["objects"]))?;
    Ok(serde_json::from_str(text)?)
}

/// What only the role may.
fn write(session: &Caller) -> Result<()> {
    let object = json!({ "bucket": "acme-elsewhere", "name": "a/b", "content": "text" });
    session.call("storage.v1", "objects.insert", &object)?;
    Ok(())
}

#[test]
fn a_pod_becomes_its_role_by_what_its_manifest_gives_it() -> Result<()> {
    let bench = Bench::google()?;
    let cluster = Cluster::shared_own()?;
    bench.trust(&cluster)?;
    let kubectl = cluster.kubectl()?;
    kubectl.run(&["create", "namespace", "google-manifests"])?;
    for account in ["executor", "other"] {
        kubectl.run(&[
            "create",
            "serviceaccount",
            account,
            "-n",
            "google-manifests",
        ])?;
    }
    let terraform = bench.configuration(&configuration(cluster.issuer(), false))?;
    for direct in [false, true] {
        terraform.write("main.tf", &configuration(cluster.issuer(), direct))?;
        terraform.apply_then_empty_plan()?;
        let manifests = terraform.attributes("data.dataplane_manifests.this")?;
        let map = object(
            &manifests,
            "ConfigMap/google-manifests/google-credentials-admin",
        )?;
        let credentials = map["data"]["credentials.json"].as_str();
        let credentials: Value = serde_json::from_str(credentials.context("the file")?)?;
        ensure!(
            credentials
                .get("service_account_impersonation_url")
                .is_none()
                == direct,
            "{credentials}"
        );
        let deployment = object(&manifests, "Deployment/google-manifests/executor")?;
        let pod = &deployment["spec"]["template"]["spec"];
        let volumes = pod["volumes"].as_array().context("volumes")?;
        let mut sources = volumes
            .iter()
            .filter_map(|volume| volume["projected"]["sources"].as_array())
            .filter(|sources| sources.len() == 2);
        let sources = sources.next().context("the token beside the file")?;
        let audience = sources[0]["serviceAccountToken"]["audience"].as_str();
        let audience = audience.context("an audience")?;

        let token = cluster.token("google-manifests", "executor", audience)?;
        let session = bench.project.pod_by(&credentials, &token)?;
        write(&session)?;
        let other = cluster.token("google-manifests", "other", audience)?;
        let other = bench.project.pod_by(&credentials, &other);
        ensure!(
            other.and_then(|other| write(&other)).is_err(),
            "another service account has the role"
        );
    }
    kubectl.run(&["delete", "namespace", "google-manifests", "--wait=false"])?;
    terraform.destroy().map(drop)
}

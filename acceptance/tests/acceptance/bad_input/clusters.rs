//! Clusters that cannot be reached or do not let us in, and objects in them that belong to others.

use std::net::TcpListener;

use acceptance::{
    cluster::{Cluster, Kubectl, Needs},
    terraform::Terraform,
};
use anyhow::{Context as _, Result};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::json;

use super::{Expected, refuses};

/// A workspace whose namespace an apply made that was killed; meanwhile somebody took fields of its service account.
const FIELDS_OF_OTHERS: &str = "bad-input-fields-of-others";

fn fields_of_others(kubectl: &Kubectl) -> Result<()> {
    let namespace = json!({
        "apiVersion": "v1", "kind": "Namespace",
        "metadata": { "name": FIELDS_OF_OTHERS, "annotations": {
            "dataplane.dev/owner": "acceptance",
            "dataplane.dev/resource": format!("dataplane_workspace/{FIELDS_OF_OTHERS}"),
            "dataplane.dev/creating": "true",
        } },
    });
    let account = json!({
        "apiVersion": "v1", "kind": "ServiceAccount", "automountServiceAccountToken": true,
        "metadata": { "name": "default", "namespace": FIELDS_OF_OTHERS },
    });
    kubectl.apply(&namespace.to_string())?;
    kubectl.apply(&account.to_string()).map(drop)
}

fn provider(alias: &str, arguments: &str) -> String {
    format!(
        "provider \"dataplane\" {{\n  alias = \"{alias}\"\n  owner = \"acceptance\"\n  {arguments}\n}}\n"
    )
}

fn workspace(name: &str, provider: &str, cluster: &str) -> String {
    format!(
        "resource \"dataplane_workspace\" \"{name}\" {{\n  provider = dataplane.{provider}\n  cluster = {cluster}\n  \
         operator = \"union/dataplane\"\n  project = \"bad-input\"\n  domain = \"{domain}\"\n}}\n",
        domain = name.replace('_', "-")
    )
}

fn operator(name: &str, create_namespace: bool, kubeconfig: &str) -> String {
    format!(
        "resource \"dataplane_operator\" \"{name}\" {{\n  provider = dataplane.any\n  cluster = {kubeconfig}\n  namespace = \"bad-{domain}\"\n  \
         create_namespace = {create_namespace}\n  name = \"bad-{domain}\"\n  organization = \"acme\"\n  cluster_name = \"prod\"\n  image = \"example.test/operator:1\"\n  \
         control_plane = {{ endpoint = \"https://acme.example.com\" }}\n  \
         storage = {{ metadata = \"s3://acme\", fast_registration = \"s3://acme\" }}\n}}\n",
        domain = name.replace('_', "-")
    )
}

/// A token of the cluster that was good once, signed by its own key.
fn expired(cluster: &Cluster) -> Result<String> {
    let key = std::fs::read(cluster.directory().join("token.key"))?;
    let now = cluster.token("default", "default", &cluster.endpoint())?;
    let mut header = Header::new(Algorithm::RS256);
    header.kid = jsonwebtoken::decode_header(&now)?.kid;
    let claims = json!({
        "iss": cluster.issuer(), "sub": "system:serviceaccount:default:default", "aud": [cluster.endpoint()], "exp": 1_700_000_000,
    });
    Ok(jsonwebtoken::encode(
        &header,
        &claims,
        &EncodingKey::from_rsa_pem(&key)?,
    )?)
}

const REQUIRED: &str = r#"terraform {
  required_providers {
    dataplane = { source = "dataplane/dataplane" }
  }
}
"#;

#[test]
fn that_do_not_answer_or_let_us_in_are_named_with_the_reason() -> Result<()> {
    // One of ours: the expired token is signed by its own key.
    let cluster = Cluster::shared_own()?;
    let endpoint = cluster.endpoint();
    // Takes connections and says nothing, as a firewall that drops does.
    let silent = TcpListener::bind("127.0.0.1:0")?;
    let silent_host = format!("https://{}", silent.local_addr()?);
    let closed = TcpListener::bind("127.0.0.1:0")?;
    let closed_host = format!("https://{}", closed.local_addr()?);
    drop(closed);
    let direct = |host: &str| format!("{{ direct = {{ host = \"{host}\" }} }}");
    let here =
        format!("{{ direct = {{ host = \"{endpoint}\", ca_certificate = file(\"ca.crt\") }} }}");
    let token = expired(&cluster).context("making an expired token")?;
    let configuration = [
        REQUIRED.to_owned(),
        provider("any", "kubernetes = { token = \"any\" }"),
        provider(
            "expired",
            &format!("kubernetes = {{ token = \"{token}\" }}"),
        ),
        provider("none", ""),
        workspace("expired_token", "expired", &here),
        workspace("closed", "any", &direct(&closed_host)),
        workspace("silent", "any", &direct(&silent_host)),
        workspace("untrusted", "any", &direct(&endpoint)),
        workspace("no_credentials", "none", &here),
        workspace(
            "no_file",
            "any",
            "{ kubeconfig = { path = \"nowhere/kubeconfig\" } }",
        ),
    ];
    let terraform = Terraform::new()?;
    terraform.write("main.tf", &configuration.concat())?;
    terraform.write("ca.crt", cluster.authority()?.certificate())?;
    terraform.init()?;
    let unreachable = "cannot be reached from where Terraform runs";
    let at = |name: &str, says: &[&str]| Expected::at(&format!("dataplane_workspace.{name}"), says);
    let expected = [
        at(
            "expired_token",
            &[
                &endpoint,
                "did not accept the credentials",
                "the token has expired",
                "renew the credentials",
            ],
        ),
        at("closed", &[&closed_host, unreachable, "refused"]),
        at(
            "silent",
            &[
                &silent_host,
                unreachable,
                "did not answer in time",
                "firewall",
            ],
        ),
        at(
            "untrusted",
            &[&endpoint, unreachable, "certificate", "by `ca_certificate`"],
        ),
        at(
            "no_credentials",
            &[
                &endpoint,
                "set `token` or `exec` in the provider's `kubernetes` argument",
            ],
        ),
        at(
            "no_file",
            &[
                "the kubeconfig file nowhere/kubeconfig does not exist on the machine that runs Terraform",
            ],
        ),
    ];
    refuses(&terraform, "apply", &expected)
}

#[test]
fn where_others_have_something_in_the_way_are_left_as_they_are() -> Result<()> {
    let cluster = Cluster::shared(Needs::Objects)?;
    let kubectl = cluster.kubectl()?;
    kubectl.create_namespace("bad-taken-namespace")?;
    fields_of_others(&kubectl)?;
    let kubeconfig = format!(
        "{{ kubeconfig = {{ path = \"{}\" }} }}",
        cluster.kubeconfig().display()
    );
    let configuration = [
        REQUIRED.to_owned(),
        provider("any", ""),
        operator("taken_namespace", true, &kubeconfig),
        operator("missing_namespace", false, &kubeconfig),
        workspace("fields_of_others", "any", &kubeconfig),
    ];
    let terraform = Terraform::new()?;
    terraform.write("main.tf", &configuration.concat())?;
    terraform.init()?;
    let expected = [
        Expected::at(
            "dataplane_operator.taken_namespace",
            &[
                "Namespace bad-taken-namespace exists already",
                "it was not made by this provider",
                "Nothing was changed",
                "set `create_namespace = false`",
            ],
        ),
        Expected::at(
            "dataplane_operator.missing_namespace",
            &[
                "Namespace bad-missing-namespace does not exist",
                "Set `create_namespace = true`, or make the namespace first",
            ],
        ),
        Expected::at(
            "dataplane_workspace.fields_of_others",
            &[
                "ServiceAccount bad-input-fields-of-others/default has fields that others manage",
                "`.automountServiceAccountToken` by \"kubectl\"",
                "They were left alone",
                "give these fields up",
            ],
        ),
    ];
    refuses(&terraform, "apply", &expected)?;

    let kept = kubectl.get("serviceaccount", FIELDS_OF_OTHERS, "default")?;
    assert_eq!(
        kept.context("the service account")?["automountServiceAccountToken"],
        true
    );
    let deployments = kubectl.list(&["deployments", "-n", "bad-taken-namespace"])?;
    assert!(deployments.is_empty(), "{deployments:?}");
    assert!(
        kubectl
            .get("namespace", "", "bad-missing-namespace")?
            .is_none()
    );
    Ok(())
}

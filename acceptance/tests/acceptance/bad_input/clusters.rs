//! Clusters that cannot be reached or do not let us in, and objects in them that belong to others.

use std::net::TcpListener;

use acceptance::{
    cluster::{Cluster, Kubectl},
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

#[test]
fn that_do_not_answer_or_refuse_say_where_and_why() -> Result<()> {
    let cluster = Cluster::shared()?;
    let kubectl = cluster.kubectl()?;
    kubectl.run(&["create", "namespace", "bad-taken-namespace"])?;
    fields_of_others(&kubectl)?;
    // Takes connections and says nothing, as a firewall that drops does.
    let silent = TcpListener::bind("127.0.0.1:0")?;
    let silent_host = format!("https://{}", silent.local_addr()?);
    let closed_host = {
        let closed = TcpListener::bind("127.0.0.1:0")?;
        format!("https://{}", closed.local_addr()?)
    };
    let direct = |host: &str| format!("{{ direct = {{ host = \"{host}\" }} }}");
    let here = format!(
        "{{ direct = {{ host = \"{}\", ca_certificate = file(\"ca.crt\") }} }}",
        cluster.endpoint()
    );
    let kubeconfig = format!(
        "{{ kubeconfig = {{ path = \"{}\" }} }}",
        cluster.kubeconfig().display()
    );

    let token = expired(cluster).context("making an expired token")?;
    let configuration = [
        "terraform {\n  required_providers {\n    dataplane = { source = \"dataplane/dataplane\" }\n  }\n}\n".to_owned(),
        provider("any", "kubernetes = { token = \"any\" }"),
        provider("expired", &format!("kubernetes = {{ token = \"{token}\" }}")),
        provider("none", ""),
        workspace("expired_token", "expired", &here),
        workspace("closed", "any", &direct(&closed_host)),
        workspace("silent", "any", &direct(&silent_host)),
        workspace("untrusted", "any", &direct(&cluster.endpoint())),
        workspace("no_credentials", "none", &here),
        workspace("no_file", "any", "{ kubeconfig = { path = \"nowhere/kubeconfig\" } }"),
        operator("taken_namespace", true, &kubeconfig),
        workspace("fields_of_others", "any", &kubeconfig),
        operator("missing_namespace", false, &kubeconfig),
    ];
    let terraform = Terraform::new()?;
    terraform.write("main.tf", &configuration.concat())?;
    terraform.write("ca.crt", cluster.ca_certificate())?;
    terraform.init()?;
    let endpoint = cluster.endpoint();
    let at = |name: &str, says: &[&str]| Expected::at(&format!("dataplane_workspace.{name}"), says);
    let on = |name: &str, says: &[&str]| Expected::at(&format!("dataplane_operator.{name}"), says);
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
        at(
            "closed",
            &[
                &closed_host,
                "cannot be reached from where Terraform runs",
                "refused",
            ],
        ),
        at(
            "silent",
            &[
                &silent_host,
                "cannot be reached from where Terraform runs",
                "did not answer in time",
            ],
        ),
        at(
            "untrusted",
            &[
                &endpoint,
                "cannot be reached",
                "certificate",
                "`ca_certificate`",
            ],
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
        on(
            "taken_namespace",
            &[
                "Namespace bad-taken-namespace exists already",
                "it was not made by this provider",
                "Nothing was changed",
                "set `create_namespace = false`",
            ],
        ),
        at(
            "fields_of_others",
            &[
                "ServiceAccount bad-input-fields-of-others/default has fields that others manage",
                "`.automountServiceAccountToken` by \"kubectl\"",
                "They were left alone",
                "give these fields up",
            ],
        ),
        on(
            "missing_namespace",
            &[
                "bad-missing-namespace",
                "`create_namespace = true`, or make the namespace first",
            ],
        ),
    ];
    refuses(&terraform, "apply", &expected)?;

    let kept = kubectl.get("serviceaccount", FIELDS_OF_OTHERS, "default")?;
    assert_eq!(
        kept.context("the service account")?["automountServiceAccountToken"],
        true
    );
    for namespace in ["bad-taken-namespace", "bad-missing-namespace"] {
        let services = kubectl.list(&["deployments", "-n", namespace])?;
        assert!(services.is_empty(), "{services:?}");
    }
    Ok(())
}

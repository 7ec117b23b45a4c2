//! What EKS does for IAM Roles for Service Accounts: its webhook gives the pods of an annotated service account the role's
//! name and a token for STS. Beside them stands what only an emulator needs: where its STS is, and the authority of its
//! certificate.

use anyhow::{Context as _, Result};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::{Response, header};
use http_body_util::Full;
use hyper::body::Bytes;
use serde_json::{Value, json};

use super::{REGION, front::Front};
use crate::cluster::{Cluster, Kubectl};

/// The path where an API server sends pods.
pub(super) const PATH: &str = "/acceptance/pod-identity-webhook";

const ROLE: &str = "eks.amazonaws.com/role-arn";
const VOLUME: &str = "aws-iam-token";
const DIRECTORY: &str = "/var/run/secrets/eks.amazonaws.com/serviceaccount";

/// The annotation by which the authority comes into a file of the pod.
const AUTHORITY: &str = "acceptance.test/authority";

/// The webhook of one cluster.
#[derive(Clone, Debug)]
pub(super) struct Webhook {
    kubectl: Kubectl,
    endpoint: String,
    authority: String,
}

impl Webhook {
    /// Lets the API server of a cluster ask at `front`. Where it has no answer the pod is made without, as with EKS.
    pub(super) fn install(front: &Front, cluster: &Cluster) -> Result<Self> {
        let (endpoint, bundle) = front.secure_endpoint();
        let authority = std::fs::read_to_string(bundle)?;
        let kubectl = cluster.kubectl()?;
        let configuration = json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration",
            "metadata": { "name": "pod-identity-webhook" },
            "webhooks": [{
                "name": "iam-for-pods.amazonaws.com",
                "clientConfig": { "url": format!("{endpoint}{PATH}"), "caBundle": BASE64_STANDARD.encode(&authority) },
                "rules": [{ "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"] }],
                "admissionReviewVersions": ["v1"],
                "failurePolicy": "Ignore", "sideEffects": "None", "reinvocationPolicy": "Never", "timeoutSeconds": 10,
            }],
        });
        kubectl.apply(&configuration.to_string())?;
        Ok(Self {
            kubectl,
            endpoint,
            authority,
        })
    }

    /// Answers an API server's `AdmissionReview`.
    pub(super) fn review(&self, body: &Bytes) -> Result<Response<Full<Bytes>>> {
        let review: Value = serde_json::from_slice(body)?;
        let request = &review["request"];
        let mut response = json!({ "uid": request["uid"], "allowed": true });
        if let Some(role) = self.role(request)? {
            let patch = self.patch(&request["object"], &role).to_string();
            response["patchType"] = "JSONPatch".into();
            response["patch"] = BASE64_STANDARD.encode(patch).into();
        }
        let answer = json!({ "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response });
        Ok(Response::builder()
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(answer.to_string())))?)
    }

    /// The role that is written on the service account of a pod.
    fn role(&self, request: &Value) -> Result<Option<String>> {
        let namespace = request["namespace"].as_str().context("no namespace")?;
        let account = request["object"]["spec"]["serviceAccountName"]
            .as_str()
            .unwrap_or("default");
        let account = self.kubectl.get("serviceaccount", namespace, account)?;
        let role = account.and_then(|account| {
            let role = account["metadata"]["annotations"][ROLE].as_str();
            role.map(str::to_owned)
        });
        Ok(role)
    }

    fn patch(&self, pod: &Value, role: &str) -> Value {
        let mut annotations = pod["metadata"]["annotations"].clone();
        annotations[AUTHORITY] = self.authority.as_str().into();
        let mut patch = vec![
            json!({ "op": "add", "path": "/metadata/annotations", "value": annotations }),
            json!({ "op": "add", "path": "/spec/volumes", "value": with(&pod["spec"]["volumes"], [volume()]) }),
        ];
        for list in ["containers", "initContainers"] {
            let Some(containers) = pod["spec"][list].as_array() else {
                continue;
            };
            let containers: Vec<Value> = containers
                .iter()
                .map(|container| self.container(container.clone(), role))
                .collect();
            let changed = format!("/spec/{list}");
            patch.push(json!({ "op": "replace", "path": changed, "value": containers }));
        }
        patch.into()
    }

    fn container(&self, mut container: Value, role: &str) -> Value {
        let authority = format!("{DIRECTORY}/ca.crt");
        let variables = [
            ("AWS_ROLE_ARN", role),
            ("AWS_WEB_IDENTITY_TOKEN_FILE", &format!("{DIRECTORY}/token")),
            ("AWS_STS_REGIONAL_ENDPOINTS", "regional"),
            ("AWS_DEFAULT_REGION", REGION),
            ("AWS_REGION", REGION),
            ("AWS_ENDPOINT_URL_STS", &self.endpoint),
            ("AWS_CA_BUNDLE", &authority),
            // What Flyte's client reads its objects with knows no variable of AWS for it.
            ("SSL_CERT_FILE", &authority),
        ];
        let own = &container["env"];
        let is_set = |name: &str| {
            let own = own.as_array().into_iter().flatten();
            own.into_iter().any(|variable| variable["name"] == name)
        };
        let missing = variables
            .into_iter()
            .filter(|(name, _)| !is_set(name))
            .map(|(name, value)| json!({ "name": name, "value": value }));
        container["env"] = with(own, missing);
        let mount = json!({ "name": VOLUME, "mountPath": DIRECTORY, "readOnly": true });
        container["volumeMounts"] = with(&container["volumeMounts"], [mount]);
        container
    }
}

/// A list, which may not be there, with more behind.
fn with(list: &Value, more: impl IntoIterator<Item = Value>) -> Value {
    let list = list.as_array().into_iter().flatten().cloned();
    list.chain(more).collect()
}

fn volume() -> Value {
    let token =
        json!({ "audience": "sts.amazonaws.com", "expirationSeconds": 86400, "path": "token" });
    let field = format!("metadata.annotations['{AUTHORITY}']");
    let authority = json!({ "path": "ca.crt", "fieldRef": { "fieldPath": field } });
    json!({
        "name": VOLUME,
        "projected": { "sources": [
            { "serviceAccountToken": token },
            { "downwardAPI": { "items": [authority] } },
        ] },
    })
}

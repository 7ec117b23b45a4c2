//! How a task that has children proves who it is: a token of its service account, for the control plane only, that the kubelet
//! renews and nobody stores.

use dataplane_api::manifests::CONTROL_PLANE_TOKEN_FILE;
use k8s_openapi::api::core::v1::{
    EnvVar, PodSpec, ProjectedVolumeSource, ServiceAccountTokenProjection, Volume, VolumeMount,
    VolumeProjection,
};

use super::{Attempt, BuildError, environment};

const VOLUME: &str = "dataplane-control-plane-token";
/// The kubelet renews it when four fifths are over.
const LIFETIME_SECONDS: i64 = 3600;

/// Variables by which a task may bring credentials of its own; one of them is enough for us to keep out.
const OTHER_CREDENTIALS: [&str; 6] = [
    "_UNION_EAGER_API_KEY",
    "EAGER_API_KEY",
    "FLYTE_AUTH_TYPE",
    "FLYTE_ADMIN_AUTHTYPE",
    "UCTL_CONFIG",
    "FLYTECTL_CONFIG",
];

/// Mounts the token into the primary container, when the SDK runs there, and tells the SDK where it is.
pub(super) fn mount(
    spec: &mut PodSpec,
    primary: &str,
    attempt: &Attempt<'_>,
) -> Result<(), BuildError> {
    if !attempt.template.runs_sdk {
        return Ok(());
    }
    let Some(container) = spec
        .containers
        .iter_mut()
        .find(|container| container.name == primary)
    else {
        return Ok(());
    };
    let environment = container.env.get_or_insert_default();
    if brings_credentials(environment, attempt) {
        return Ok(());
    }
    let (directory, file) = CONTROL_PLANE_TOKEN_FILE
        .rsplit_once('/')
        .unwrap_or(("", CONTROL_PLANE_TOKEN_FILE));
    let mounts = container.volume_mounts.get_or_insert_default();
    let volumes = spec.volumes.get_or_insert_default();
    if volumes.iter().any(|volume| volume.name == VOLUME)
        || mounts.iter().any(|mount| mount.mount_path == directory)
    {
        return Err(BuildError::Invalid(format!(
            "the pod template has a volume {VOLUME:?} or something mounted at {directory}, where the token for the control plane \
             goes"
        )));
    }
    environment.push(environment::text("FLYTE_AUTH_TYPE", "ExternalCommand"));
    environment.push(environment::text("FLYTE_AUTH_COMMAND", command()));
    mounts.push(VolumeMount {
        name: VOLUME.to_owned(),
        mount_path: directory.to_owned(),
        read_only: Some(true),
        ..VolumeMount::default()
    });
    volumes.push(Volume {
        name: VOLUME.to_owned(),
        projected: Some(ProjectedVolumeSource {
            sources: Some(vec![VolumeProjection {
                service_account_token: Some(ServiceAccountTokenProjection {
                    audience: Some(attempt.settings.control_plane.token_audience()),
                    expiration_seconds: Some(LIFETIME_SECONDS),
                    path: file.to_owned(),
                }),
                ..VolumeProjection::default()
            }]),
            ..ProjectedVolumeSource::default()
        }),
        ..Volume::default()
    });
    Ok(())
}

fn brings_credentials(environment: &[EnvVar], attempt: &Attempt<'_>) -> bool {
    let injected = |name: &str| {
        attempt
            .template
            .secrets
            .iter()
            .any(|secret| secret.env_var == name)
    };
    OTHER_CREDENTIALS
        .iter()
        .any(|name| environment::has(environment, name) || injected(name))
}

/// Prints the token. It is Python's since an image in which the SDK runs has Python, and need not have a shell or `cat`.
fn command() -> String {
    let program = format!("print(open('{CONTROL_PLANE_TOKEN_FILE}').read())");
    serde_json::json!(["python3", "-ISc", program]).to_string()
}

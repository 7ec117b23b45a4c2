//! Credentials of Google Cloud for pods of clusters that are not GKE's: a token of theirs, and how it is exchanged. Neither is a secret
//! that lasts.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::core::v1::{
        ConfigMap, ConfigMapProjection, Container, EnvVar, KeyToPath, PodSpec,
        ProjectedVolumeSource, ServiceAccountTokenProjection, Volume, VolumeMount,
        VolumeProjection,
    },
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};

use super::Object;
use crate::{identity::Identity, permissions::Profile, workload_provider::WorkloadProvider};

/// Where the files are in a pod, and the variable by which Google's client libraries find the first.
const DIRECTORY: &str = "/var/run/secrets/google";
const VARIABLE: &str = "GOOGLE_APPLICATION_CREDENTIALS";
const CREDENTIALS: &str = "credentials.json";
const TOKEN: &str = "token";
const TOKEN_LIFETIME_SECONDS: i64 = 3600;

/// The `ConfigMap` of a workspace, whose pods all have one role.
pub const CONFIG_MAP: &str = "google-credentials";

/// The `ConfigMap` of the operator's components that have this role.
pub(super) fn of_profile(profile: Profile) -> String {
    format!("{CONFIG_MAP}-{}", profile.to_string().replace('_', "-"))
}

/// How the token is exchanged; none with identities that need no such thing.
pub(super) fn config_map(metadata: ObjectMeta, identity: &Identity) -> Option<Object> {
    let Identity::Google {
        provider,
        service_account,
        ..
    } = identity
    else {
        return None;
    };
    let token = format!("{DIRECTORY}/{TOKEN}");
    let credentials = provider.credentials(&token, service_account.as_ref());
    let data = BTreeMap::from([(CREDENTIALS.to_owned(), format!("{credentials:#}\n"))]);
    Some(Object::of(&ConfigMap {
        metadata,
        data: Some(data),
        ..ConfigMap::default()
    }))
}

/// Gives all containers of a pod what the `ConfigMap` of this name and a token of the pod's service account make up. With identities
/// that need no such thing the pod stays as it is, as does one that has its own volume of this name, and a container that says
/// itself where its credentials are.
pub fn give(pod: &mut PodSpec, config_map: &str, identity: &Identity) {
    let Identity::Google {
        provider, audience, ..
    } = identity
    else {
        return;
    };
    let volumes = pod.volumes.get_or_insert_default();
    if volumes.iter().any(|volume| volume.name == CONFIG_MAP) {
        return;
    }
    volumes.push(volume(config_map, provider, audience.as_deref()));
    let init = pod.init_containers.iter_mut().flatten();
    for container in pod.containers.iter_mut().chain(init) {
        point(container);
    }
}

fn volume(config_map: &str, provider: &WorkloadProvider, audience: Option<&str>) -> Volume {
    let token = ServiceAccountTokenProjection {
        audience: Some(audience.map_or_else(|| provider.audience(), str::to_owned)),
        expiration_seconds: Some(TOKEN_LIFETIME_SECONDS),
        path: TOKEN.to_owned(),
    };
    let credentials = ConfigMapProjection {
        name: config_map.to_owned(),
        items: Some(vec![KeyToPath {
            key: CREDENTIALS.to_owned(),
            path: CREDENTIALS.to_owned(),
            ..KeyToPath::default()
        }]),
        // A task's namespace may have none: a client library then says which file is missing, a pod that waits says nothing.
        optional: (config_map == CONFIG_MAP).then_some(true),
    };
    Volume {
        name: CONFIG_MAP.to_owned(),
        projected: Some(ProjectedVolumeSource {
            sources: Some(vec![
                VolumeProjection {
                    service_account_token: Some(token),
                    ..VolumeProjection::default()
                },
                VolumeProjection {
                    config_map: Some(credentials),
                    ..VolumeProjection::default()
                },
            ]),
            ..ProjectedVolumeSource::default()
        }),
        ..Volume::default()
    }
}

fn point(container: &mut Container) {
    let environment = container.env.get_or_insert_default();
    if environment.iter().any(|known| known.name == VARIABLE) {
        return;
    }
    environment.push(EnvVar {
        name: VARIABLE.to_owned(),
        value: Some(format!("{DIRECTORY}/{CREDENTIALS}")),
        ..EnvVar::default()
    });
    container
        .volume_mounts
        .get_or_insert_default()
        .push(VolumeMount {
            name: CONFIG_MAP.to_owned(),
            mount_path: DIRECTORY.to_owned(),
            read_only: Some(true),
            ..VolumeMount::default()
        });
}

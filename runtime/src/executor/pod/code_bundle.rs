//! A task's code, fetched before the task begins through a URL that was signed for it, so that the user role needs no right to the
//! bucket of the code. `docs/design/0007` argues the way that the URL takes.
//!
//! The SDK hands the place of its own code on to the tasks that it starts. So the file's path says which object it is of, and is
//! read back into the object's URI in the templates of those tasks.

use dataplane_api::{config::CodeBundles, object_uri::ObjectUri};
use k8s_openapi::{
    ByteString,
    api::core::v1::{
        Capabilities, Container, EmptyDirVolumeSource, KeyToPath, PodSpec, ResourceRequirements,
        Secret, SecretVolumeSource, SecurityContext, Volume, VolumeMount,
    },
    apimachinery::pkg::{api::resource::Quantity, apis::meta::v1::ObjectMeta},
};

use sha2::{Digest, Sha256};

use super::{Attempt, BuildError, metadata};
use crate::executor::ownership;

/// The container that fetches the code.
pub const CONTAINER: &str = "dataplane-fetch-code";

/// Arguments behind which the SDK says where its code is.
const FLAGS: [&str; 2] = ["--tgz", "--pkl"];
/// Where fetched code is; what follows is the object's URI.
const FILES: &str = "/var/run/dataplane/code";
const VOLUME: &str = "dataplane-code";
const URL_VOLUME: &str = "dataplane-code-url";
const URL_DIRECTORY: &str = "/var/run/secrets/dataplane/code";
const URL_KEY: &str = "url";
/// User of our image.
const USER: i64 = 65532;

/// The Secret that an attempt's pod waits for. It goes with the action, and the URL in it stops to work long before. Its name has
/// a part that is the URL's own, so that it need never be replaced: who may only make Secrets can read and change none.
pub(super) fn secret(attempt: &Attempt<'_>, url: &str) -> Secret {
    let digest = Sha256::digest(url.as_bytes());
    let own = u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]);
    Secret {
        metadata: ObjectMeta {
            name: Some(format!("{}-code-{own:08x}", attempt.pod_name())),
            namespace: Some(attempt.action.namespace.clone()),
            labels: Some([(metadata::MANAGED_LABEL.to_owned(), "true".to_owned())].into()),
            owner_references: Some(vec![metadata::owner(attempt)]),
            ..ObjectMeta::default()
        },
        type_: Some("Opaque".to_owned()),
        immutable: Some(true),
        data: Some([(URL_KEY.to_owned(), ByteString(url.as_bytes().to_vec()))].into()),
        ..Secret::default()
    }
}

/// The code of an attempt, when it is to be fetched by a signed URL.
pub(super) fn to_sign(
    arguments: &[String],
    attempt: &Attempt<'_>,
) -> Result<Option<ObjectUri>, BuildError> {
    if attempt.settings.executor.code_bundles != CodeBundles::Signed {
        return Ok(None);
    }
    let Some(position) = position(arguments) else {
        return Ok(None);
    };
    let uri = uri(&arguments[position])?;
    check(&uri, attempt)?;
    Ok(Some(uri))
}

/// Says where the code is, and lets it be fetched when a signed URL is to be used.
pub(super) fn deliver(
    spec: &mut PodSpec,
    primary: &str,
    attempt: &Attempt<'_>,
) -> Result<(), BuildError> {
    let Some(container) = spec.containers.iter_mut().find(|c| c.name == primary) else {
        return Ok(());
    };
    let Some(arguments) = &mut container.args else {
        return Ok(());
    };
    let Some(position) = position(arguments) else {
        return Ok(());
    };
    let Some(uri) = to_sign(arguments, attempt)? else {
        if arguments[position].starts_with(FILES) {
            arguments[position] = uri(&arguments[position])?.to_string();
        }
        return Ok(());
    };
    let secret = attempt.given.code_secret.ok_or_else(|| {
        BuildError::Invalid(format!("no URL was signed for the task's code at {uri}"))
    })?;
    let file = file(&uri);
    let directory = file
        .rsplit_once('/')
        .map_or(FILES, |(directory, _)| directory);
    let mounts = container.volume_mounts.get_or_insert_default();
    let volumes = spec.volumes.get_or_insert_default();
    let taken = |name: &str| volumes.iter().any(|volume| volume.name == name);
    if taken(VOLUME) || taken(URL_VOLUME) {
        return Err(BuildError::Invalid(format!(
            "the pod template has a volume {VOLUME:?} or {URL_VOLUME:?}, which the executor needs for the task's code"
        )));
    }
    volumes.push(Volume {
        name: VOLUME.to_owned(),
        empty_dir: Some(EmptyDirVolumeSource::default()),
        ..Volume::default()
    });
    volumes.push(Volume {
        name: URL_VOLUME.to_owned(),
        secret: Some(SecretVolumeSource {
            secret_name: Some(secret.to_owned()),
            items: Some(vec![KeyToPath {
                key: URL_KEY.to_owned(),
                path: URL_KEY.to_owned(),
                mode: None,
            }]),
            ..SecretVolumeSource::default()
        }),
        ..Volume::default()
    });
    mounts.push(VolumeMount {
        read_only: Some(true),
        ..mount(VOLUME, directory)
    });
    let fetcher = fetcher(attempt, &file, directory);
    arguments[position].clone_from(&file);
    spec.init_containers
        .get_or_insert_default()
        .insert(0, fetcher);
    Ok(())
}

fn fetcher(attempt: &Attempt<'_>, file: &str, directory: &str) -> Container {
    let amounts = |cpu: &str, memory: &str| {
        Some(
            [("cpu", cpu), ("memory", memory)]
                .map(|(name, amount)| (name.to_owned(), Quantity(amount.to_owned())))
                .into(),
        )
    };
    Container {
        name: CONTAINER.to_owned(),
        image: Some(attempt.settings.image.to_string()),
        args: Some(
            [
                "fetch-bundle",
                "--url-file",
                &format!("{URL_DIRECTORY}/{URL_KEY}"),
                "--output",
                file,
            ]
            .map(str::to_owned)
            .to_vec(),
        ),
        resources: Some(ResourceRequirements {
            requests: amounts("50m", "32Mi"),
            limits: amounts("1", "128Mi"),
            claims: None,
        }),
        security_context: Some(SecurityContext {
            allow_privilege_escalation: Some(false),
            capabilities: Some(Capabilities {
                drop: Some(vec!["ALL".to_owned()]),
                add: None,
            }),
            read_only_root_filesystem: Some(true),
            run_as_non_root: Some(true),
            run_as_user: Some(USER),
            run_as_group: Some(USER),
            ..SecurityContext::default()
        }),
        termination_message_policy: Some("FallbackToLogsOnError".to_owned()),
        volume_mounts: Some(vec![
            mount(VOLUME, directory),
            VolumeMount {
                read_only: Some(true),
                ..mount(URL_VOLUME, URL_DIRECTORY)
            },
        ]),
        ..Container::default()
    }
}

fn mount(volume: &str, path: &str) -> VolumeMount {
    VolumeMount {
        name: volume.to_owned(),
        mount_path: path.to_owned(),
        ..VolumeMount::default()
    }
}

/// Where in the arguments the place of the code is.
fn position(arguments: &[String]) -> Option<usize> {
    let flag = arguments
        .iter()
        .position(|argument| FLAGS.contains(&argument.as_str()))?;
    (flag + 1 < arguments.len()).then_some(flag + 1)
}

/// The object of an argument, which may be the path of a parent's file.
fn uri(argument: &str) -> Result<ObjectUri, BuildError> {
    let invalid = |problem: &str| {
        BuildError::Invalid(format!(
            "the task's code is at {argument:?}, which is no place in an object store: {problem}"
        ))
    };
    let text = match argument.strip_prefix(FILES) {
        Some(path) => path
            .trim_start_matches('/')
            .split_once('/')
            .map(|(scheme, rest)| format!("{scheme}://{rest}"))
            .ok_or_else(|| invalid("the path names no object"))?,
        None => argument.to_owned(),
    };
    text.parse()
        .map_err(|error: dataplane_api::Invalid| invalid(&error.to_string()))
}

fn file(uri: &ObjectUri) -> String {
    format!("{FILES}/{}", uri.to_string().replacen("://", "/", 1))
}

/// A template is written by a user, and the URL is signed with the platform's rights: so only code of the task's own project and
/// domain is signed for, in the buckets of this data plane.
fn check(uri: &ObjectUri, attempt: &Attempt<'_>) -> Result<(), BuildError> {
    let storage = &attempt.settings.storage;
    let in_bucket = [&storage.fast_registration, &storage.metadata]
        .into_iter()
        .any(|ours| {
            (ours.cloud(), ours.bucket(), ours.account())
                == (uri.cloud(), uri.bucket(), uri.account())
        });
    let id = &attempt.action.id;
    let roots = [&storage.fast_registration, &storage.metadata];
    if in_bucket && ownership::is_own(uri, id, storage.layout, &roots) {
        Ok(())
    } else {
        let (project, domain) = (&id.project, &id.domain);
        Err(BuildError::Invalid(format!(
            "the task's code is at {uri}; a URL is signed only for code in {} or {} under {project}/{domain}/",
            storage.fast_registration, storage.metadata
        )))
    }
}

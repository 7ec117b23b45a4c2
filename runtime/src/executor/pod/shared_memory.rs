//! Memory that the processes of a task share.

use dataplane_api::quantity::Quantity;
use dataplane_proto::flyteidl2::core::SharedMemory;
use k8s_openapi::{
    api::core::v1::{EmptyDirVolumeSource, PodSpec, Volume, VolumeMount},
    apimachinery::pkg::api::resource::Quantity as Written,
};

use super::BuildError;

/// Mounts a file system of memory into the primary container.
pub(super) fn mount(
    spec: &mut PodSpec,
    primary: &str,
    asked: Option<&SharedMemory>,
) -> Result<(), BuildError> {
    let Some(SharedMemory {
        mount_path,
        mount_name,
        size_limit,
    }) = asked
    else {
        return Ok(());
    };
    if mount_path.is_empty() || mount_name.is_empty() {
        return invalid("has no mount path or no name");
    }
    let size_limit = match size_limit.as_str() {
        "" => None,
        text => Some(
            text.parse::<Quantity>()
                .or_else(|error| invalid(&format!("has a size limit that is none: {error}")))?,
        ),
    };
    if spec
        .volumes
        .iter()
        .flatten()
        .any(|volume| volume.name == *mount_name)
    {
        return invalid(&format!("has the name of another volume, {mount_name:?}"));
    }
    let container = spec
        .containers
        .iter_mut()
        .find(|container| container.name == primary);
    let Some(container) = container else {
        return invalid("has no container to be in");
    };
    let mounts = container.volume_mounts.get_or_insert_default();
    if mounts.iter().any(|mount| mount.mount_path == *mount_path) {
        return invalid(&format!(
            "would be at {mount_path}, where there is another volume"
        ));
    }
    mounts.push(VolumeMount {
        name: mount_name.clone(),
        mount_path: mount_path.clone(),
        ..VolumeMount::default()
    });
    spec.volumes.get_or_insert_default().push(Volume {
        name: mount_name.clone(),
        empty_dir: Some(EmptyDirVolumeSource {
            medium: Some("Memory".to_owned()),
            size_limit: size_limit.map(|size| Written(size.to_string())),
        }),
        ..Volume::default()
    });
    Ok(())
}

fn invalid<T>(problem: &str) -> Result<T, BuildError> {
    Err(BuildError::Invalid(format!(
        "the task's shared memory {problem}"
    )))
}

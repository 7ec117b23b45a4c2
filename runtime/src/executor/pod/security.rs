//! What a pod's processes may do, where the template does not say it.

use k8s_openapi::api::core::v1::{
    Container, PodSecurityContext, PodSpec, SeccompProfile, SecurityContext,
};

/// Hardens as far as images that were made for Flyte go on to work: they may run as root and write to their file system, but no
/// process gains rights that the container does not begin with, and no system call outside the runtime's own profile is let
/// through. What the template says goes before.
pub(super) fn harden(spec: &mut PodSpec) {
    spec.security_context
        .get_or_insert_with(PodSecurityContext::default)
        .seccomp_profile
        .get_or_insert_with(|| SeccompProfile {
            type_: "RuntimeDefault".to_owned(),
            localhost_profile: None,
        });
    for container in spec
        .containers
        .iter_mut()
        .chain(spec.init_containers.iter_mut().flatten())
    {
        harden_container(container);
    }
}

fn harden_container(container: &mut Container) {
    let context = container
        .security_context
        .get_or_insert_with(SecurityContext::default);
    // The API server refuses `false` together with either of them.
    let needs_rights = context.privileged == Some(true)
        || context
            .capabilities
            .iter()
            .flat_map(|capabilities| capabilities.add.iter().flatten())
            .any(|capability| matches!(capability.as_str(), "SYS_ADMIN" | "CAP_SYS_ADMIN"));
    if !needs_rights {
        context.allow_privilege_escalation.get_or_insert(false);
    }
}

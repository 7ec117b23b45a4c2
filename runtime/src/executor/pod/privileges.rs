//! What a pod template may not ask for unless the settings allow it: what Pod Security's level `baseline` forbids, and the
//! priority of the platform's own pods, and nodes by their names.
//!
//! The label of the namespace says the same, but is not on every namespace, and priorities and nodes are not its matter.

use std::collections::BTreeMap;

use dataplane_api::config::PodPrivilege;
use k8s_openapi::api::core::v1::{
    AppArmorProfile, Container, LifecycleHandler, PodSpec, Probe, SELinuxOptions, SeccompProfile,
    WindowsSecurityContextOptions,
};

use super::BuildError;

/// Prefix of the annotations that choose an `AppArmor` profile for a container.
const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";
/// Prefix of the priority classes that Kubernetes has for its own pods.
const SYSTEM_PRIORITY: &str = "system-";
/// Seconds that a pod may take to end.
const LONGEST_GRACE: i64 = 3600;
/// What runtimes give a container anyway.
const CAPABILITIES: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];
/// Kernel parameters that concern the pod alone.
const SAFE_SYSCTLS: [&str; 12] = [
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.tcp_wmem",
];
const SE_LINUX_TYPES: [&str; 5] = [
    "",
    "container_t",
    "container_init_t",
    "container_kvm_t",
    "container_engine_t",
];

/// What a pod asks for beyond what every pod may, and where it does.
#[derive(Default)]
struct Asked(Vec<(PodPrivilege, String)>);

/// Refuses a pod that asks for what is not allowed.
pub(super) fn check(
    spec: &PodSpec,
    annotations: Option<&BTreeMap<String, String>>,
    allowed: &[PodPrivilege],
) -> Result<(), BuildError> {
    if spec
        .ephemeral_containers
        .as_ref()
        .is_some_and(|containers| !containers.is_empty())
    {
        return Err(BuildError::Invalid(
            "the pod template has spec.ephemeralContainers, which no new pod may have; make them ordinary containers"
                .to_owned(),
        ));
    }
    let grace = spec.termination_grace_period_seconds.unwrap_or_default();
    if grace > LONGEST_GRACE {
        // Whoever deletes the pod, it would run on for so long: after an abort, a timeout, and with the next attempt waiting.
        return Err(BuildError::Invalid(format!(
            "the pod template has spec.terminationGracePeriodSeconds of {grace}; at most {LONGEST_GRACE} are allowed"
        )));
    }
    if let Some(index) = spec
        .volumes
        .iter()
        .flatten()
        .position(|volume| volume.git_repo.is_some())
    {
        return Err(BuildError::Invalid(format!(
            "the pod template has spec.volumes[{index}].gitRepo, for which the node runs git itself; clone in an init container"
        )));
    }
    let mut asked = Asked::default();
    asked.by_pod(spec);
    for (list, containers) in [
        ("containers", Some(&spec.containers)),
        ("initContainers", spec.init_containers.as_ref()),
    ] {
        for (index, container) in containers.into_iter().flatten().enumerate() {
            asked.by_container(&format!("spec.{list}[{index}]"), container);
        }
    }
    for (name, profile) in annotations.into_iter().flatten() {
        let confined = profile == "runtime/default" || profile.starts_with("localhost/");
        asked.note(
            PodPrivilege::UnconfinedProfiles,
            name.starts_with(APP_ARMOR) && !confined,
            || format!("metadata.annotations[{name}]"),
        );
    }
    match asked
        .0
        .into_iter()
        .find(|(privilege, _)| !allowed.contains(privilege))
    {
        None => Ok(()),
        Some((privilege, path)) => Err(BuildError::Invalid(format!(
            "the pod template asks for {path}, which tasks of this data plane may not have; leave it out, or let the operator's \
             setting executor.pod_privileges contain \"{privilege}\""
        ))),
    }
}

impl Asked {
    fn note(&mut self, privilege: PodPrivilege, asks: bool, path: impl FnOnce() -> String) {
        if asks {
            self.0.push((privilege, path()));
        }
    }

    fn by_pod(&mut self, spec: &PodSpec) {
        for (privilege, field, asks) in [
            (PodPrivilege::HostNetwork, "hostNetwork", spec.host_network),
            (PodPrivilege::HostPid, "hostPID", spec.host_pid),
            (PodPrivilege::HostIpc, "hostIPC", spec.host_ipc),
        ] {
            self.note(privilege, asks == Some(true), || format!("spec.{field}"));
        }
        for (index, volume) in spec.volumes.iter().flatten().enumerate() {
            let asks = volume.host_path.is_some();
            self.note(PodPrivilege::HostPath, asks, || {
                format!("spec.volumes[{index}].hostPath")
            });
        }
        let named = spec.node_name.as_ref().is_some_and(|name| !name.is_empty());
        self.note(PodPrivilege::NodeName, named, || "spec.nodeName".to_owned());
        let system = spec
            .priority_class_name
            .as_ref()
            .is_some_and(|class| class.starts_with(SYSTEM_PRIORITY));
        self.note(PodPrivilege::SystemPriority, system, || {
            "spec.priorityClassName".to_owned()
        });
        let Some(context) = &spec.security_context else {
            return;
        };
        let path = "spec.securityContext";
        for (index, sysctl) in context.sysctls.iter().flatten().enumerate() {
            // Both ways of writing it are taken by the kubelet.
            let name = sysctl.name.replace('/', ".");
            let asks = !SAFE_SYSCTLS.contains(&name.as_str());
            self.note(PodPrivilege::UnsafeSysctls, asks, || {
                format!("{path}.sysctls[{index}]")
            });
        }
        self.by_profiles(
            path,
            context.seccomp_profile.as_ref(),
            context.app_armor_profile.as_ref(),
            context.se_linux_options.as_ref(),
        );
        self.by_windows(path, context.windows_options.as_ref());
    }

    fn by_container(&mut self, path: &str, container: &Container) {
        for (index, port) in container.ports.iter().flatten().enumerate() {
            let asks = port.host_port.is_some_and(|port| port != 0);
            self.note(PodPrivilege::HostNetwork, asks, || {
                format!("{path}.ports[{index}].hostPort")
            });
        }
        for (field, probe) in [
            ("livenessProbe", &container.liveness_probe),
            ("readinessProbe", &container.readiness_probe),
            ("startupProbe", &container.startup_probe),
        ] {
            let asks = probe.as_ref().is_some_and(names_host);
            self.note(PodPrivilege::HostNetwork, asks, || {
                format!("{path}.{field} with a host")
            });
        }
        let lifecycle = container.lifecycle.as_ref();
        for (field, handler) in [
            ("postStart", lifecycle.and_then(|l| l.post_start.as_ref())),
            ("preStop", lifecycle.and_then(|l| l.pre_stop.as_ref())),
        ] {
            let asks = handler.is_some_and(handler_names_host);
            self.note(PodPrivilege::HostNetwork, asks, || {
                format!("{path}.lifecycle.{field} with a host")
            });
        }
        let Some(context) = &container.security_context else {
            return;
        };
        let path = format!("{path}.securityContext");
        let privileged = context.privileged == Some(true);
        self.note(PodPrivilege::Privileged, privileged, || {
            format!("{path}.privileged")
        });
        let added = context
            .capabilities
            .iter()
            .flat_map(|capabilities| capabilities.add.iter().flatten());
        for capability in added {
            let asks = !CAPABILITIES.contains(&capability.as_str());
            self.note(PodPrivilege::Capabilities, asks, || {
                format!("{path}.capabilities.add of {capability}")
            });
        }
        let unmasked = context
            .proc_mount
            .as_ref()
            .is_some_and(|mount| mount != "Default");
        self.note(PodPrivilege::UnconfinedProfiles, unmasked, || {
            format!("{path}.procMount")
        });
        self.by_profiles(
            &path,
            context.seccomp_profile.as_ref(),
            context.app_armor_profile.as_ref(),
            context.se_linux_options.as_ref(),
        );
        self.by_windows(&path, context.windows_options.as_ref());
    }

    fn by_profiles(
        &mut self,
        path: &str,
        seccomp: Option<&SeccompProfile>,
        app_armor: Option<&AppArmorProfile>,
        se_linux: Option<&SELinuxOptions>,
    ) {
        let privilege = PodPrivilege::UnconfinedProfiles;
        let confined = |kind: &str| matches!(kind, "RuntimeDefault" | "Localhost");
        let asks = seccomp.is_some_and(|profile| !confined(&profile.type_));
        self.note(privilege, asks, || format!("{path}.seccompProfile"));
        let asks = app_armor.is_some_and(|profile| !confined(&profile.type_));
        self.note(privilege, asks, || format!("{path}.appArmorProfile"));
        let asks = se_linux.is_some_and(|options| {
            let kind = options.type_.as_deref().unwrap_or_default();
            let named = |name: &Option<String>| name.as_ref().is_some_and(|name| !name.is_empty());
            !SE_LINUX_TYPES.contains(&kind) || named(&options.user) || named(&options.role)
        });
        self.note(privilege, asks, || format!("{path}.seLinuxOptions"));
    }

    fn by_windows(&mut self, path: &str, options: Option<&WindowsSecurityContextOptions>) {
        let asks = options.is_some_and(|options| options.host_process == Some(true));
        self.note(PodPrivilege::Privileged, asks, || {
            format!("{path}.windowsOptions.hostProcess")
        });
    }
}

/// Probes are made by the node, which reaches more than the pod.
fn names_host(probe: &Probe) -> bool {
    let http = probe.http_get.as_ref().and_then(|get| get.host.as_ref());
    let tcp = probe.tcp_socket.as_ref().and_then(|tcp| tcp.host.as_ref());
    http.into_iter().chain(tcp).any(|host| !host.is_empty())
}

fn handler_names_host(handler: &LifecycleHandler) -> bool {
    let http = handler.http_get.as_ref().and_then(|get| get.host.as_ref());
    let tcp = handler
        .tcp_socket
        .as_ref()
        .and_then(|tcp| tcp.host.as_ref());
    http.into_iter().chain(tcp).any(|host| !host.is_empty())
}

#[cfg(test)]
mod tests;

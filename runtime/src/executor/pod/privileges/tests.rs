//! Pods that ask for more than a task may have, and pods that do not.

use serde_json::{Value, json};

use super::*;

/// What a pod is refused for.
fn refused(pod: &Value, allowed: &[PodPrivilege]) -> Option<String> {
    let mut spec = json!({ "containers": [{ "name": "main" }] });
    extend(&mut spec, pod);
    let spec: PodSpec = serde_json::from_value(spec).unwrap();
    let error = check(&spec, None, allowed).err()?;
    Some(error.to_string())
}

fn extend(object: &mut Value, more: &Value) {
    let more = more.as_object().unwrap().clone();
    object.as_object_mut().unwrap().extend(more);
}

/// A pod whose second container is this.
fn with(container: &Value) -> Value {
    let mut second = json!({ "name": "main" });
    extend(&mut second, container);
    json!({ "containers": [{ "name": "side" }, second] })
}

/// A pod whose second container has this security context.
fn secured(context: &Value) -> Value {
    with(&json!({ "securityContext": context }))
}

#[track_caller]
fn needs(privilege: PodPrivilege, path: &str, pod: &Value) {
    let sentence = refused(pod, &[]).unwrap_or_default();
    assert!(
        sentence.contains(path) && sentence.contains(privilege.as_str()),
        "{path}: {sentence}"
    );
    let others: Vec<PodPrivilege> = PodPrivilege::ALL
        .into_iter()
        .filter(|other| *other != privilege)
        .collect();
    assert!(refused(pod, &others).is_some(), "{path}");
    assert_eq!(refused(pod, &[privilege]), None);
}

#[test]
fn a_pod_that_reaches_its_node_is_refused_unless_that_is_allowed() {
    use PodPrivilege::{HostIpc, HostNetwork, HostPath, HostPid, NodeName, SystemPriority};
    let network = json!({ "hostNetwork": true });
    needs(HostNetwork, "spec.hostNetwork", &network);
    needs(HostPid, "spec.hostPID", &json!({ "hostPID": true }));
    needs(HostIpc, "spec.hostIPC", &json!({ "hostIPC": true }));
    let files = json!({ "volumes": [
        { "name": "a", "emptyDir": {} },
        { "name": "b", "hostPath": { "path": "/" } },
    ] });
    needs(HostPath, "spec.volumes[1].hostPath", &files);
    let critical = json!({ "priorityClassName": "system-node-critical" });
    needs(SystemPriority, "spec.priorityClassName", &critical);
    let node = json!({ "nodeName": "control-plane-1" });
    needs(NodeName, "spec.nodeName", &node);

    let port = with(&json!({ "ports": [{ "containerPort": 1, "hostPort": 80 }] }));
    needs(HostNetwork, "spec.containers[1].ports[0].hostPort", &port);
    let metadata = json!({ "httpGet": { "host": "169.254.169.254", "port": 80 } });
    let probe = with(&json!({ "livenessProbe": metadata }));
    needs(HostNetwork, "spec.containers[1].livenessProbe", &probe);
    let other = json!({ "preStop": { "tcpSocket": { "host": "10.0.0.1", "port": 80 } } });
    let hook = with(&json!({ "lifecycle": other }));
    needs(HostNetwork, "spec.containers[1].lifecycle.preStop", &hook);
}

#[test]
fn a_container_that_is_none_is_refused_unless_that_is_allowed() {
    use PodPrivilege::{Capabilities, Privileged, UnconfinedProfiles, UnsafeSysctls};
    let privileged = json!({ "privileged": true });
    let path = "spec.containers[1].securityContext.privileged";
    needs(Privileged, path, &secured(&privileged));
    let init = json!({ "initContainers": [{ "name": "i", "securityContext": privileged }] });
    let path = "spec.initContainers[0].securityContext.privileged";
    needs(Privileged, path, &init);
    let windows = secured(&json!({ "windowsOptions": { "hostProcess": true } }));
    needs(Privileged, "windowsOptions.hostProcess", &windows);
    for capability in ["SYS_ADMIN", "ALL"] {
        let added = secured(&json!({ "capabilities": { "add": ["CHOWN", capability] } }));
        let path = format!("capabilities.add of {capability}");
        needs(Capabilities, &path, &added);
    }
    for (field, value) in [
        ("procMount", json!("Unmasked")),
        ("seccompProfile", json!({ "type": "Unconfined" })),
        ("appArmorProfile", json!({ "type": "Unconfined" })),
        ("seLinuxOptions", json!({ "type": "spc_t" })),
    ] {
        let path = format!("spec.containers[1].securityContext.{field}");
        needs(
            UnconfinedProfiles,
            &path,
            &secured(&json!({ field: value })),
        );
    }
    let whole = json!({ "securityContext": { "seccompProfile": { "type": "Unconfined" } } });
    let path = "spec.securityContext.seccompProfile";
    needs(UnconfinedProfiles, path, &whole);
    let sysctls = json!([{ "name": "kernel/msgmax", "value": "1" }]);
    let kernel = json!({ "securityContext": { "sysctls": sysctls } });
    needs(UnsafeSysctls, "spec.securityContext.sysctls[0]", &kernel);
}

#[test]
fn what_tasks_need_is_left_alone() {
    for pod in [
        json!({ "hostNetwork": false, "volumes": [{ "name": "shm", "emptyDir": { "medium": "Memory" } }] }),
        json!({ "priorityClassName": "batch", "securityContext": {
            "runAsUser": 0,
            "seccompProfile": { "type": "Localhost" },
            "sysctls": [{ "name": "net/ipv4/tcp_rmem", "value": "1" }],
        } }),
        with(&json!({
            "ports": [{ "containerPort": 1 }],
            "readinessProbe": { "httpGet": { "port": 80 } },
            "resources": { "limits": { "nvidia.com/gpu": "8" } },
        })),
        secured(&json!({
            "privileged": false,
            "capabilities": { "add": ["NET_BIND_SERVICE"], "drop": ["ALL"] },
            "seLinuxOptions": { "type": "container_t" },
        })),
    ] {
        assert_eq!(refused(&pod, &[]), None);
    }
}

#[test]
fn an_annotation_may_not_take_a_profile_away() {
    let check = |profile: &str| {
        let annotations = [(format!("{APP_ARMOR}main"), profile.to_owned())].into();
        check(&PodSpec::default(), Some(&annotations), &[])
    };
    check("runtime/default").unwrap();
    check("localhost/mine").unwrap();
    let error = check("unconfined").unwrap_err();
    assert!(error.to_string().contains(APP_ARMOR), "{error}");
}

#[test]
fn a_pod_that_would_not_end_or_lets_the_node_work_is_refused() {
    let grace = |seconds: i64| json!({ "terminationGracePeriodSeconds": seconds });
    assert_eq!(refused(&grace(3600), &[]), None);
    let sentence = refused(&grace(1_000_000_000), &PodPrivilege::ALL).unwrap();
    assert!(
        sentence.contains("spec.terminationGracePeriodSeconds of 1000000000"),
        "{sentence}"
    );
    let volume = json!({ "volumes": [{ "name": "v", "gitRepo": { "repository": "https://x" } }] });
    let sentence = refused(&volume, &PodPrivilege::ALL).unwrap();
    assert!(sentence.contains("spec.volumes[0].gitRepo"), "{sentence}");
}

#[test]
fn a_container_that_no_new_pod_may_have_is_refused() {
    let pod = json!({ "ephemeralContainers": [{ "name": "debug" }] });
    let sentence = refused(&pod, &PodPrivilege::ALL).unwrap();
    assert!(sentence.contains("spec.ephemeralContainers"), "{sentence}");
}

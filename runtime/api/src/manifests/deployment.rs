//! The Deployment of a component: a mode of the operator's image under Pod Security "restricted".

use std::collections::BTreeMap;

use k8s_openapi::{
    api::{
        apps::v1::{Deployment, DeploymentSpec, DeploymentStrategy, RollingUpdateDeployment},
        core::v1::{
            Capabilities, ConfigMapVolumeSource, Container, ContainerPort, EnvVar, EnvVarSource,
            HTTPGetAction, LocalObjectReference, ObjectFieldSelector, PodSecurityContext, PodSpec,
            PodTemplateSpec, Probe, ProjectedVolumeSource, ResourceRequirements, SeccompProfile,
            SecurityContext, ServiceAccountTokenProjection, TopologySpreadConstraint, Volume,
            VolumeMount, VolumeProjection,
        },
    },
    apimachinery::pkg::{
        api::resource::Quantity as ApiQuantity,
        apis::meta::v1::{LabelSelector, ObjectMeta},
        util::intstr::IntOrString,
    },
};

use super::{
    Object, Running, google_credentials, object,
    settings::{self, ADMIN_PORT, CONFIG_FILE, CONFIG_KEY, CONFIG_MAP, CONTROL_PLANE_TOKEN_FILE},
};
use crate::{OperatorConfig, components::Peer, config::Toleration, identity::Identity, labels};

/// The user of the image: "nonroot" of the distroless images.
const USER: i64 = 65532;
/// How long a pod may take to end; the operator's own shutdown takes less.
const GRACE_SECONDS: i64 = 30;
const TOKEN_LIFETIME_SECONDS: i64 = 3600;
const CONFIG_VOLUME: &str = "config";
const TOKEN_VOLUME: &str = "control-plane-token";

pub(super) fn of_component(config: &OperatorConfig, component: &Running<'_>) -> Object {
    let selector = LabelSelector {
        match_labels: Some(labels::selector(&config.name, component.name())),
        ..LabelSelector::default()
    };
    Object::of(&Deployment {
        metadata: object::meta(config, Some(component.name()), component.name()),
        spec: Some(DeploymentSpec {
            replicas: Some(component.settings.replicas.get()),
            revision_history_limit: Some(3),
            progress_deadline_seconds: Some(300),
            selector: selector.clone(),
            // A new pod is ready before an old one goes.
            strategy: Some(DeploymentStrategy {
                type_: Some("RollingUpdate".to_owned()),
                rolling_update: Some(RollingUpdateDeployment {
                    max_surge: Some(IntOrString::Int(1)),
                    max_unavailable: Some(IntOrString::Int(0)),
                }),
            }),
            template: PodTemplateSpec {
                metadata: Some(pod_metadata(config, component)),
                spec: Some(pod(config, component, selector)),
            },
            ..DeploymentSpec::default()
        }),
        ..Deployment::default()
    })
}

fn pod_metadata(config: &OperatorConfig, component: &Running<'_>) -> ObjectMeta {
    let ObjectMeta { labels, .. } = object::meta(config, Some(component.name()), component.name());
    let identity = component.identity(config);
    ObjectMeta {
        labels: labels.map(|mut labels| {
            labels.extend(identity.map(Identity::pod_labels).unwrap_or_default());
            labels
        }),
        annotations: Some(BTreeMap::from([(
            "checksum/config".to_owned(),
            settings::checksum(config),
        )])),
        ..ObjectMeta::default()
    }
}

fn pod(config: &OperatorConfig, component: &Running<'_>, selector: LabelSelector) -> PodSpec {
    let mut pod = PodSpec {
        service_account_name: Some(component.name().to_owned()),
        automount_service_account_token: Some(
            component.workload.reaches.contains(&Peer::KubernetesApi),
        ),
        enable_service_links: Some(false),
        termination_grace_period_seconds: Some(GRACE_SECONDS),
        security_context: Some(PodSecurityContext {
            run_as_non_root: Some(true),
            run_as_user: Some(USER),
            run_as_group: Some(USER),
            fs_group: Some(USER),
            seccomp_profile: Some(SeccompProfile {
                type_: "RuntimeDefault".to_owned(),
                ..SeccompProfile::default()
            }),
            ..PodSecurityContext::default()
        }),
        containers: vec![container(config, component)],
        volumes: Some(volumes(config, component)),
        image_pull_secrets: (!config.image_pull_secrets.is_empty()).then(|| {
            config
                .image_pull_secrets
                .iter()
                .map(|secret| LocalObjectReference {
                    name: secret.to_string(),
                })
                .collect()
        }),
        node_selector: (!config.node_selector.is_empty())
            .then(|| labels::as_text(&config.node_selector)),
        tolerations: (!config.tolerations.is_empty())
            .then(|| config.tolerations.iter().map(toleration).collect()),
        topology_spread_constraints: (component.settings.replicas.get() > 1).then(|| {
            vec![TopologySpreadConstraint {
                label_selector: Some(selector),
                max_skew: 1,
                topology_key: "topology.kubernetes.io/zone".to_owned(),
                when_unsatisfiable: "ScheduleAnyway".to_owned(),
                ..TopologySpreadConstraint::default()
            }]
        }),
        ..PodSpec::default()
    };
    if let (Some(profile), Some(identity)) =
        (component.component.profile, component.identity(config))
    {
        google_credentials::give(&mut pod, &google_credentials::of_profile(profile), identity);
    }
    pod
}

fn container(config: &OperatorConfig, component: &Running<'_>) -> Container {
    let mut mounts = vec![mount(CONFIG_VOLUME, directory(CONFIG_FILE))];
    if component.workload.reaches.contains(&Peer::ControlPlane) {
        mounts.push(mount(TOKEN_VOLUME, directory(CONTROL_PLANE_TOKEN_FILE)));
    }
    Container {
        name: component.name().to_owned(),
        image: Some(config.image.to_string()),
        image_pull_policy: Some("IfNotPresent".to_owned()),
        args: Some(vec![
            component.name().to_owned(),
            "--config".to_owned(),
            CONFIG_FILE.to_owned(),
        ]),
        env: component.workload.one_leads.then(|| vec![pod_name()]),
        ports: Some(vec![ContainerPort {
            name: Some("admin".to_owned()),
            container_port: i32::from(ADMIN_PORT),
            protocol: Some("TCP".to_owned()),
            ..ContainerPort::default()
        }]),
        // The API may be slow when a whole cluster starts: two minutes, then the ordinary liveness holds.
        startup_probe: Some(probe("/healthz", 2, 60)),
        liveness_probe: Some(probe("/healthz", 10, 3)),
        readiness_probe: Some(probe("/readyz", 5, 2)),
        resources: Some(resources(component)),
        security_context: Some(SecurityContext {
            allow_privilege_escalation: Some(false),
            capabilities: Some(Capabilities {
                drop: Some(vec!["ALL".to_owned()]),
                ..Capabilities::default()
            }),
            privileged: Some(false),
            read_only_root_filesystem: Some(true),
            run_as_non_root: Some(true),
            ..SecurityContext::default()
        }),
        volume_mounts: Some(mounts),
        ..Container::default()
    }
}

/// By which the pod holds the Lease.
fn pod_name() -> EnvVar {
    EnvVar {
        name: "POD_NAME".to_owned(),
        value_from: Some(EnvVarSource {
            field_ref: Some(ObjectFieldSelector {
                api_version: Some("v1".to_owned()),
                field_path: "metadata.name".to_owned(),
            }),
            ..EnvVarSource::default()
        }),
        ..EnvVar::default()
    }
}

fn probe(path: &str, period: i32, failures: i32) -> Probe {
    Probe {
        http_get: Some(HTTPGetAction {
            path: Some(path.to_owned()),
            port: IntOrString::String("admin".to_owned()),
            scheme: Some("HTTP".to_owned()),
            ..HTTPGetAction::default()
        }),
        period_seconds: Some(period),
        timeout_seconds: Some(2),
        failure_threshold: Some(failures),
        ..Probe::default()
    }
}

fn resources(component: &Running<'_>) -> ResourceRequirements {
    let own = &component.settings.resources;
    let defaults = &component.workload.resources;
    let amount = |own: Option<&crate::quantity::Quantity>, default: &str| {
        ApiQuantity(own.map_or_else(|| default.to_owned(), ToString::to_string))
    };
    // A limit that was lowered lowers the default request with it, and a raised request the default limit.
    let pair = |request: Option<&crate::quantity::Quantity>,
                limit: Option<&crate::quantity::Quantity>,
                defaults: (&str, &str)| {
        let default = |text: &str| text.parse::<crate::quantity::Quantity>().ok();
        let request_default = limit
            .filter(|limit| default(defaults.0).is_some_and(|request| request.exceeds(limit)))
            .map_or_else(|| defaults.0.to_owned(), ToString::to_string);
        let limit_default = request
            .filter(|request| default(defaults.1).is_some_and(|limit| request.exceeds(&limit)))
            .map_or_else(|| defaults.1.to_owned(), ToString::to_string);
        (
            amount(request, &request_default),
            amount(limit, &limit_default),
        )
    };
    let (cpu_request, cpu_limit) = pair(
        own.requests.cpu.as_ref(),
        own.limits.cpu.as_ref(),
        (defaults.cpu_request, defaults.cpu_limit),
    );
    let (memory_request, memory_limit) = pair(
        own.requests.memory.as_ref(),
        own.limits.memory.as_ref(),
        (defaults.memory, defaults.memory),
    );
    let of = |cpu, memory| {
        Some(BTreeMap::from([
            ("cpu".to_owned(), cpu),
            ("memory".to_owned(), memory),
        ]))
    };
    ResourceRequirements {
        requests: of(cpu_request, memory_request),
        limits: of(cpu_limit, memory_limit),
        ..ResourceRequirements::default()
    }
}

fn volumes(config: &OperatorConfig, component: &Running<'_>) -> Vec<Volume> {
    let mut volumes = vec![Volume {
        name: CONFIG_VOLUME.to_owned(),
        config_map: Some(ConfigMapVolumeSource {
            name: CONFIG_MAP.to_owned(),
            items: Some(vec![k8s_openapi::api::core::v1::KeyToPath {
                key: CONFIG_KEY.to_owned(),
                path: CONFIG_KEY.to_owned(),
                ..Default::default()
            }]),
            ..ConfigMapVolumeSource::default()
        }),
        ..Volume::default()
    }];
    if component.workload.reaches.contains(&Peer::ControlPlane) {
        let token = ServiceAccountTokenProjection {
            audience: Some(config.control_plane.token_audience()),
            expiration_seconds: Some(TOKEN_LIFETIME_SECONDS),
            path: "token".to_owned(),
        };
        volumes.push(Volume {
            name: TOKEN_VOLUME.to_owned(),
            projected: Some(ProjectedVolumeSource {
                sources: Some(vec![VolumeProjection {
                    service_account_token: Some(token),
                    ..VolumeProjection::default()
                }]),
                ..ProjectedVolumeSource::default()
            }),
            ..Volume::default()
        });
    }
    volumes
}

fn mount(volume: &str, path: &str) -> VolumeMount {
    VolumeMount {
        name: volume.to_owned(),
        mount_path: path.to_owned(),
        read_only: Some(true),
        ..VolumeMount::default()
    }
}

fn directory(file: &str) -> &str {
    file.rsplit_once('/')
        .map_or("/", |(directory, _)| directory)
}

fn toleration(toleration: &Toleration) -> k8s_openapi::api::core::v1::Toleration {
    let Toleration { key, value, effect } = toleration;
    k8s_openapi::api::core::v1::Toleration {
        key: Some(key.to_string()),
        operator: Some(if value.is_some() { "Equal" } else { "Exists" }.to_owned()),
        value: value.as_ref().map(ToString::to_string),
        effect: effect.map(|effect| effect.as_str().to_owned()),
        ..Default::default()
    }
}

//! Whole pods, and what has none.

mod bounds;
mod google;

use dataplane_proto::flyteidl2::{
    core::{self, resources::ResourceName, task_template::Target},
    task::{Inputs, NamedLiteral},
};
use serde_json::{Value, json};

use super::*;
use crate::executor::example;

fn attempt(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap()
}

#[track_caller]
fn built(template: &core::TaskTemplate, number: u32, executor: Value, layout: &str) -> Pod {
    let settings = example::settings(executor, layout);
    build(
        &example::action(template, &settings),
        attempt(number),
        &settings,
        Given::default(),
    )
    .unwrap()
}

fn pod_template(spec: Value) -> core::TaskTemplate {
    core::TaskTemplate {
        config: [("primary_container_name".to_owned(), "main".to_owned())].into(),
        target: Some(Target::K8sPod(core::K8sPod {
            metadata: Some(core::K8sObjectMetadata {
                labels: [
                    ("team", "users"),
                    ("run", "another"),
                    ("flyte.org/managed", "no"),
                ]
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into(),
                annotations: [
                    ("flyte.org/capability-fuse", "true"),
                    ("primary_container_name", "side"),
                ]
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into(),
            }),
            pod_spec: Some(example::structure(spec)),
            ..core::K8sPod::default()
        })),
        ..example::python()
    }
}

fn container(template: &mut core::TaskTemplate) -> &mut core::Container {
    match &mut template.target {
        Some(Target::Container(container)) => container,
        _ => panic!("no container"),
    }
}

#[test]
fn a_task_of_the_sdk() {
    insta::assert_yaml_snapshot!(built(&example::python(), 1, json!({}), "spec"));
}

#[test]
fn a_container_with_every_option() {
    let mut template = example::python();
    template.security_context = Some(core::SecurityContext {
        run_as: Some(core::Identity {
            k8s_service_account: "trainer".to_owned(),
            ..core::Identity::default()
        }),
        secrets: vec![core::Secret {
            key: "api-key".to_owned(),
            mount_requirement: core::secret::MountType::EnvVar.into(),
            env_var: "API_KEY".to_owned(),
            ..core::Secret::default()
        }],
        ..core::SecurityContext::default()
    });
    template.extended_resources = Some(core::ExtendedResources {
        gpu_accelerator: Some(core::GpuAccelerator {
            device: "a100".to_owned(),
            partition_size_value: Some(core::gpu_accelerator::PartitionSizeValue::PartitionSize(
                "3g.20gb".to_owned(),
            )),
            ..core::GpuAccelerator::default()
        }),
        shared_memory: Some(core::SharedMemory {
            mount_path: "/dev/shm".to_owned(),
            mount_name: "flyte-shm".to_owned(),
            size_limit: "2Gi".to_owned(),
        }),
    });
    let entry = |name: ResourceName, value: &str| core::resources::ResourceEntry {
        name: name.into(),
        value: value.to_owned(),
    };
    container(&mut template).resources = Some(core::Resources {
        requests: vec![
            entry(ResourceName::Cpu, "2"),
            entry(ResourceName::Memory, "4Gi"),
            entry(ResourceName::Gpu, "1"),
            entry(ResourceName::EphemeralStorage, "10Gi"),
        ],
        limits: vec![entry(ResourceName::Memory, "8Gi")],
    });
    container(&mut template).env = vec![
        core::KeyValuePair {
            key: "MODE".to_owned(),
            value: "template".to_owned(),
        },
        core::KeyValuePair {
            key: "RUN_NAME".to_owned(),
            value: "another".to_owned(),
        },
    ];
    template.metadata.as_mut().unwrap().interruptible_value =
        Some(core::task_metadata::InterruptibleValue::Interruptible(true));
    let executor = json!({
        "tasks": {
            "service_account": "tasks",
            "environment": { "MODE": "operator" },
            "labels": { "cost-centre": "42", "team": "platform" },
            "annotations": { "sidecar.istio.io/inject": "false" },
            "node_selector": { "pool": "tasks" },
            "tolerations": [{ "key": "tasks", "effect": "NoSchedule" }],
            "interruptible_node_selector": { "lifecycle": "spot" },
            "interruptible_tolerations": [{ "key": "lifecycle", "value": "spot", "effect": "NoSchedule" }],
        },
    });
    insta::assert_yaml_snapshot!(built(&template, 3, executor, "flyte"));
}

#[test]
fn a_pod_that_is_written_out() {
    let spec = json!({
        "containers": [
            {
                "name": "side",
                "image": "registry.example/side:v1",
                "args": ["--namespace", "{{.namespace}}"],
                "ports": [{ "containerPort": 8080 }],
                "resources": { "requests": { "cpu": 0.5 } },
            },
            {
                "name": "main",
                "image": "registry.example/train:v1",
                "args": ["a0", "--outputs-path", "{{.outputPrefix}}"],
                "env": [
                    { "name": "POD_IP", "valueFrom": { "fieldRef": { "fieldPath": "status.podIP" } } },
                ],
                "resources": { "requests": { "gpu": 1, "smarter-devices/fuse": "1" } },
                "securityContext": { "capabilities": { "add": ["SYS_ADMIN"] } },
                "volumeMounts": [{ "name": "scratch", "mountPath": "/scratch" }],
            },
        ],
        "initContainers": [
            { "name": "prepare", "image": "registry.example/prepare:v1", "command": ["prepare", "{{.input}}"] },
        ],
        "volumes": [{ "name": "scratch", "emptyDir": { "sizeLimit": "1Gi" } }],
        "imagePullSecrets": [{ "name": "registry" }],
        "nodeSelector": { "pool": "mine" },
        "serviceAccountName": "mine",
        "terminationGracePeriodSeconds": 600,
        "hostname": "host",
        "dnsPolicy": "Default",
        "securityContext": { "seccompProfile": { "type": "Unconfined" }, "fsGroup": 1000 },
    });
    let executor = json!({
        "tasks": { "node_selector": { "pool": "tasks" }, "service_account": "tasks" },
        "pod_privileges": ["capabilities", "unconfined_profiles"],
    });
    insta::assert_yaml_snapshot!(built(&pod_template(spec), 1, executor, "spec"));
}

#[test]
fn a_raw_container_with_its_inputs_as_arguments() {
    let mut template = example::python();
    template.r#type = "raw-container".to_owned();
    let container = container(&mut template);
    container.command = [
        "echo",
        "{{.inputs.who}}",
        "{{.perRetryUniqueKey}}",
        "{{.taskTemplatePath}}",
    ]
    .map(str::to_owned)
    .to_vec();
    container.args.clear();
    let settings = example::settings(json!({}), "spec");
    let action = example::action(&template, &settings);
    assert!(reads_inputs(&action));
    assert!(!reads_inputs(&example::action(
        &example::python(),
        &settings
    )));
    let text = core::primitive::Value::StringValue("world".to_owned());
    let scalar = core::scalar::Value::Primitive(core::Primitive { value: Some(text) });
    let inputs = Inputs {
        literals: vec![NamedLiteral {
            name: "who".to_owned(),
            value: Some(core::Literal {
                value: Some(core::literal::Value::Scalar(Box::new(core::Scalar {
                    value: Some(scalar),
                }))),
                ..core::Literal::default()
            }),
        }],
        ..Inputs::default()
    };
    let pod = build(
        &action,
        attempt(2),
        &settings,
        Given {
            inputs: Some(&inputs),
            ..Given::default()
        },
    )
    .unwrap();
    let spec = pod.spec.unwrap();
    assert_eq!(
        spec.containers[0].command.as_deref().unwrap(),
        ["echo", "world", "r7_a0_1", "inline://taskTemplate"]
    );
    assert!(spec.volumes.is_none(), "it speaks to no control plane");
    let error = build(&action, attempt(2), &settings, Given::default()).unwrap_err();
    assert!(error.to_string().contains("\"who\""), "{error}");
}

#[test]
fn a_later_attempt_goes_on_from_the_checkpoints_of_the_one_before() {
    let pod = built(&example::python(), 2, json!({}), "spec");
    let args = pod.spec.unwrap().containers[0].args.clone().unwrap();
    let after = |flag: &str| {
        let position = args.iter().position(|argument| argument == flag).unwrap();
        args[position + 1].clone()
    };
    assert_eq!(
        after("--outputs-path"),
        "s3://acme-metadata/acme/fraud/staging/r7/a0/2"
    );
    assert_eq!(
        after("--checkpoint-path"),
        "s3://acme-metadata/acme/fraud/staging/r7/a0/2/_flytecheckpoints"
    );
    assert_eq!(
        after("--prev-checkpoint"),
        "s3://acme-metadata/acme/fraud/staging/r7/a0/1/_flytecheckpoints"
    );
}

#[test]
fn the_input_may_be_named_by_file_or_prefix() {
    let settings = example::settings(json!({}), "spec");
    for uri in [
        "s3://acme-metadata/x",
        "s3://acme-metadata/x/",
        "s3://acme-metadata/x/inputs.pb",
    ] {
        let mut resource = example::resource(&example::python());
        resource.spec.input_uri = uri.to_owned();
        let action = Action::parse(&resource, &settings).unwrap();
        let pod = build(&action, attempt(1), &settings, Given::default()).unwrap();
        let args = pod.spec.unwrap().containers[0].args.clone().unwrap();
        assert_eq!(args[2], "s3://acme-metadata/x/inputs.pb", "{uri}");
    }
}

#[test]
fn an_action_may_say_whether_it_can_be_interrupted() {
    let executor = json!({ "tasks": { "interruptible_node_selector": { "lifecycle": "spot" } } });
    let settings = example::settings(executor, "spec");
    let mut template = example::python();
    for (of_template, of_action, expected) in [
        (None, None, false),
        (Some(true), None, true),
        (Some(true), Some(false), false),
        (Some(false), Some(true), true),
    ] {
        template.metadata.as_mut().unwrap().interruptible_value =
            of_template.map(core::task_metadata::InterruptibleValue::Interruptible);
        let mut resource = example::resource(&template);
        resource.spec.interruptible = of_action;
        let action = Action::parse(&resource, &settings).unwrap();
        let pod = build(&action, attempt(1), &settings, Given::default()).unwrap();
        let selector = pod.spec.unwrap().node_selector.unwrap_or_default();
        assert_eq!(
            selector.contains_key("lifecycle"),
            expected,
            "{of_template:?} {of_action:?}"
        );
    }
}

#[test]
fn a_task_with_credentials_of_its_own_gets_no_token() {
    let volumes = |template: &core::TaskTemplate| {
        let pod = built(template, 1, json!({}), "spec");
        let spec = pod.spec.unwrap();
        let names: Vec<String> = spec.containers[0]
            .env
            .iter()
            .flatten()
            .map(|variable| variable.name.clone())
            .collect();
        (
            spec.volumes.is_some(),
            names.contains(&"FLYTE_AUTH_COMMAND".to_owned()),
        )
    };
    assert_eq!(volumes(&example::python()), (true, true));
    let mut with_key = example::python();
    container(&mut with_key).env = vec![core::KeyValuePair {
        key: "_UNION_EAGER_API_KEY".to_owned(),
        value: "key".to_owned(),
    }];
    assert_eq!(volumes(&with_key), (false, false));
    let mut with_secret = example::python();
    with_secret.security_context = Some(core::SecurityContext {
        secrets: vec![core::Secret {
            key: "eager".to_owned(),
            env_var: "EAGER_API_KEY".to_owned(),
            ..core::Secret::default()
        }],
        ..core::SecurityContext::default()
    });
    assert_eq!(volumes(&with_secret), (false, false));
    let mut without_sdk = example::python();
    without_sdk.metadata = None;
    assert_eq!(volumes(&without_sdk), (false, false));
}

#[test]
fn the_store_is_named_where_the_cloud_does_not_say_it() {
    let mut settings = example::settings(json!({}), "spec");
    settings.storage.endpoint = Some("http://store.example:9000".parse().unwrap());
    settings.storage.region = Some("eu-west-1".parse().unwrap());
    let environment = |settings: &Settings, template: &core::TaskTemplate| {
        let pod = build(
            &example::action(template, settings),
            attempt(1),
            settings,
            Given::default(),
        )
        .unwrap();
        let environment = pod.spec.unwrap().containers[0].env.clone().unwrap();
        environment
            .into_iter()
            .filter_map(|variable| Some((variable.name, variable.value?)))
            .collect::<std::collections::BTreeMap<_, _>>()
    };
    let variables = environment(&settings, &example::python());
    assert_eq!(variables["FLYTE_AWS_ENDPOINT"], "http://store.example:9000");
    assert_eq!(variables["AWS_REGION"], "eu-west-1");
    let mut template = example::python();
    container(&mut template).env = vec![core::KeyValuePair {
        key: "AWS_REGION".to_owned(),
        value: "us-east-1".to_owned(),
    }];
    assert_eq!(environment(&settings, &template)["AWS_REGION"], "us-east-1");
    assert!(
        !variables
            .keys()
            .any(|name| name.contains("SECRET") || name.contains("ACCESS_KEY")),
        "{variables:?}"
    );
}

#[test]
fn a_name_that_is_too_long_for_a_container_is_not_used_for_one() {
    let settings = example::settings(json!({}), "spec");
    let mut resource = example::resource(&example::python());
    resource.metadata.name = Some(format!("{}-a0", "r".repeat(62)));
    let action = Action::parse(&resource, &settings).unwrap();
    let pod = build(&action, attempt(1), &settings, Given::default()).unwrap();
    assert_eq!(pod.spec.unwrap().containers[0].name, "primary");
    assert_eq!(
        pod.metadata.annotations.unwrap()[PRIMARY_CONTAINER_ANNOTATION],
        "primary"
    );
    resource.metadata.name = Some("R7".to_owned());
    let action = Action::parse(&resource, &settings).unwrap();
    let error = build(&action, attempt(1), &settings, Given::default()).unwrap_err();
    assert!(error.to_string().contains("\"R7-0\""), "{error}");
}

#[test]
fn an_unknown_type_has_no_pod() {
    let mut template = example::python();
    template.r#type = "spark".to_owned();
    let settings = example::settings(json!({}), "spec");
    let error = build(
        &example::action(&template, &settings),
        attempt(1),
        &settings,
        Given::default(),
    )
    .unwrap_err();
    assert_eq!(
        error,
        BuildError::NoSuchTaskType {
            task_type: "spark".to_owned()
        }
    );
    let sentence = error.to_string();
    assert!(
        sentence.contains("\"spark\"") && sentence.contains("raw-container"),
        "{sentence}"
    );
}

#[test]
fn what_can_not_run_is_refused_before_the_api_server_sees_it() {
    let main = |more: Value| {
        let mut container = json!({ "name": "main", "image": "i" });
        container
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        container
    };
    let shared_memory = |size_limit: &str, mount_path: &str| {
        let mut template = example::python();
        template.extended_resources = Some(core::ExtendedResources {
            shared_memory: Some(core::SharedMemory {
                mount_path: mount_path.to_owned(),
                mount_name: "dataplane-control-plane-token".to_owned(),
                size_limit: size_limit.to_owned(),
            }),
            ..core::ExtendedResources::default()
        });
        template
    };
    let cases = [
        (
            pod_template(json!({ "containers": [main(json!({}))], "restartPolicy": "Always" })),
            "restartPolicy",
        ),
        (
            pod_template(json!({ "containers": [main(json!({ "restartPolicy": "Always" }))] })),
            "restartPolicyRules of its own",
        ),
        (
            pod_template(json!({ "containers": [main(json!({
                "restartPolicyRules": [{ "action": "Restart", "exitCodes": { "operator": "In", "values": [1] } }],
            }))] })),
            "restartPolicyRules of its own",
        ),
        (
            pod_template(json!({
                "containers": [main(json!({}))],
                "initContainers": [{ "name": "prepares", "image": "x", "restartPolicy": "OnFailure" }],
            })),
            "\"prepares\"",
        ),
        (
            pod_template(json!({ "containers": [main(json!({
                "resources": { "requests": { "gpu": "1" }, "limits": { "gpu": "2" } },
            }))] })),
            "nvidia.com/gpu",
        ),
        (
            pod_template(json!({
                "containers": [main(json!({}))],
                "initContainers": [{ "name": "dataplane-fetch-code", "image": "x" }],
            })),
            "dataplane-fetch-code",
        ),
        (
            pod_template(json!({ "containers": [main(json!({}))], "hostPID": true })),
            "spec.hostPID",
        ),
        (shared_memory("much", "/dev/shm"), "size limit"),
        (shared_memory("", ""), "mount path"),
        (
            shared_memory("", "/dev/shm"),
            "dataplane-control-plane-token",
        ),
    ];
    let settings = example::settings(json!({}), "spec");
    for (template, part) in cases {
        let action = example::action(&template, &settings);
        let error = build(&action, attempt(1), &settings, Given::default()).unwrap_err();
        assert!(
            matches!(&error, BuildError::Invalid(sentence) if sentence.contains(part)),
            "{part}: {error}"
        );
    }
}

#[test]
fn code_is_fetched_by_a_url_that_the_pod_does_not_show() {
    let settings = example::settings(json!({ "code_bundles": "signed" }), "spec");
    let action = example::action(&example::python(), &settings);
    let uri = code_to_sign(&action, &settings).unwrap().unwrap();
    assert_eq!(uri.to_string(), "s3://acme-code/fraud/staging/code.tgz");
    let url = "https://acme-code.example/code.tgz?signature=abc";
    let secret = code_secret(&action, attempt(1), &settings, url).unwrap();
    let again = code_secret(&action, attempt(1), &settings, &format!("{url}d")).unwrap();
    assert_ne!(
        secret.metadata.name, again.metadata.name,
        "a later one replaces none"
    );
    let given = Given {
        code_secret: secret.metadata.name.as_deref(),
        ..Given::default()
    };
    assert!(build(&action, attempt(1), &settings, Given::default()).is_err());
    let pod = build(&action, attempt(1), &settings, given).unwrap();
    assert!(!serde_json::to_string(&pod).unwrap().contains("signature"));
    insta::assert_yaml_snapshot!((secret, pod));
}

#[test]
fn a_child_reads_the_place_of_its_code_back() {
    let child = |place: &str| {
        let mut template = example::python();
        let args = &mut container(&mut template).args;
        let flag = args
            .iter()
            .position(|argument| argument == "--tgz")
            .unwrap();
        args[flag + 1] = place.to_owned();
        template
    };
    let file = "/var/run/dataplane/code/s3/acme-code/fraud/staging/code.tgz";
    let signed = example::settings(json!({ "code_bundles": "signed" }), "spec");
    let action = example::action(&child(file), &signed);
    let uri = code_to_sign(&action, &signed).unwrap().unwrap();
    assert_eq!(uri.to_string(), "s3://acme-code/fraud/staging/code.tgz");
    // The settings may have changed since its parent began.
    let direct = example::settings(json!({}), "spec");
    assert_eq!(code_to_sign(&action, &direct).unwrap(), None);
    let pod = build(&action, attempt(1), &direct, Given::default()).unwrap();
    let args = pod.spec.unwrap().containers[0].args.clone().unwrap();
    assert!(
        args.contains(&uri.to_string()) && !args.contains(&file.to_owned()),
        "{args:?}"
    );
    for place in [
        "s3://acme-code/other/staging/code.tgz",
        "s3://acme-code/fraud/production/code.tgz",
        "s3://acme-code/fraud/staging",
        "s3://acme-metadata/acme/other/production/fraud/staging/1/code.tgz",
        "s3://elsewhere/fraud/staging/code.tgz",
        "gs://acme-code/fraud/staging/code.tgz",
        "/var/run/dataplane/code/s3/acme-code/other/staging/code.tgz",
        "/var/run/dataplane/code/../../../etc/passwd",
        "/var/run/dataplane/code",
        "/somewhere/else.tgz",
    ] {
        let action = example::action(&child(place), &signed);
        let error = code_to_sign(&action, &signed).unwrap_err();
        assert!(
            error.to_string().contains("the task's code"),
            "{place}: {error}"
        );
        assert!(
            build(&action, attempt(1), &signed, Given::default()).is_err(),
            "{place}"
        );
    }
}

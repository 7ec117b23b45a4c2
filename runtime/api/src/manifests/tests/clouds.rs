//! What differs between the clouds: identities, buckets, and what a node serves.

use super::*;
use crate::{
    cidr::Cidr,
    components::Component,
    identity::{Cloud, Identity},
};

const INSTANCE_METADATA: [&str; 4] = [
    "169.254.169.254",
    "169.254.169.252",
    "fd00:ec2::254",
    "fd20:ce::254",
];

fn document(storage_and_roles: &str) -> OperatorConfig {
    let (head, _) = example::DOCUMENT.split_once("storage:").unwrap();
    OperatorConfig::parse(&format!("{head}{storage_and_roles}")).unwrap()
}

pub(super) fn google() -> OperatorConfig {
    document(
        "\
storage:
  metadata: gs://acme-metadata
  fast_registration: gs://acme-bundles
  region: europe-west1
roles:
  admin:
    gke:
      service_account: admin@acme-prod.iam.gserviceaccount.com
  user:
    gke:
      service_account: user@acme-prod.iam.gserviceaccount.com
",
    )
}

pub(super) const PROVIDER: &str =
    "projects/123456789012/locations/global/workloadIdentityPools/acme/providers/oidc";

/// The same buckets from a cluster that is not Google's; task pods have their rights directly.
pub(super) fn google_from_elsewhere() -> OperatorConfig {
    document(&format!(
        "\
storage:
  metadata: gs://acme-metadata
  fast_registration: gs://acme-bundles
  region: europe-west1
roles:
  admin:
    google:
      provider: {PROVIDER}
      service_account: admin@acme-prod.iam.gserviceaccount.com
  user:
    google:
      provider: {PROVIDER}
      audience: dataplane
"
    ))
}

pub(super) fn azure() -> OperatorConfig {
    document(
        "\
storage:
  metadata: abfss://metadata@acmeprod.dfs.core.windows.net
  fast_registration: abfss://bundles@acmeprod.dfs.core.windows.net
  region: westeurope
roles:
  admin:
    azure:
      client_id: 6d4b41a5-6ea1-4a4c-8b9d-0d7a4f1f5a01
      tenant_id: 1c9f2b8e-31c5-4d0f-9a53-7d2f7c1f5b02
  user:
    azure:
      client_id: 6d4b41a5-6ea1-4a4c-8b9d-0d7a4f1f5a03
      tenant_id: 1c9f2b8e-31c5-4d0f-9a53-7d2f7c1f5b02
",
    )
}

/// The example with Pod Identity in place of IRSA.
fn pod_identity() -> OperatorConfig {
    let text = example::DOCUMENT.replace("irsa:", "pod_identity:");
    OperatorConfig::parse(&text).unwrap()
}

fn configs() -> [OperatorConfig; 5] {
    [
        example::config(),
        pod_identity(),
        google(),
        google_from_elsewhere(),
        azure(),
    ]
}

/// A workspace with the user role of each configuration.
pub(super) fn workspaces() -> [WorkspaceConfig; 5] {
    configs().map(|config| WorkspaceConfig {
        role: config.roles.user,
        ..example_workspace()
    })
}

/// What each configuration makes of a component that runs with the admin role.
pub(super) fn executors() -> Vec<Object> {
    configs().iter().flat_map(executor).collect()
}

pub(super) fn executor(config: &OperatorConfig) -> Vec<Object> {
    let component = |name: &str| -> &'static Component {
        COMPONENTS
            .iter()
            .find(|component| component.name.as_str() == name)
            .unwrap()
    };
    let running = Running {
        component: component("executor"),
        workload: component("operator").workload.as_ref().unwrap(),
        settings: std::borrow::Cow::Borrowed(&config.components.operator),
    };
    let mut objects = crate::manifests::network::of_component(config, &running);
    objects.push(deployment::of_component(config, &running));
    objects
}

/// The objects that are not as the example on AWS has them.
fn unlike_the_example(objects: Vec<Object>, example: &[Object]) -> String {
    let unlike: Vec<Object> = objects
        .into_iter()
        .filter(|object| example.iter().all(|other| other.body != object.body))
        .collect();
    snapshot(&unlike)
}

fn all_of(config: &OperatorConfig) -> Vec<Object> {
    let tasks = WorkspaceConfig {
        role: config.roles.user.clone(),
        ..example_workspace()
    };
    let mut objects = render(config).unwrap();
    objects.extend(workspace(&tasks).unwrap());
    objects
}

#[test]
fn with_pod_identity() {
    let example = all_of(&example::config());
    insta::assert_snapshot!(unlike_the_example(all_of(&pod_identity()), &example));
}

#[test]
fn on_google_cloud() {
    let example = all_of(&example::config());
    insta::assert_snapshot!(unlike_the_example(all_of(&google()), &example));
}

#[test]
fn on_azure() {
    let example = all_of(&example::config());
    insta::assert_snapshot!(unlike_the_example(all_of(&azure()), &example));
}

#[test]
fn each_cloud_renders_the_same_objects() {
    let keys = |config: &OperatorConfig| -> Vec<String> {
        render(config).unwrap().iter().map(Object::key).collect()
    };
    for config in configs() {
        assert_eq!(keys(&config), keys(&example::config()));
    }
}

#[test]
fn every_service_account_with_a_role_says_so() {
    let arn = |name| json!({ "eks.amazonaws.com/role-arn": format!("arn:aws:iam::123456789012:role/{name}") });
    let email = |name| json!({ "iam.gke.io/gcp-service-account": format!("{name}@acme-prod.iam.gserviceaccount.com") });
    let ids = |client| json!({ "azure.workload.identity/client-id": client, "azure.workload.identity/tenant-id": "1c9f2b8e-31c5-4d0f-9a53-7d2f7c1f5b02" });
    let expected = [
        (arn("adminflyterole"), arn("userflyterole")),
        (Value::Null, Value::Null),
        (email("admin"), email("user")),
        (Value::Null, Value::Null),
        (
            ids("6d4b41a5-6ea1-4a4c-8b9d-0d7a4f1f5a01"),
            ids("6d4b41a5-6ea1-4a4c-8b9d-0d7a4f1f5a03"),
        ),
    ];
    for (config, (admin, user)) in configs().iter().zip(expected) {
        let accounts: Vec<(String, Value)> = all_of(config)
            .into_iter()
            .filter(|object| object.kind == "ServiceAccount")
            .map(|object| {
                let annotations = object.body["metadata"]["annotations"].clone();
                (object.name, annotations)
            })
            .collect();
        let wanted = [
            ("operator", Value::Null),
            ("executor", admin.clone()),
            ("object-store", admin.clone()),
            ("logs", admin.clone()),
            ("secrets", admin),
            ("default", user),
        ]
        .map(|(name, annotations)| (name.to_owned(), annotations));
        assert_eq!(accounts, wanted);
    }
}

#[test]
fn a_pod_with_a_role_carries_what_its_cloud_looks_for() {
    for config in configs() {
        let role = config.roles.admin.as_ref().unwrap();
        let objects = executor(&config);
        let deployment = objects.last().unwrap();
        let label = deployment.body["spec"]["template"]["metadata"]["labels"]
            .get("azure.workload.identity/use");
        assert_eq!(
            label,
            matches!(role, Identity::Azure { .. })
                .then(|| json!("true"))
                .as_ref()
        );
        let selector = at(deployment, "/spec/selector/matchLabels");
        assert!(
            selector.get("azure.workload.identity/use").is_none(),
            "a selector cannot be changed when a role is given later"
        );
        // Each cloud brings its own token, by a webhook, an agent or the metadata server, but for Google elsewhere. Ours is the control
        // plane's.
        let audiences: Vec<&Value> = at(deployment, "/spec/template/spec/volumes")
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|volume| {
                volume.pointer("/projected/sources/0/serviceAccountToken/audience")
            })
            .collect();
        let own = match role {
            Identity::Google { provider, .. } => Some(provider.audience()),
            _ => None,
        };
        let expected = ["https://acme.eu-west-1.example".to_owned()];
        let expected: Vec<Value> = expected.into_iter().chain(own).map(Value::from).collect();
        assert_eq!(audiences, Vec::from_iter(&expected));
    }
    for object in configs().iter().flat_map(|config| render(config).unwrap()) {
        // Without a role there is none to look for.
        let labels = object
            .body
            .pointer("/spec/template/metadata/labels/azure.workload.identity~1use");
        assert_eq!(labels, None, "{}", object.key());
    }
}

#[test]
fn pods_with_a_role_reach_where_their_cloud_hands_out_credentials() {
    let cases: [&[(&str, u16)]; 5] = [
        &[],
        &[("169.254.170.23", 80), ("fd00:ec2::23", 80)],
        &[("169.254.169.254", 80), ("169.254.169.252", 988)],
        &[],
        &[],
    ];
    let node_local = [
        ("169.254.170.23", 80),
        ("fd00:ec2::23", 80),
        ("169.254.169.254", 80),
        ("169.254.169.252", 988),
        ("168.63.129.16", 80),
        ("168.63.129.16", 32526),
    ];
    for (config, own) in configs().iter().zip(cases) {
        let tasks = workspace(&WorkspaceConfig {
            role: config.roles.user.clone(),
            ..example_workspace()
        })
        .unwrap();
        for (who, objects) in [("tasks", tasks), ("executor", executor(config))] {
            for (address, port) in node_local {
                assert_eq!(
                    reaches(&objects, address, port),
                    own.contains(&(address, port)),
                    "{who} to {address} port {port} with {:?}",
                    config.roles.user
                );
            }
        }
        let operator = render(config).unwrap();
        for (address, port) in node_local {
            assert!(
                !reaches(&operator, address, port),
                "what has no role reaches no credentials: {address}"
            );
        }
    }
}

#[test]
fn instance_metadata_is_closed_on_aws_and_azure() {
    let unknown = WorkspaceConfig {
        role: None,
        ..example_workspace()
    };
    for config in workspaces().iter().chain([&unknown]) {
        if config.role.as_ref().map(Identity::cloud) == Some(Cloud::Gcp) {
            continue;
        }
        let objects = workspace(config).unwrap();
        for address in INSTANCE_METADATA {
            for port in [80, 443, 987, 988, 8080] {
                assert!(
                    !reaches(&objects, address, port),
                    "{address} port {port} with {:?}",
                    config.role
                );
            }
        }
        assert!(
            reaches(&objects, "20.190.128.1", 443),
            "and the rest is open"
        );
    }
}

#[test]
fn names_are_answered_where_each_cloud_does() {
    let servers = |objects: &[Object]| -> Vec<String> {
        let policy = objects
            .iter()
            .find(|object| object.name == "allow-dns")
            .unwrap();
        assert_eq!(
            at(policy, "/spec/egress/0/ports"),
            &json!([{ "protocol": "UDP", "port": 53 }, { "protocol": "TCP", "port": 53 }])
        );
        let peers = at(policy, "/spec/egress/0/to").as_array().unwrap();
        let name = |peer: &Value| {
            let pods = peer.pointer("/podSelector/matchLabels/k8s-app");
            pods.or_else(|| peer.pointer("/ipBlock/cidr"))
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        peers.iter().filter_map(name).collect()
    };
    let usual = ["kube-dns", "169.254.20.10/32"];
    let google_has = ["node-local-dns", "169.254.169.254/32"];
    let azure_has = ["169.254.10.11/32"];
    let expected: [Vec<&str>; 5] = [
        usual.to_vec(),
        usual.to_vec(),
        [usual, google_has].concat(),
        [usual, google_has].concat(),
        [usual.as_slice(), &azure_has].concat(),
    ];
    for ((config, tasks), expected) in configs().iter().zip(workspaces()).zip(&expected) {
        assert_eq!(servers(&render(config).unwrap()), *expected);
        assert_eq!(servers(&workspace(&tasks).unwrap()), *expected);
    }
    let unknown = WorkspaceConfig {
        role: None,
        ..example_workspace()
    };
    assert_eq!(
        servers(&workspace(&unknown).unwrap()),
        [usual.as_slice(), &google_has, &azure_has].concat()
    );
}

#[test]
fn buckets_and_roles_are_in_one_cloud() {
    for (config, other) in [
        (example::config(), google()),
        (google(), azure()),
        (azure(), pod_identity()),
    ] {
        let roles = OperatorConfig {
            roles: other.roles,
            ..config.clone()
        };
        let error = roles.validate().unwrap_err();
        assert_eq!(error.field, "roles.admin", "{error}");
        let mut buckets = config;
        buckets.storage.fast_registration = other.storage.fast_registration;
        assert_eq!(
            buckets.validate().unwrap_err().field,
            "storage.fast_registration"
        );
    }
    for mut config in [google(), azure()] {
        config.storage.endpoint = Some("https://store.example".parse().unwrap());
        assert_eq!(config.validate().unwrap_err().field, "storage.endpoint");
    }
}

/// Whether any policy lets pods connect to an address that is outside of the cluster, by TCP.
pub(super) fn reaches(objects: &[Object], address: &str, port: u16) -> bool {
    let length = if address.contains(':') { 128 } else { 32 };
    let address: Cidr = format!("{address}/{length}").parse().unwrap();
    let contains = |range: &Value| {
        let range: Cidr = range.as_str().unwrap().parse().unwrap();
        range.net().contains(&address.net())
    };
    let rules = objects
        .iter()
        .filter(|object| object.kind == "NetworkPolicy")
        .filter_map(|object| object.body.pointer("/spec/egress")?.as_array())
        .flatten();
    rules
        .filter(|rule| {
            let ports = rule["ports"].as_array();
            ports.is_none_or(|ports| {
                ports
                    .iter()
                    .any(|open| open["protocol"] == "TCP" && open["port"] == port)
            })
        })
        .flat_map(|rule| rule["to"].as_array().unwrap())
        .filter_map(|peer| peer.get("ipBlock"))
        .any(|block| {
            let except = block["except"].as_array().into_iter().flatten();
            contains(&block["cidr"]) && !except.into_iter().any(contains)
        })
}

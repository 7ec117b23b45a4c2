//! Tests of the `cluster` argument.

use super::*;
use framework::path;

fn known<T: std::str::FromStr<Err = clouds::ParseError>>(text: &str) -> Value<Text<T>> {
    Value::Known(text.parse().unwrap())
}

fn problems(cluster: ClusterModel) -> Vec<Diagnostic> {
    let mut diagnostics = Diagnostics::new();
    ClusterModel::validate(&cluster.into(), &path!("cluster"), &mut diagnostics);
    diagnostics.into_iter().collect()
}

#[test]
fn exactly_one_cluster_is_given() {
    assert_eq!(
        problems(ClusterModel::default())[0].summary,
        "no cluster is given"
    );
    let two = ClusterModel {
        eks: EksModel::default().into(),
        direct: DirectModel::default().into(),
        ..ClusterModel::default()
    };
    assert_eq!(problems(two)[0].path, Some(path!("cluster")));
    let open = ClusterModel {
        eks: Value::Unknown,
        ..ClusterModel::default()
    };
    assert!(
        problems(open).is_empty(),
        "what is not known yet may be the one"
    );
}

#[test]
fn coordinates_come_back_from_the_argument() {
    for text in [
        "eks/eu-west-1/prod",
        "gke/acme-prod/europe-west4/prod",
        "aks/acme-prod/prod",
        "aks/acme-prod/prod@10.1.0.4:443",
        "kubeconfig//etc/kube/c#a",
        "direct/https://10.0.0.1:6443",
    ] {
        let coordinates: Coordinates = text.parse().unwrap();
        assert_eq!(
            ClusterModel::coordinates(&ClusterModel::from(coordinates.clone()).into()),
            Some(coordinates)
        );
    }
    let unknown = ClusterModel {
        eks: EksModel {
            name: Value::Unknown,
            region: known("eu-west-1"),
        }
        .into(),
        ..ClusterModel::default()
    };
    assert_eq!(ClusterModel::coordinates(&unknown.into()), None);
}

#[test]
fn a_cloud_s_cluster_that_is_not_known_yet_may_be_another() {
    let eks = |name: Value<Text<ClusterName>>, region: Value<Text<Region>>| {
        Value::Known(ClusterModel {
            eks: EksModel { name, region }.into(),
            ..ClusterModel::default()
        })
    };
    let at = |text: &str| Value::Known(ClusterModel::from(text.parse::<Coordinates>().unwrap()));
    let prior = at("eks/eu-west-1/prod");
    // What is planned, whether it is certainly another, and whether it may be.
    for (planned, is, may_be) in [
        (at("eks/eu-west-1/prod"), false, false),
        (at("eks/eu-west-1/other"), true, true),
        (at("eks/eu-west-2/prod"), true, true),
        (at("gke/acme-prod/europe-west4/prod"), true, true),
        (eks(Value::Unknown, known("eu-west-1")), false, true),
        (eks(known("prod"), Value::Unknown), false, true),
        (
            ClusterModel {
                aks: Value::Unknown,
                ..ClusterModel::default()
            }
            .into(),
            false,
            true,
        ),
        (
            ClusterModel {
                eks: Value::Unknown,
                ..ClusterModel::default()
            }
            .into(),
            false,
            true,
        ),
        (Value::Unknown, false, true),
        (at("direct/https://10.0.0.1:6443"), false, false),
    ] {
        assert_eq!(
            ClusterModel::is_another(&prior, &planned),
            is,
            "{planned:?}"
        );
        assert_eq!(
            ClusterModel::may_be_another(&prior, &planned),
            may_be,
            "{planned:?}"
        );
    }
    let on_azure = at("aks/acme-prod/prod");
    for (planned, is) in [
        (at("aks/Acme-Prod/PROD"), false),
        (at("aks/acme-test/prod"), true),
    ] {
        assert_eq!(ClusterModel::is_another(&on_azure, &planned), is);
        assert_eq!(ClusterModel::may_be_another(&on_azure, &planned), is);
    }
    let file = at("kubeconfig//etc/kube/c#a");
    assert!(!ClusterModel::may_be_another(&file, &Value::Unknown));
}

#[test]
fn a_route_does_not_identify_a_cluster() {
    let at = |text: &str| Value::Known(ClusterModel::from(text.parse::<Coordinates>().unwrap()));
    let on = |private_endpoint: Value<PrivateEndpointModel>| {
        Value::Known(ClusterModel {
            private_endpoint,
            ..at("eks/eu-west-1/prod").into_known().unwrap()
        })
    };
    let later = PrivateEndpointModel {
        host: Value::Unknown,
        ..PrivateEndpointModel::default()
    };
    let prior = at("eks/eu-west-1/prod@vpce-1.example:6443");
    for planned in [
        at("eks/eu-west-1/prod"),
        at("eks/eu-west-1/prod@vpce-2.example"),
        on(Value::Unknown),
        on(later.clone().into()),
    ] {
        for (from, to) in [(&prior, &planned), (&planned, &prior)] {
            assert!(!ClusterModel::may_be_another(from, to), "{planned:?}");
            assert!(!ClusterModel::is_another(from, to), "{planned:?}");
        }
    }
    let other = at("eks/eu-west-1/other@vpce-1.example:6443");
    assert!(ClusterModel::is_another(&prior, &other));
    // Nothing is asked on a way that is not known yet, neither there nor at the cluster's own address.
    assert_eq!(ClusterModel::coordinates(&on(Value::Unknown)), None);
    assert_eq!(ClusterModel::coordinates(&on(later.into())), None);
}

#[test]
fn a_route_goes_with_a_cluster_of_a_cloud() {
    let route = || Value::from(PrivateEndpointModel::default());
    for (cluster, beside) in [
        (
            ClusterModel {
                kubeconfig: KubeconfigModel::default().into(),
                private_endpoint: route(),
                ..ClusterModel::default()
            },
            "tls-server-name",
        ),
        (
            ClusterModel {
                direct: DirectModel::default().into(),
                private_endpoint: Value::Unknown,
                ..ClusterModel::default()
            },
            "`server_name`",
        ),
    ] {
        let said = problems(cluster);
        assert_eq!(said[0].path, Some(path!("cluster", "private_endpoint")));
        assert!(said[0].to_string().contains(beside), "{said:?}");
    }
    let cloud = ClusterModel {
        aks: AksModel::default().into(),
        private_endpoint: route(),
        ..ClusterModel::default()
    };
    assert!(problems(cloud).is_empty());
}

/// What is not known yet when it is validated may exclude what stands beside it: then no way is taken, above all not without the
/// private one.
#[tokio::test]
async fn what_excludes_each_other_is_refused_when_it_is_known() {
    let route = "eks/eu-west-1/prod@10.0.0.5".parse::<Coordinates>();
    let routed = ClusterModel::from(route.unwrap());
    let direct = "direct/https://10.0.0.1".parse::<Coordinates>().unwrap();
    let direct = ClusterModel::from(direct);
    let client = crate::testing::client(&clouds::memory::Memory::default());
    for (cluster, summary) in [
        (
            ClusterModel {
                private_endpoint: routed.private_endpoint.clone(),
                ..direct.clone()
            },
            "private_endpoint does not go with direct",
        ),
        (
            ClusterModel {
                eks: routed.eks.clone(),
                ..direct
            },
            "more than one cluster is given",
        ),
    ] {
        let cluster = cluster.into();
        assert_eq!(ClusterModel::coordinates(&cluster), None);
        let said = ClusterModel::open(&client, &cluster).await.err().unwrap();
        assert_eq!(said.iter().next().unwrap().summary, summary);
    }
}

//! A cluster-internal Service per component, for metrics.

use k8s_openapi::{
    api::core::v1::{Service, ServicePort, ServiceSpec},
    apimachinery::pkg::util::intstr::IntOrString,
};

use super::{Object, Running, object, settings::ADMIN_PORT};
use crate::{OperatorConfig, labels};

pub(super) fn admin(config: &OperatorConfig, component: &Running<'_>) -> Object {
    Object::of(&Service {
        metadata: object::meta(config, Some(component.name()), component.name()),
        spec: Some(ServiceSpec {
            type_: Some("ClusterIP".to_owned()),
            selector: Some(labels::selector(&config.name, component.name())),
            ports: Some(vec![ServicePort {
                name: Some("admin".to_owned()),
                port: i32::from(ADMIN_PORT),
                protocol: Some("TCP".to_owned()),
                target_port: Some(IntOrString::String("admin".to_owned())),
                ..ServicePort::default()
            }]),
            ..ServiceSpec::default()
        }),
        ..Service::default()
    })
}

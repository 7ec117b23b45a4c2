//! Quota and limit range of a namespace.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::core::v1::{LimitRange, LimitRangeItem, LimitRangeSpec, ResourceQuota, ResourceQuotaSpec},
    apimachinery::pkg::{api::resource::Quantity, apis::meta::v1::ObjectMeta},
};

use super::{Object, object};
use crate::{
    OperatorConfig,
    config::{Compute, ContainerLimits, Quota},
};

const NAME: &str = "dataplane";

pub(super) fn of_operator(config: &OperatorConfig) -> Vec<Object> {
    both(
        &object::meta(config, None, NAME),
        &config.quota,
        &config.limits,
    )
}

pub(super) fn both(metadata: &ObjectMeta, quota: &Quota, limits: &ContainerLimits) -> Vec<Object> {
    let hard: BTreeMap<String, Quantity> = quota
        .0
        .iter()
        .map(|(key, amount)| (key.to_string(), Quantity(amount.to_string())))
        .collect();
    let quota = (!hard.is_empty()).then(|| {
        Object::of(&ResourceQuota {
            metadata: metadata.clone(),
            spec: Some(ResourceQuotaSpec {
                hard: Some(hard),
                ..ResourceQuotaSpec::default()
            }),
            ..ResourceQuota::default()
        })
    });
    let range = Object::of(&LimitRange {
        metadata: metadata.clone(),
        spec: Some(LimitRangeSpec {
            limits: vec![LimitRangeItem {
                type_: "Container".to_owned(),
                default: Some(amounts(&limits.limits)),
                default_request: Some(amounts(&limits.requests)),
                ..LimitRangeItem::default()
            }],
        }),
    });
    quota.into_iter().chain([range]).collect()
}

fn amounts(compute: &Compute) -> BTreeMap<String, Quantity> {
    [("cpu", &compute.cpu), ("memory", &compute.memory)]
        .into_iter()
        .filter_map(|(name, amount)| {
            Some((name.to_owned(), Quantity(amount.as_ref()?.to_string())))
        })
        .collect()
}

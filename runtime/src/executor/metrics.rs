//! What `/metrics` tells of the executor.

use prometheus::{
    Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
};

const SECONDS: [f64; 12] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0,
];

/// The executor's metrics.
pub struct Metrics {
    /// Whether this pod is the one that works.
    pub leading: IntGauge,
    pub actions: IntGaugeVec,
    pub pending_events: IntGauge,
    pub pending_bytes: IntGauge,
    /// What became of looks at actions.
    pub reconciles: IntCounterVec,
    pub reconcile_seconds: Histogram,
    pub queue_wait_seconds: Histogram,
    pub queue_length: IntGauge,
    pub queue_age_seconds: IntGauge,
    pub unread_scopes: IntGauge,
    pub transitions: IntCounterVec,
    pub pods_created: IntCounter,
    pub pods_deleted: IntCounter,
    /// Pods that the API server did not let be, by why.
    pub pods_refused: IntCounterVec,
    pub system_failures: IntCounterVec,
    /// Calls of the Kubernetes API, by what for and what came of them.
    pub calls: IntCounterVec,
    pub collected: IntCounter,
    /// Aborted actions that went untold.
    pub untold: IntCounter,
}

impl Metrics {
    pub fn new(registry: &Registry) -> prometheus::Result<Self> {
        let metrics = Self {
            leading: IntGauge::new(
                "dataplane_executor_leading",
                "Whether this pod is the one that works.",
            )?,
            actions: gauges("dataplane_executor_actions", "Actions, by phase.", "phase")?,
            pending_events: IntGauge::new(
                "dataplane_executor_pending_events",
                "Events that the control plane has not taken yet.",
            )?,
            pending_bytes: IntGauge::new(
                "dataplane_executor_pending_bytes",
                "Bytes of what is remembered of actions, nearly all of it events that the control plane has not taken yet.",
            )?,
            reconciles: counters(
                "dataplane_executor_reconciles_total",
                "Looks at actions, by outcome.",
                &["outcome"],
            )?,
            reconcile_seconds: seconds(
                "dataplane_executor_reconcile_seconds",
                "Time that a look at an action takes.",
            )?,
            queue_wait_seconds: seconds(
                "dataplane_executor_queue_wait_seconds",
                "Time that an action waits for its turn.",
            )?,
            queue_length: IntGauge::new(
                "dataplane_executor_queue_length",
                "Actions that wait for their turn.",
            )?,
            queue_age_seconds: IntGauge::new(
                "dataplane_executor_queue_age_seconds",
                "For how long the action that waits longest has waited.",
            )?,
            unread_scopes: IntGauge::new(
                "dataplane_executor_unread_scopes",
                "Namespaces whose actions and pods are not known yet, so that nothing is done there; 1 for all of them.",
            )?,
            transitions: counters(
                "dataplane_executor_transitions_total",
                "Transitions of actions, by phase.",
                &["phase"],
            )?,
            pods_created: IntCounter::new(
                "dataplane_executor_pods_created_total",
                "Pods that were made.",
            )?,
            pods_deleted: IntCounter::new(
                "dataplane_executor_pods_deleted_total",
                "Pods that were deleted before the collection of their action.",
            )?,
            pods_refused: counters(
                "dataplane_executor_pods_refused_total",
                "Pods that the API server did not let be, by why.",
                &["reason"],
            )?,
            system_failures: counters(
                "dataplane_executor_system_failures_total",
                "Failures that were not the task's, by code.",
                &["code"],
            )?,
            calls: counters(
                "dataplane_executor_api_calls_total",
                "Calls of the Kubernetes API, by what for and what came of them.",
                &["call", "outcome"],
            )?,
            collected: IntCounter::new(
                "dataplane_executor_collected_total",
                "Finished actions whose resources were deleted because of their age.",
            )?,
            untold: IntCounter::new(
                "dataplane_executor_actions_untold_total",
                "Aborted actions whose resources went although the control plane was not told, since it took no events for too long.",
            )?,
        };
        metrics.register(registry)?;
        Ok(metrics)
    }

    fn register(&self, registry: &Registry) -> prometheus::Result<()> {
        let Self {
            leading,
            actions,
            pending_events,
            pending_bytes,
            reconciles,
            reconcile_seconds,
            queue_wait_seconds,
            queue_length,
            queue_age_seconds,
            unread_scopes,
            transitions,
            pods_created,
            pods_deleted,
            pods_refused,
            system_failures,
            calls,
            collected,
            untold,
        } = self;
        for gauge in [
            leading,
            pending_events,
            pending_bytes,
            queue_length,
            queue_age_seconds,
            unread_scopes,
        ] {
            registry.register(Box::new(gauge.clone()))?;
        }
        for counter in [pods_created, pods_deleted, collected, untold] {
            registry.register(Box::new(counter.clone()))?;
        }
        for counters in [
            reconciles,
            transitions,
            pods_refused,
            system_failures,
            calls,
        ] {
            registry.register(Box::new(counters.clone()))?;
        }
        for histogram in [reconcile_seconds, queue_wait_seconds] {
            registry.register(Box::new(histogram.clone()))?;
        }
        registry.register(Box::new(actions.clone()))?;
        Ok(())
    }
}

fn gauges(name: &str, help: &str, label: &str) -> prometheus::Result<IntGaugeVec> {
    IntGaugeVec::new(Opts::new(name, help), &[label])
}

fn counters(name: &str, help: &str, labels: &[&str]) -> prometheus::Result<IntCounterVec> {
    IntCounterVec::new(Opts::new(name, help), labels)
}

fn seconds(name: &str, help: &str) -> prometheus::Result<Histogram> {
    Histogram::with_opts(HistogramOpts::new(name, help).buckets(SECONDS.to_vec()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::executor::events::EventMetrics;

    const PREFIX: &str = "dataplane_executor";

    /// The names in a text, also those without what all begin with.
    fn named(text: &str) -> BTreeSet<String> {
        let rows = text
            .lines()
            .filter(|line| line.starts_with("| `dataplane_executor_"));
        let columns = rows.filter_map(|row| row.split('|').nth(1));
        let quoted = columns.flat_map(|column| column.split('`').skip(1).step_by(2));
        let bare = quoted.filter_map(|name| name.split('{').next());
        bare.map(|name| {
            if name.starts_with('_') {
                format!("{PREFIX}{name}")
            } else {
                name.to_owned()
            }
        })
        .collect()
    }

    #[test]
    fn the_tables_of_metrics_are_complete() {
        let registry = Registry::new();
        let metrics = Metrics::new(&registry).unwrap();
        let events = EventMetrics::new(&registry).unwrap();
        // What has labels is there once it was counted.
        metrics.actions.with_label_values(&["x"]).inc();
        for counters in [
            &metrics.reconciles,
            &metrics.transitions,
            &metrics.pods_refused,
            &metrics.system_failures,
            &events.calls,
        ] {
            counters.with_label_values(&["x"]).inc();
        }
        metrics.calls.with_label_values(&["x", "x"]).inc();
        let families = registry.gather();
        let told: BTreeSet<String> = families.iter().map(|f| f.name().to_owned()).collect();
        assert_eq!(told, named(include_str!("../../../docs/executor.md")));
    }
}

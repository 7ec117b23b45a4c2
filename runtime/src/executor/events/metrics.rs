//! What `/metrics` tells of events.

use prometheus::{Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, Opts, Registry};

/// What `/metrics` tells of events.
#[derive(Clone)]
pub struct EventMetrics {
    /// Events that the control plane took.
    pub taken: IntCounter,
    /// Events that it refused twice, which are given up.
    pub given_up: IntCounter,
    /// Calls, by their answer.
    pub calls: IntCounterVec,
    pub call_seconds: Histogram,
    /// Events that wait for a call.
    pub waiting: IntGauge,
    /// 1 unless the control plane is known to be away.
    pub reachable: IntGauge,
}

impl EventMetrics {
    pub fn new(registry: &Registry) -> prometheus::Result<Self> {
        let metrics = Self {
            taken: IntCounter::new(
                "dataplane_executor_events_delivered_total",
                "Events that the control plane took.",
            )?,
            given_up: IntCounter::new(
                "dataplane_executor_events_given_up_total",
                "Events that the control plane refused, also without their details.",
            )?,
            calls: IntCounterVec::new(
                Opts::new(
                    "dataplane_executor_event_calls_total",
                    "Calls that delivered events, by the answer.",
                ),
                &["answer"],
            )?,
            call_seconds: Histogram::with_opts(
                HistogramOpts::new(
                    "dataplane_executor_event_call_seconds",
                    "How long calls that deliver events take.",
                )
                .buckets(vec![0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 30.0]),
            )?,
            waiting: IntGauge::new(
                "dataplane_executor_events_waiting",
                "Events that wait for a call.",
            )?,
            reachable: IntGauge::new(
                "dataplane_executor_control_plane_reachable",
                "Whether the control plane takes events, as far as is known.",
            )?,
        };
        let Self {
            taken,
            given_up,
            calls,
            call_seconds,
            waiting,
            reachable,
        } = &metrics;
        registry.register(Box::new(taken.clone()))?;
        registry.register(Box::new(given_up.clone()))?;
        registry.register(Box::new(calls.clone()))?;
        registry.register(Box::new(call_seconds.clone()))?;
        registry.register(Box::new(waiting.clone()))?;
        registry.register(Box::new(reachable.clone()))?;
        reachable.set(1);
        Ok(metrics)
    }
}

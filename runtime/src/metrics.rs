//! What `/metrics` tells.

use std::time::{SystemTime, UNIX_EPOCH};

use prometheus::{
    Encoder, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder,
};

/// All metrics of the process.
pub struct Metrics {
    registry: Registry,
    /// 1 while the operator is registered and its heartbeats are answered.
    pub connected: IntGauge,
    pub registrations: IntCounter,
    /// Sessions that ended, by why.
    pub disconnections: IntCounterVec,
    pub heartbeats: IntCounter,
    pub status_reports: IntCounter,
    last_answer: IntGauge,
    /// 1 ready, 0 not, by component.
    pub components: IntGaugeVec,
}

impl Metrics {
    pub fn new() -> prometheus::Result<Self> {
        let registry = Registry::new();
        let metrics = Self {
            connected: IntGauge::new(
                "dataplane_control_plane_connected",
                "Whether the operator is registered and its heartbeats are answered.",
            )?,
            registrations: IntCounter::new(
                "dataplane_control_plane_registrations_total",
                "Registrations that the control plane accepted.",
            )?,
            disconnections: IntCounterVec::new(
                Opts::new(
                    "dataplane_control_plane_disconnections_total",
                    "Attempts and sessions that ended, by why.",
                ),
                &["reason"],
            )?,
            heartbeats: IntCounter::new(
                "dataplane_control_plane_heartbeats_total",
                "Heartbeats that the control plane answered.",
            )?,
            status_reports: IntCounter::new(
                "dataplane_control_plane_status_reports_total",
                "Status reports that the control plane accepted.",
            )?,
            last_answer: IntGauge::new(
                "dataplane_control_plane_last_answer_timestamp_seconds",
                "When the control plane last answered.",
            )?,
            components: IntGaugeVec::new(
                Opts::new(
                    "dataplane_component_ready",
                    "Whether all pods of a component are available.",
                ),
                &["component"],
            )?,
            registry,
        };
        let Self {
            registry,
            connected,
            registrations,
            disconnections,
            heartbeats,
            status_reports,
            last_answer,
            components,
        } = &metrics;
        registry.register(Box::new(connected.clone()))?;
        registry.register(Box::new(registrations.clone()))?;
        registry.register(Box::new(disconnections.clone()))?;
        registry.register(Box::new(heartbeats.clone()))?;
        registry.register(Box::new(status_reports.clone()))?;
        registry.register(Box::new(last_answer.clone()))?;
        registry.register(Box::new(components.clone()))?;
        let build = IntGaugeVec::new(
            Opts::new("dataplane_build_info", "Version of the operator."),
            &["version"],
        )?;
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        registry.register(Box::new(build))?;
        Ok(metrics)
    }

    /// Where a mode puts metrics of its own.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The control plane answered just now.
    pub fn answered(&self) {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs();
        self.last_answer.set(i64::try_from(now).unwrap_or(i64::MAX));
    }

    /// The text format of Prometheus.
    pub fn render(&self) -> prometheus::Result<Vec<u8>> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(text)
    }
}

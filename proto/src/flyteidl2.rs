//! The part of Flyte 2's messages that an executor reads and writes, written anew with the same packages, names and numbers.
//!
//! **Fields that are not here are dropped when a message is decoded**, as always with `prost`. So nothing that came from
//! somebody else is ever encoded anew: a task's template, its inputs, outputs and error, and a condition's value are passed on
//! as the very bytes that they came in, and decoded only to be looked at. What is encoded here is what the executor itself says
//! (events, requests to the cache). Where a message that is received carries one that is passed on, its field is declared as
//! bytes, which is the same on the wire: `CachedOutput.output_literals`. The acceptance tests hold these messages to the
//! published Python package of the same name, both ways.

/// Templates, values and types, errors, logs.
#[rustfmt::skip]
#[path = "gen/flyteidl2.core.rs"]
pub mod core;

/// Names and phases.
#[rustfmt::skip]
#[path = "gen/flyteidl2.common.rs"]
pub mod common;

/// Inputs and outputs.
#[rustfmt::skip]
#[path = "gen/flyteidl2.task.rs"]
pub mod task;

/// Events of actions, and who takes them.
#[rustfmt::skip]
#[path = "gen/flyteidl2.workflow.rs"]
pub mod workflow;

/// The cache of task results.
pub mod cacheservice {
    // Included, since the generated code of `v2` looks for this one's messages in its parent module.
    include!("gen/flyteidl2.cacheservice.rs");

    /// The service, version 2.
    pub mod v2 {
        include!("gen/flyteidl2.cacheservice.v2.rs");
    }
}

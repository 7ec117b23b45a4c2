//! Tests against the stand-in for Google Cloud, which keeps state, asks for permissions, evaluates conditions, and refuses what
//! Google's published descriptions do not allow.
//!
//! `make emulators` starts it and says which variable to set; without it these tests fail.
#![expect(
    clippy::unwrap_used,
    reason = "clippy takes only the functions with #[test] for tests"
)]

mod addresses;
mod calls;
mod conformance;
mod connectivity;
mod environment;
mod just_made;
mod keys;
mod left;
mod private;
mod project;
mod stranger;
mod words;

/// Where everything is made.
const REGION: &str = "europe-west4";

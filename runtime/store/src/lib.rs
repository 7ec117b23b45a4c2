//! The operator's access to the two buckets of a data plane: bounded reads, writes, signed URLs, on S3, Google Cloud Storage and
//! Azure Blob Storage.
//!
//! Credentials come from the pod's workload identity and from nowhere else. Only a store with an endpoint of its own
//! (`storage.endpoint`), which no cloud vouches for, takes keys from the environment.
//!
//! What is not there is a value; every other failure says which object, which call, the cloud's own code and what to do. Every
//! call ends: attempts are counted and time is limited.

#![warn(missing_docs, unreachable_pub)]

mod azure;
mod bucket;
pub mod download;
mod environment;
mod error;
mod gcs;
mod refusal;
mod s3;
mod session;
mod signed_url;
mod store;
mod transport;

pub use self::{
    environment::Environment,
    error::{Call, Failed, OpenError, StoreError, Why},
    refusal::Refusal,
    signed_url::{Method, SignedUrl},
    store::{Precondition, Room, Store, Written},
};

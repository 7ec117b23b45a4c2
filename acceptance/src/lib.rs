//! What the acceptance tests and the demo stand on: the real `terraform`, a real Kubernetes API server, emulators of AWS
//! that nobody here wrote, and stand-ins for Google Cloud, Azure and Flyte's control plane that their published descriptions
//! drive. Something missing is an error with a sentence, never a test that passes.

pub mod aws;
pub mod azure;
pub mod azurite;
pub mod cluster;
pub mod control_plane;
pub mod flyte;
pub mod forwarder;
pub mod google;
pub mod issuer;
pub mod node;
pub mod operator;
pub mod process;
pub mod setup;
pub mod shared;
pub mod tenants;
pub mod terraform;
pub mod wait;

//! Acceptance: the real Terraform with our provider, a real API server, and emulators of AWS. One binary, since linking
//! costs more than most of these tests; cluster and emulators are shared where a test hurts neither.

mod azure;
mod bad_input;
mod bench;
mod complete_byoc_aws;
mod complete_gitops;
mod complete_private_aws;
mod complete_sovereign;
mod data_plane;
mod egress;
mod eks;
mod environment;
mod examples;
mod executor;
mod faults;
mod fleet;
mod fleet_runs;
mod flyte_messages;
mod google;
mod identity;
mod inbound;
mod least_privilege;
mod life;
mod looked_up;
mod makefile;
mod private;
mod reviewer;
mod route;
mod substrate;
mod users_own;
mod variants;

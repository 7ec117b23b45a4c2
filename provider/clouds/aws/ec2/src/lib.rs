//! Private connectivity on AWS, by the SDK of EC2: in a crate of its own, since that SDK takes longer to build than all others
//! together, and nothing else of `clouds-aws` or its tests needs it.

pub mod states;

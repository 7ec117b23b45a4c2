//! Every function of the provider: a file, a `mod` line and a line in the list each.

mod cidr_overlaps;
mod object_prefix;
mod parse_uri;
mod service_account_subject;
mod service_accounts;

use framework::{AnyFunction, Function as _};

/// The one list of functions.
pub fn all() -> Vec<Box<dyn AnyFunction>> {
    vec![
        cidr_overlaps::CidrOverlaps.boxed(),
        object_prefix::ObjectPrefix.boxed(),
        parse_uri::ParseUri.boxed(),
        service_account_subject::ServiceAccountSubject.boxed(),
        service_accounts::ServiceAccounts.boxed(),
    ]
}

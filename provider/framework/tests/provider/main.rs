//! A small provider through the whole protocol layer, by the test kit.
#![expect(
    clippy::unwrap_used,
    reason = "clippy knows tests by their attribute, not the provider under test"
)]

mod ephemeral;
mod functions;
mod planning;
mod shelf;
mod state;
mod stopping;
mod validation;

use framework::Diagnostic;

/// The only diagnostic, as "summary | detail".
fn only(diagnostics: &[Diagnostic]) -> String {
    match diagnostics {
        [one] => format!("{} | {}", one.summary, one.detail),
        other => panic!("expected one diagnostic, got {other:?}"),
    }
}

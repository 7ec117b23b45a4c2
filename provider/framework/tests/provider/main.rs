//! A small provider through the whole protocol layer, by the test kit.

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

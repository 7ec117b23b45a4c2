//! Panics: one inside a request fails that request alone, any other is printed as Terraform expects of a crash.

use std::any::Any;
use std::backtrace::Backtrace;
use std::future::Future;
use std::io::Write;
use std::panic::{AssertUnwindSafe, PanicHookInfo};
use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt;

use crate::{Diagnostic, Result};

tokio::task_local! {
    /// Where the hook leaves the text of a panic that the request's guard will report.
    static REQUEST: Arc<Mutex<Option<String>>>;
}

/// Installs the hook, once and at the start of the process.
pub(crate) fn install_hook() {
    std::panic::set_hook(Box::new(|panic| {
        let text = describe(panic);
        let in_request = REQUEST.try_with(|slot| {
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(text.clone());
        });
        if in_request.is_ok() {
            tracing::error!(backtrace = %Backtrace::capture(), "a request panicked: {text}");
        } else {
            let report = crash_report(&text, &Backtrace::force_capture());
            // Nothing is left to do about a standard error that is closed.
            let _ = std::io::stderr().lock().write_all(report.as_bytes());
        }
    }));
}

/// Runs one request; a panic in it becomes its error.
///
/// Tasks that the request spawns are on their own: their panics arrive as join errors.
pub(crate) async fn guard<T>(request: impl Future<Output = Result<T>>) -> Result<T> {
    let slot = Arc::new(Mutex::new(None));
    let guarded = REQUEST.scope(Arc::clone(&slot), AssertUnwindSafe(request).catch_unwind());
    guarded.await.unwrap_or_else(|payload| {
        let described = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
        let text = described.unwrap_or_else(|| message(payload.as_ref()));
        let detail = format!(
            "{text}\n\nThis is a bug in the provider: please report it with these lines and the configuration. The \
             provider goes on; whether this request had an effect is not known."
        );
        Err(Diagnostic::error("The provider panicked", detail).into())
    })
}

/// What Terraform shows when the process fails: the lines from one that begins with "panic: " on.
fn crash_report(text: &str, backtrace: &Backtrace) -> String {
    format!("panic: {text}\n\n{backtrace}\n")
}

fn describe(panic: &PanicHookInfo<'_>) -> String {
    let thread = std::thread::current();
    let thread = thread.name().unwrap_or("unnamed");
    let place = panic
        .location()
        .map_or_else(String::new, |location| format!(" at {location}"));
    format!("{} (thread {thread}{place})", message(panic.payload()))
}

fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic without a message").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crash_is_reported_as_terraform_expects() {
        assert!(crash_report("boom", &Backtrace::disabled()).starts_with("panic: boom\n\n"));
    }

    #[tokio::test]
    async fn a_panic_is_the_error_of_its_request_alone() {
        let quiet = guard(async { Ok(1) });
        let loud = guard::<i32>(async {
            tokio::task::yield_now().await;
            panic!("index {} out of range", 3)
        });
        let (quiet, loud) = tokio::join!(quiet, loud);
        assert_eq!(quiet.unwrap(), 1);
        let diagnostics = loud.unwrap_err();
        assert!(
            diagnostics.to_string().contains("index 3 out of range"),
            "{diagnostics}"
        );
    }
}

//! Logs in the form that Terraform reads: one JSON object per line on standard error.
//!
//! Silent unless `TF_LOG`, `TF_LOG_PROVIDER` or `TF_LOG_PROVIDER_<NAME>` asks for more, and without cost then: Terraform
//! parses every line of a plugin, wanted or not.

mod line;
mod secrets;
mod sensitive;

use std::fmt;
use std::io::Write;

use serde_json::{Map, Value as Json};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

pub(crate) use secrets::hide;
pub use sensitive::Sensitive;

/// Libraries that tell more than is of use below this level, and at trace even what they send.
const QUIET: [(&str, LevelFilter); 12] = [
    ("aws_", LevelFilter::INFO),
    ("h2", LevelFilter::WARN),
    ("hyper", LevelFilter::WARN),
    ("kube_client", LevelFilter::INFO),
    ("mio", LevelFilter::WARN),
    ("reqwest", LevelFilter::INFO),
    ("rustls", LevelFilter::WARN),
    ("tokio", LevelFilter::WARN),
    ("tonic", LevelFilter::WARN),
    ("tower", LevelFilter::WARN),
    ("want", LevelFilter::WARN),
    ("webpki", LevelFilter::WARN),
];

/// Sends the process's tracing events to standard error, if any are wanted.
pub(crate) fn install(level: LevelFilter, provider: &str) {
    if level == LevelFilter::OFF {
        return;
    }
    let mut targets = Targets::new().with_default(level);
    for (target, most) in QUIET {
        targets = targets.with_target(target, level.min(most));
    }
    let layer = Hclog::new(provider, std::io::stderr).with_filter(targets);
    // An error means that the embedding program has a subscriber of its own, which then gets the events.
    let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer));
}

/// The level that the environment asks for: the most specific variable that is set wins.
pub(crate) fn level(
    specific: Option<&str>,
    providers: Option<&str>,
    everything: Option<&str>,
) -> LevelFilter {
    let asked = [specific, providers, everything]
        .into_iter()
        .flatten()
        .find(|value| !value.is_empty());
    match asked.map(str::to_ascii_uppercase).as_deref() {
        None | Some("OFF") => LevelFilter::OFF,
        Some("ERROR") => LevelFilter::ERROR,
        Some("WARN") => LevelFilter::WARN,
        Some("INFO") => LevelFilter::INFO,
        Some("DEBUG") => LevelFilter::DEBUG,
        // Terraform takes "JSON", and whatever it does not know, for everything.
        Some(_) => LevelFilter::TRACE,
    }
}

/// The layer that writes events, with the fields of the spans around them, as hclog's JSON lines.
struct Hclog<W> {
    module: String,
    writer: W,
}

impl<W> Hclog<W> {
    fn new(provider: &str, writer: W) -> Self {
        Self {
            module: format!("provider.{provider}"),
            writer,
        }
    }
}

impl<S, W, O> Layer<S> for Hclog<W>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    W: Fn() -> O + 'static,
    O: Write,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            let mut fields = Fields::default();
            attributes.record(&mut fields);
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        for span in context
            .event_scope(event)
            .into_iter()
            .flat_map(tracing_subscriber::registry::Scope::from_root)
        {
            if let Some(of_span) = span.extensions().get::<Fields>() {
                fields.0.extend(
                    of_span
                        .0
                        .iter()
                        .map(|(name, value)| (name.clone(), value.clone())),
                );
            }
        }
        event.record(&mut fields);
        let message = match fields.0.remove("message") {
            Some(Json::String(text)) => text,
            Some(other) => other.to_string(),
            None => String::new(),
        };
        fields
            .0
            .insert("target".to_owned(), event.metadata().target().into());
        for value in fields.0.values_mut() {
            if let Json::String(text) = value {
                *text = secrets::mask(std::mem::take(text));
            }
        }
        let line = line::render(
            name(*event.metadata().level()),
            &self.module,
            &secrets::mask(message),
            fields.0,
        );
        // A closed standard error is no reason to fail a request.
        let _ = (self.writer)().write_all(line.as_bytes());
    }
}

fn name(level: Level) -> &'static str {
    match level {
        Level::TRACE => "trace",
        Level::DEBUG => "debug",
        Level::INFO => "info",
        Level::WARN => "warn",
        Level::ERROR => "error",
    }
}

/// Fields by name, masked where the name says that the value is a secret.
#[derive(Default)]
struct Fields(Map<String, Json>);

impl Fields {
    fn put(&mut self, field: &Field, value: impl FnOnce() -> Json) {
        let value = if sensitive::is_secret(field.name()) {
            sensitive::MASK.into()
        } else {
            value()
        };
        self.0.insert(field.name().to_owned(), value);
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, || format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, || value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, || value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, || value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, || value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, || value.into());
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Captured(Arc<Mutex<Vec<u8>>>);

    impl Write for Captured {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(act: impl FnOnce()) -> Vec<Json> {
        let captured = Captured::default();
        let writer = captured.clone();
        let layer = Hclog::new("x", move || writer.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), act);
        let text = String::from_utf8(captured.0.lock().unwrap().clone()).unwrap();
        assert!(text.is_empty() || text.ends_with('\n'));
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    #[test]
    fn a_line_is_what_terraform_parses() {
        let lines = logged(|| {
            let span = tracing::info_span!("rpc", verb = "create", id = tracing::field::Empty);
            let _entered = span.enter();
            span.record("id", "b-1");
            tracing::warn!(attempt = 3, "bucket {} is not there yet", "b-1");
        });
        let line = &lines[0];
        assert_eq!(line["@level"], "warn");
        assert_eq!(line["@message"], "bucket b-1 is not there yet");
        assert_eq!(line["@module"], "provider.x");
        assert_eq!(line["verb"], "create");
        assert_eq!(line["id"], "b-1");
        assert_eq!(line["attempt"].to_string(), "3");
        let timestamp = line["@timestamp"].as_str().unwrap();
        assert_eq!(
            timestamp.len(),
            "2006-01-02T15:04:05.000000Z".len(),
            "{timestamp}"
        );
        assert!(timestamp.parse::<jiff::Timestamp>().is_ok());
    }

    #[test]
    fn the_message_is_a_string_whatever_was_logged() {
        let lines = logged(|| tracing::info!(message = 42));
        assert_eq!(lines[0]["@message"], "42");
    }

    #[test]
    fn secrets_are_masked_by_name_and_by_type() {
        let lines = logged(|| {
            let password = Sensitive::from("hunter2".to_owned());
            tracing::info!(client_secret = "hunter2", given = ?password, "logging in with {password}");
        });
        assert!(!lines[0].to_string().contains("hunter2"));
        assert_eq!(lines[0]["client_secret"], "(sensitive)");
        assert_eq!(lines[0]["@message"], "logging in with (sensitive)");
    }

    /// What has secrets.
    #[derive(crate::Model, Clone, Debug, Default, PartialEq)]
    struct Keeper {
        /// Its name.
        #[attr(required)]
        name: crate::Value<String>,
        /// What it keeps.
        #[attr(optional)]
        safes: crate::Value<std::collections::BTreeMap<String, Safe>>,
    }

    /// Where a secret is.
    #[derive(crate::Model, Clone, Debug, Default, PartialEq)]
    struct Safe {
        /// Opens it.
        #[attr(optional, write_only)]
        combination: crate::Value<String>,
        /// What is inside.
        #[attr(optional, sensitive)]
        inside: crate::Value<Vec<String>>,
    }

    #[test]
    fn values_of_sensitive_attributes_are_masked_wherever_they_stand() {
        use crate::{Attribute, Model};
        let safe = Safe {
            combination: "11-22-33".into(),
            inside: vec!["two\nlines".to_owned(), "x".to_owned()].into(),
        };
        let keeper = Keeper {
            name: "porter".into(),
            safes: std::collections::BTreeMap::from([("front".to_owned(), safe)]).into(),
        };
        let lines = logged(|| {
            hide(Keeper::schema(), &keeper.encode());
            tracing::info!(answer = ?["two\nlines"], "the porter turns to 11-22-33, finding x");
        });
        assert_eq!(
            lines[0]["@message"],
            "the porter turns to (sensitive), finding x"
        );
        assert_eq!(lines[0]["answer"], "[\"(sensitive)\"]");
    }

    #[test]
    fn the_most_specific_variable_wins() {
        assert_eq!(level(None, None, None), LevelFilter::OFF);
        assert_eq!(level(None, None, Some("debug")), LevelFilter::DEBUG);
        assert_eq!(level(None, Some("off"), Some("trace")), LevelFilter::OFF);
        assert_eq!(
            level(Some("WARN"), Some("ERROR"), Some("TRACE")),
            LevelFilter::WARN
        );
        assert_eq!(level(Some(""), None, Some("JSON")), LevelFilter::TRACE);
    }
}

//! What goes wrong, as Terraform shows it: errors and warnings with the attribute they are about.

use std::error::Error;
use std::fmt;

use dataplane_proto::tfplugin6;

use crate::AttributePath;

/// The result of everything a provider does: a value, or why there is none.
pub type Result<T> = std::result::Result<T, Diagnostics>;

/// How bad a [`Diagnostic`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Severity {
    /// The operation failed.
    Error,
    /// The operation went on.
    Warning,
}

/// One message to the person who runs Terraform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Whether it is an error or a warning.
    pub severity: Severity,
    /// A title of a few words. Empty until [`Diagnostics::summarize`] fills it in for errors that came by `?`.
    pub summary: String,
    /// What happened, to which object, and what to do about it.
    pub detail: String,
    /// The attribute it is about; without one Terraform shows the whole block.
    pub path: Option<AttributePath>,
}

impl Diagnostic {
    /// An error about the whole resource.
    pub fn error(summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            summary: summary.into(),
            detail: detail.into(),
            path: None,
        }
    }

    /// A warning about the whole resource.
    pub fn warning(summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(summary, detail)
        }
    }

    /// The same message about one attribute.
    #[must_use]
    pub fn at(mut self, path: AttributePath) -> Self {
        self.path = Some(path);
        self
    }

    /// The message in the protocol's form.
    #[must_use]
    pub fn to_proto(&self) -> tfplugin6::Diagnostic {
        use tfplugin6::diagnostic::Severity as Proto;
        let severity = match self.severity {
            Severity::Error => Proto::Error,
            Severity::Warning => Proto::Warning,
        };
        let (summary, detail) = match (self.summary.as_str(), self.detail.as_str()) {
            ("", detail) => (detail, ""),
            both => both,
        };
        let path = self.path.as_ref().filter(|path| !path.is_root());
        let shown = path.map(AttributePath::shown);
        // What Terraform cannot underline is named.
        let named = path.filter(|path| shown.as_ref() != Some(*path));
        let detail = match (detail, named) {
            (detail, None) => detail.to_owned(),
            ("", Some(path)) => format!("{ATTRIBUTE}{path}"),
            (detail, Some(path)) => format!("{detail}\n\n{ATTRIBUTE}{path}"),
        };
        tfplugin6::Diagnostic {
            severity: severity.into(),
            summary: summary.to_owned(),
            detail,
            attribute: shown.as_ref().map(AttributePath::to_proto),
        }
    }
}

/// What stands before the whole path of an attribute that Terraform cannot underline.
pub(crate) const ATTRIBUTE: &str = "Attribute: ";

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        })?;
        if let Some(path) = &self.path {
            write!(f, " at {path}")?;
        }
        for part in [&self.summary, &self.detail]
            .into_iter()
            .filter(|part| !part.is_empty())
        {
            write!(f, ": {part}")?;
        }
        Ok(())
    }
}

/// Messages to the person who runs Terraform, in the order they arose.
///
/// Any [`std::error::Error`] becomes one by `?`, with the text of its whole chain of sources; the framework adds the
/// summary, for it knows which resource was being worked on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// None.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a message.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// Adds an error about the whole resource.
    pub fn error(&mut self, summary: impl Into<String>, detail: impl Into<String>) {
        self.push(Diagnostic::error(summary, detail));
    }

    /// Adds an error about one attribute.
    pub fn error_at(
        &mut self,
        path: AttributePath,
        summary: impl Into<String>,
        detail: impl Into<String>,
    ) {
        self.push(Diagnostic::error(summary, detail).at(path));
    }

    /// Adds a warning about the whole resource.
    pub fn warning(&mut self, summary: impl Into<String>, detail: impl Into<String>) {
        self.push(Diagnostic::warning(summary, detail));
    }

    /// Whether any of them is an error.
    #[must_use]
    pub fn has_error(&self) -> bool {
        self.iter()
            .any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// Whether there are none, not even warnings.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The messages in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.0.iter()
    }

    /// Attaches a path to those that have none.
    #[must_use]
    pub fn at(mut self, path: &AttributePath) -> Self {
        for diagnostic in &mut self.0 {
            diagnostic.path.get_or_insert_with(|| path.clone());
        }
        self
    }

    /// Prefixes the paths of all, for messages that a nested part made about itself.
    #[must_use]
    pub fn within(mut self, path: &AttributePath) -> Self {
        for diagnostic in &mut self.0 {
            let inner = diagnostic.path.take().unwrap_or_default();
            diagnostic.path = Some(path.clone().join(&inner));
        }
        self
    }

    /// Gives those without a summary this one, such as `creating x_bucket (my-name)`.
    #[must_use]
    pub fn summarize(mut self, summary: &str) -> Self {
        for diagnostic in self
            .0
            .iter_mut()
            .filter(|diagnostic| diagnostic.summary.is_empty())
        {
            summary.clone_into(&mut diagnostic.summary);
        }
        self
    }

    /// `Err` of all when one is an error, else the value; warnings are then lost, so take them out first.
    pub fn into_result<T>(self, value: T) -> Result<T> {
        if self.has_error() {
            Err(self)
        } else {
            Ok(value)
        }
    }

    /// All messages in the protocol's form.
    #[must_use]
    pub fn to_proto(&self) -> Vec<tfplugin6::Diagnostic> {
        self.iter().map(Diagnostic::to_proto).collect()
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, diagnostic) in self.iter().enumerate() {
            write!(f, "{}{diagnostic}", if at == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

// `Diagnostics` does not implement `Error` itself: this conversion and the reflexive one would overlap.
impl<E: Error + 'static> From<E> for Diagnostics {
    fn from(error: E) -> Self {
        Diagnostic::error("", chain(&error)).into()
    }
}

/// The error and its sources, each said once: some errors print their source themselves.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self(vec![diagnostic])
    }
}

impl FromIterator<Diagnostic> for Diagnostics {
    fn from_iter<I: IntoIterator<Item = Diagnostic>>(diagnostics: I) -> Self {
        Self(diagnostics.into_iter().collect())
    }
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<I: IntoIterator<Item = Diagnostic>>(&mut self, diagnostics: I) {
        self.0.extend(diagnostics);
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path;

    #[derive(Debug, thiserror::Error)]
    #[error("reading bucket logs-1")]
    struct Outer(#[source] Inner);

    #[derive(Debug, thiserror::Error)]
    #[error("AccessDenied (request 4711)")]
    struct Inner;

    fn fails() -> Result<()> {
        Err(Outer(Inner))?;
        Ok(())
    }

    #[test]
    fn an_error_keeps_its_sources_and_gets_a_summary() {
        let diagnostics = fails().unwrap_err().summarize("reading x_bucket (logs-1)");
        let proto = diagnostics.to_proto();
        assert_eq!(proto[0].summary, "reading x_bucket (logs-1)");
        assert_eq!(
            proto[0].detail,
            "reading bucket logs-1: AccessDenied (request 4711)"
        );
        assert_eq!(proto[0].severity, 1);
        assert_eq!(proto[0].attribute, None);
    }

    #[test]
    fn paths_are_attached_once_and_prefixed_always() {
        let mut diagnostics = Diagnostics::new();
        diagnostics.error_at(path!("a"), "x", "");
        diagnostics.warning("y", "");
        let paths = |diagnostics: &Diagnostics| -> Vec<String> {
            diagnostics
                .iter()
                .map(|d| d.path.clone().unwrap_or_default().to_string())
                .collect()
        };
        assert_eq!(paths(&diagnostics.clone().at(&path!("b"))), ["a", "b"]);
        assert_eq!(
            paths(&diagnostics.within(&path!("b", 0))),
            ["b[0].a", "b[0]"]
        );
    }

    #[test]
    fn warnings_alone_are_no_failure() {
        let mut diagnostics = Diagnostics::new();
        diagnostics.warning("y", "");
        assert!(diagnostics.clone().into_result(1).is_ok());
        diagnostics.error("x", "");
        assert!(diagnostics.into_result(1).is_err());
    }
}

//! Reading the document, with the line and the field of what is wrong.

use super::OperatorConfig;

/// Why a configuration is refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{field}: {reason}", .line.map(|line| format!("line {line}: ")).unwrap_or_default())]
pub struct ConfigError {
    /// Line of the document, when it was read from text.
    pub line: Option<u64>,
    /// Path of the field: `storage.metadata`; `.` for the whole document.
    pub field: String,
    /// What is wrong with it, and what would be right.
    pub reason: String,
}

impl ConfigError {
    pub(super) fn field(field: &str, reason: &str) -> Self {
        Self {
            line: None,
            field: field.to_owned(),
            reason: reason.to_owned(),
        }
    }
}

impl OperatorConfig {
    /// Reads and validates a document in YAML (or JSON, which is YAML too).
    ///
    /// # Errors
    /// The first field that is wrong, with its line.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let mut field = ".".to_owned();
        let config: Self = serde_saphyr::with_deserializer_from_str(text, |deserializer| {
            serde_path_to_error::deserialize(deserializer).map_err(|error| {
                error.path().to_string().clone_into(&mut field);
                error.into_inner()
            })
        })
        .map_err(|error| ConfigError {
            line: error
                .location()
                .map(|location| location.line())
                .filter(|line| *line > 0),
            field,
            reason: plain(&error),
        })?;
        config.validate()?;
        Ok(config)
    }

    /// Reads and validates a document that was parsed already.
    ///
    /// # Errors
    /// The first field that is wrong.
    pub fn from_value(document: serde_json::Value) -> Result<Self, ConfigError> {
        let config: Self =
            serde_path_to_error::deserialize(document).map_err(|error| ConfigError {
                line: None,
                field: error.path().to_string(),
                reason: error.inner().to_string(),
            })?;
        config.validate()?;
        Ok(config)
    }
}

/// The message without the excerpt of the document that the parser can add.
fn plain(error: &serde_saphyr::Error) -> String {
    error.without_snippet().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifests::example;

    #[track_caller]
    fn refused(change: (&str, &str)) -> String {
        let document = example::DOCUMENT.replace(change.0, change.1);
        assert_ne!(document, example::DOCUMENT, "the change must apply");
        OperatorConfig::parse(&document).unwrap_err().to_string()
    }

    #[test]
    fn a_certificate_that_is_none_is_told_before_it_is_used() {
        let error = refused((
            "storage:",
            "  ca_certificate: |\n    -----BEGIN CERTIFICATE-----\n    !\n    -----END CERTIFICATE-----\nstorage:",
        ));
        assert!(
            error.contains("control_plane.ca_certificate") && error.contains("base64"),
            "{error}"
        );
    }

    #[test]
    fn what_is_wrong_is_told_with_line_and_field() {
        let error = refused((
            "image: registry.example/dataplane/operator:v0.1.0",
            "image: registry.example/dataplane/operator",
        ));
        assert!(
            error.contains("line ")
                && error.contains("image: ")
                && error.contains("neither tag nor digest"),
            "{error}"
        );
        let error = refused((
            "metadata: s3://acme-metadata",
            "metadata: https://acme-metadata",
        ));
        assert!(
            error.contains("storage.metadata") && error.contains("s3://<bucket>"),
            "{error}"
        );
        let error = refused(("cluster_name:", "clustername:"));
        assert!(error.contains("clustername"), "{error}");
        let error = refused(("endpoint: https://", "endpoint: http://"));
        assert!(error.contains("control_plane.endpoint"), "{error}");
    }

    #[test]
    fn parts_that_do_not_fit_together_are_refused() {
        let error = refused((
            "fast_registration: s3://acme-bundles",
            "fast_registration: gs://acme-bundles",
        ));
        assert!(error.starts_with("storage.fast_registration: "), "{error}");
        let low = format!(
            "{}permissions: low\ncomponents: {{ executor: {{}} }}\n",
            example::DOCUMENT
        );
        let error = OperatorConfig::parse(&low).unwrap_err();
        assert_eq!(error.field, "components.executor.namespaces");
        let named = low.replace("executor: {}", "executor: { namespaces: [fraud-staging] }");
        assert!(OperatorConfig::parse(&named).is_ok());
        let document = example::DOCUMENT.replace("s3://", "gs://");
        let error = OperatorConfig::parse(&document).unwrap_err();
        assert_eq!(error.field, "roles.admin");
    }

    #[test]
    fn a_document_that_is_no_mapping_is_refused() {
        assert!(OperatorConfig::parse("").is_err());
        assert!(OperatorConfig::parse("- a\n").is_err());
        assert!(OperatorConfig::parse("a: [").is_err());
    }

    #[test]
    fn what_is_written_is_read_back() {
        let config = example::config();
        let value = serde_json::to_value(&config).unwrap();
        assert_eq!(
            OperatorConfig::parse(&crate::yaml::to_string(&value)).unwrap(),
            config
        );
        assert_eq!(OperatorConfig::from_value(value).unwrap(), config);
    }
}

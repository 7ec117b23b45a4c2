//! How far Azure is with an object: its `provisioningState`, in whatever letter case.

/// What a state means; what has none is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Provisioning {
    Done,
    Changing,
    Deleting,
    /// The last change failed or was broken off.
    Failed,
}

impl Provisioning {
    /// None of a word that is not known.
    pub(crate) fn of(text: Option<&str>) -> Option<Self> {
        Some(
            match text.unwrap_or_default().to_ascii_lowercase().as_str() {
                "" | "succeeded" => Self::Done,
                "creating" | "updating" => Self::Changing,
                "deleting" => Self::Deleting,
                "failed" | "canceled" => Self::Failed,
                _ => return None,
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_azure_in_any_letters() {
        for (text, state) in [
            (None, Some(Provisioning::Done)),
            (Some(""), Some(Provisioning::Done)),
            (Some("Succeeded"), Some(Provisioning::Done)),
            (Some("UPDATING"), Some(Provisioning::Changing)),
            (Some("Creating"), Some(Provisioning::Changing)),
            (Some("Deleting"), Some(Provisioning::Deleting)),
            (Some("Canceled"), Some(Provisioning::Failed)),
            (Some("failed"), Some(Provisioning::Failed)),
            (Some("Resting"), None),
        ] {
            assert_eq!(Provisioning::of(text), state, "{text:?}");
        }
    }
}

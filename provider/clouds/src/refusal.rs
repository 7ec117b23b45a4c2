//! What a cloud does not take of something wanted, said before anything is called.

use std::fmt;

use crate::names::ParseError;

/// One argument that this cloud does not take as it is, and why. Found without a call, so that a plan can say it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Which: the name of the field in the types of its capability.
    pub field: &'static str,
    /// Why, and what to write instead, as a sentence.
    pub reason: String,
}

impl Refusal {
    /// A refusal of this field.
    pub fn new(field: &'static str, reason: impl Into<String>) -> Self {
        Self {
            field,
            reason: reason.into(),
        }
    }

    /// The refusal of a name that breaks a rule of this cloud, if it does.
    pub fn of_text(field: &'static str, checked: Result<(), ParseError>) -> Option<Self> {
        checked
            .err()
            .map(|error| Self::new(field, error.to_string()))
    }

    /// The refusal of something that was given although this cloud has no such thing.
    pub fn of_given<T>(field: &'static str, given: Option<&T>, reason: &str) -> Option<Self> {
        given.map(|_| Self::new(field, reason))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.reason)
    }
}

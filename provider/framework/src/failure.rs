//! Failed creates and updates that keep what exists.

use crate::Diagnostics;

/// The result of a create or an update.
pub type Applied<M> = std::result::Result<M, Failure<M>>;

/// Why a create or an update failed, and what there is nevertheless.
///
/// `?` makes one without a partial state: right as long as nothing exists. From the moment a remote id is known use
/// [`Keep::keep`], or the object is lost to Terraform.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure<M> {
    /// What went wrong.
    pub diagnostics: Diagnostics,
    /// What exists by now. After a create it is stored as tainted, after an update it replaces the prior state.
    pub partial: Option<M>,
}

impl<M> From<Diagnostics> for Failure<M> {
    fn from(diagnostics: Diagnostics) -> Self {
        Self {
            diagnostics,
            partial: None,
        }
    }
}

impl<M, E: std::error::Error + 'static> From<E> for Failure<M> {
    fn from(error: E) -> Self {
        Diagnostics::from(error).into()
    }
}

/// Adds to an error what exists by now.
pub trait Keep<T> {
    /// The value, or a failure that keeps `made` in the state.
    fn keep<M: Clone>(self, made: &M) -> std::result::Result<T, Failure<M>>;
}

impl<T, E: Into<Diagnostics>> Keep<T> for std::result::Result<T, E> {
    fn keep<M: Clone>(self, made: &M) -> std::result::Result<T, Failure<M>> {
        self.map_err(|error| Failure {
            diagnostics: error.into(),
            partial: Some(made.clone()),
        })
    }
}

//! What is wrong in an encoded value, and where: built only when decoding or encoding fails.

use std::fmt::Display;

use crate::{AttributePath, Diagnostic, Diagnostics, Step};

/// A fault in an encoded value. The steps are collected from the fault outwards while the recursion unwinds.
#[derive(Debug)]
pub(crate) struct Malformed {
    inner_first: Vec<Step>,
    problem: String,
}

/// The result of encoding or decoding a part of a value.
pub(crate) type Outcome<T> = Result<T, Malformed>;

impl Malformed {
    pub(crate) fn new(problem: impl Into<String>) -> Self {
        Self {
            inner_first: Vec::new(),
            problem: problem.into(),
        }
    }

    /// The same fault, seen from one level further out.
    pub(crate) fn inside(mut self, step: impl Into<Step>) -> Self {
        self.inner_first.push(step.into());
        self
    }

    pub(crate) fn into_diagnostics(self, summary: &str) -> Diagnostics {
        let path: AttributePath = self.inner_first.into_iter().rev().collect();
        let detail = if path.is_root() {
            self.problem
        } else {
            format!("{path}: {}", self.problem)
        };
        Diagnostic::error(summary, detail).at(path).into()
    }
}

impl<E: Display> From<E> for Malformed {
    fn from(error: E) -> Self {
        Self::new(error.to_string())
    }
}

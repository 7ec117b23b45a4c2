//! What the tests of one binary share: made by the first who asks.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use anyhow::{Result, anyhow};

/// How long a shared value stays when nobody uses it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Keep {
    /// For what the kernel ends with us: nothing drops a static.
    ToTheEnd,
    /// For what has to be cleaned up.
    WhileUsed,
}

/// A value that is made once for all who use it at the same time.
pub struct Shared<T>(Mutex<Slot<T>>);

struct Slot<T> {
    value: Weak<T>,
    kept: Option<Arc<T>>,
    failure: Option<String>,
}

impl<T> Shared<T> {
    pub const fn new() -> Self {
        Self(Mutex::new(Slot {
            value: Weak::new(),
            kept: None,
            failure: None,
        }))
    }

    /// The value, or, to all who ask, why it could not be made.
    pub fn get(&self, keep: Keep, make: impl FnOnce() -> Result<T>) -> Result<Arc<T>> {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(failure) = &slot.failure {
            return Err(anyhow!("{failure}"));
        }
        if let Some(value) = slot.value.upgrade() {
            return Ok(value);
        }
        match make() {
            Ok(value) => {
                let value = Arc::new(value);
                slot.value = Arc::downgrade(&value);
                slot.kept = (keep == Keep::ToTheEnd).then(|| Arc::clone(&value));
                Ok(value)
            }
            Err(error) => {
                slot.failure = Some(format!("{error:#}"));
                Err(error)
            }
        }
    }
}

impl<T> Default for Shared<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_while_used_is_made_again() {
        let (kept, lent) = (Shared::new(), Shared::new());
        for expected in [1, 2] {
            assert_eq!(*kept.get(Keep::ToTheEnd, || Ok(1)).unwrap(), 1);
            let value = lent.get(Keep::WhileUsed, || Ok(expected)).unwrap();
            assert_eq!(
                (*value, *lent.get(Keep::WhileUsed, || Ok(0)).unwrap()),
                (expected, expected)
            );
        }
    }

    #[test]
    fn a_failure_is_told_to_all() {
        let shared = Shared::<()>::new();
        for _ in 0..2 {
            let error = shared
                .get(Keep::ToTheEnd, || Err(anyhow!("no room")))
                .unwrap_err();
            assert_eq!(error.to_string(), "no room");
        }
    }
}

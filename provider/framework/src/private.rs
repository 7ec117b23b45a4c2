//! What a provider remembers beside the state: Terraform stores it and hands it back, but never shows it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use crate::{Diagnostic, Result};

/// JSON values by key. It survives from plan to apply, and from apply to the next plan.
#[derive(Debug, Default)]
pub struct Private(Mutex<BTreeMap<String, Json>>);

impl Private {
    /// Reads what an earlier answer carried.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self> {
        if bytes.is_empty() {
            return Ok(Self::default());
        }
        match serde_json::from_slice(bytes) {
            Ok(entries) => Ok(Self(Mutex::new(entries))),
            Err(error) => Err(Diagnostic::error(
                "Unreadable private state",
                format!("the provider's private part of the state is damaged or was written by another provider: {error}"),
            )
            .into()),
        }
    }

    /// The bytes for Terraform to keep; none when there is nothing to remember.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let entries = self.lock();
        if entries.is_empty() {
            return Vec::new();
        }
        Json::from_iter(entries.clone()).to_string().into_bytes()
    }

    /// The value of a key.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>> {
        let value = self.lock().get(key).cloned();
        Ok(value.map(serde_json::from_value).transpose()?)
    }

    /// Sets the value of a key.
    pub fn set<T: Serialize + ?Sized>(&self, key: &str, value: &T) -> Result<()> {
        let value = serde_json::to_value(value)?;
        self.lock().insert(key.to_owned(), value);
        Ok(())
    }

    /// Forgets a key.
    pub fn remove(&self, key: &str) {
        self.lock().remove(key);
    }

    // Single map operations can't leave the map half changed, so a panic elsewhere doesn't spoil it.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Json>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_survive_and_nothing_takes_no_bytes() {
        let private = Private::decode(b"").unwrap();
        assert_eq!(private.encode(), b"");
        private.set("operation", "op-1").unwrap();
        let again = Private::decode(&private.encode()).unwrap();
        assert_eq!(
            again.get::<String>("operation").unwrap().as_deref(),
            Some("op-1")
        );
        assert!(again.get::<u8>("operation").is_err());
        again.remove("operation");
        assert_eq!(again.encode(), b"");
        assert!(Private::decode(b"[").is_err());
    }
}

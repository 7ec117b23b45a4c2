//! How long the commands, arguments and environments of a pod may be together.

use super::BuildError;

/// Bytes that are left. The API server keeps no pod of more than about a megabyte and a half.
pub(super) struct Room(usize);

impl Room {
    /// Of a whole pod.
    const WHOLE: usize = 1 << 20;

    pub(super) fn new() -> Self {
        Self(Self::WHOLE)
    }

    /// Takes so many bytes of it; or says that there are not so many.
    pub(super) fn take(&mut self, bytes: usize) -> Result<(), BuildError> {
        self.0 = self.0.checked_sub(bytes).ok_or_else(|| {
            BuildError::Invalid(format!(
                "the commands, arguments and environments of the pod would have more than {} bytes together, once they are filled \
                 in; pass large values by the object store",
                Self::WHOLE
            ))
        })?;
        Ok(())
    }
}

//! Actions that are not to run, since the run that theirs recovers did them. The control plane decided that, and says in the
//! resource how they ended.

use std::num::NonZeroU32;

use dataplane_api::task_action::TaskAction;

/// Object stores have no keys of more than a kilobyte.
const LONGEST_URI: usize = 4 << 10;

/// How an action ended in another run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    pub run: String,
    /// The object of its outputs; none where it left none.
    pub outputs: Option<String>,
    /// The attempt that succeeded.
    pub attempt: NonZeroU32,
    pub cache_status: u32,
}

impl Recovered {
    /// None for an action that is to run.
    pub fn of(resource: &TaskAction) -> Option<Self> {
        let from = resource.spec.recovered_from.as_ref()?;
        if from.output_uri.len() > LONGEST_URI {
            return None;
        }
        Some(Self {
            run: from.source_run_name.clone(),
            outputs: Some(from.output_uri.clone()).filter(|uri| !uri.is_empty()),
            attempt: NonZeroU32::new(from.attempts).unwrap_or(NonZeroU32::MIN),
            cache_status: from.cache_status,
        })
    }
}

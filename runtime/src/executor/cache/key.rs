//! The key of a result: of the task's name, its interface, its inputs and the version of the cache.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use dataplane_proto::flyteidl2::{
    cacheservice::v2,
    core::{Identifier, LiteralMap},
};
use prost::Message as _;

use super::{canonical, object_hash::Hash};
use crate::executor::{action::ActionId, template::Caching};

/// Characters of the interface's two hashes.
const SHORT: usize = 8;

/// The key of a result.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CacheKey {
    pub(super) key: String,
    /// The task, as its template names it.
    pub(super) task: Identifier,
    /// Whose cache it is: the action's own, whatever its template says. A template is written by a user, and in another's
    /// cache it could take results and leave some.
    pub(super) whose: v2::Identifier,
}

/// Why a task has no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoKey {
    #[error("the task's template has no id")]
    NoId,
    #[error("the inputs are no flyteidl2.task.Inputs: {0}")]
    Inputs(String),
}

impl CacheKey {
    /// `inputs` is what `inputs.pb` holds; `cache_key` is the action's, which overrides the template's version.
    pub fn new(
        caching: &Caching,
        action: &ActionId,
        cache_key: &str,
        inputs: &[u8],
    ) -> Result<Self, NoKey> {
        let id = caching.id.as_ref().ok_or(NoKey::NoId)?;
        let (ins, outs) = match &caching.interface {
            Some(interface) => canonical::interface(interface),
            None => {
                canonical::interface(&dataplane_proto::flyteidl2::core::TypedInterface::default())
            }
        };
        // Inputs are read only where the interface speaks of any, as in Flyte.
        let takes_inputs = caching
            .interface
            .as_ref()
            .is_some_and(|interface| interface.inputs.is_some());
        let mut values = if takes_inputs {
            // The inputs' list of names and values reads as this map.
            LiteralMap::decode(inputs).map_err(|error| NoKey::Inputs(error.to_string()))?
        } else {
            LiteralMap::default()
        };
        for ignored in &caching.ignored_inputs {
            values.literals.remove(ignored);
        }
        let version = if cache_key.is_empty() {
            &caching.version
        } else {
            cache_key
        };
        let key = format!(
            "{}-{:.SHORT$}-{:.SHORT$}-{}-{version}",
            base64(&canonical::identifier(id).hash()),
            base64(&ins.hash()),
            base64(&outs.hash()),
            base64(&canonical::literals(&values).hash()),
        );
        let mut task = id.clone();
        if task.org.is_empty() {
            task.org = action.organization.to_string();
        }
        let whose = v2::Identifier {
            org: action.organization.to_string(),
            project: action.project.to_string(),
            domain: action.domain.to_string(),
        };
        Ok(Self { key, task, whose })
    }
}

fn base64(hash: &Hash) -> String {
    URL_SAFE_NO_PAD.encode(hash)
}

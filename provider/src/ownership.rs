//! Whose an object is: the marks on everything we make, and what may be done with an object that exists already.

mod managed;

use std::{collections::BTreeMap, fmt, str::FromStr};

use clouds::tags::{CREATING, OWNER, RESOURCE, Tags};
use framework::{Diagnostic, Diagnostics, Result, Value};

pub use managed::{Apply, Creation, Managed, Origin, create, update};

use crate::{client::Client, tags};

/// The provider's `owner`: who made what carries its mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner(String);

impl FromStr for Owner {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let rest = text.strip_prefix(|c: char| c.is_ascii_lowercase());
        match rest {
            Some(rest)
                if rest.len() <= 62
                    && rest
                        .chars()
                        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') =>
            {
                Ok(Self(text.to_owned()))
            }
            _ => Err(format!(
                "{text:?} is not a valid owner: it must be a lower-case letter, then up to 62 lower-case letters, \
                 digits or hyphens, for example acme-prod"
            )),
        }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The marks of one resource: who made it (`dataplane:owner`) and as what (`dataplane:resource`).
#[derive(Clone)]
pub struct Marks<'a> {
    client: &'a Client,
    type_name: &'static str,
    name: String,
}

impl<'a> Marks<'a> {
    /// The marks of the resource of this type whose object has this name.
    pub fn new(client: &'a Client, type_name: &'static str, name: impl fmt::Display) -> Self {
        Self {
            client,
            type_name,
            name: name.to_string(),
        }
    }

    /// The tags that a plan promises: those of the finished object, once its name and its own tags are known.
    pub fn planned<N: fmt::Display>(
        client: &'a Client,
        type_name: &'static str,
        name: &Value<N>,
        own: &Value<BTreeMap<String, String>>,
    ) -> Value<BTreeMap<String, String>> {
        match name {
            Value::Known(name) if !own.is_unknown() => Self::new(client, type_name, name)
                .finished(own.known())
                .into(),
            _ => Value::Unknown,
        }
    }

    /// All tags of the finished object: the provider's, the resource's own and the two lasting marks.
    pub fn finished(&self, own: Option<&BTreeMap<String, String>>) -> Tags {
        let mut all = tags::merged(&self.client.tags, own);
        all.insert(OWNER.to_owned(), self.client.owner.to_string());
        all.insert(RESOURCE.to_owned(), self.resource());
        all
    }

    /// The tags for the creating call. The last step of a create replaces them by the finished ones.
    pub fn creating(&self, own: Option<&BTreeMap<String, String>>) -> Tags {
        let mut all = self.finished(own);
        all.insert(CREATING.to_owned(), "true".to_owned());
        all
    }

    /// Makes sure that an object that exists already is our own half-made one, left by an apply that was killed or whose
    /// answer was lost. Every other object is somebody's: an error that says whose, and how to import it with this id.
    pub fn claim(&self, found: &Tags, import_id: &str) -> Result<()> {
        match self.strangeness(found) {
            None => Ok(()),
            Some(whose) => Err(self.taken(&whose, import_id)),
        }
    }

    /// Why an object that exists already must not be continued, as a sentence; none for our own half-made one.
    pub fn strangeness(&self, found: &Tags) -> Option<String> {
        let owner = self.client.owner.to_string();
        let resource = self.resource();
        if self.made(found) && found.contains_key(CREATING) {
            tracing::info!(
                name = self.name,
                "continuing an object that an earlier apply left half made"
            );
            return None;
        }
        Some(match (found.get(OWNER), found.get(RESOURCE)) {
            (Some(other), _) if *other != owner => {
                let half = if found.contains_key(CREATING) {
                    ", which is still making it"
                } else {
                    ""
                };
                format!(
                    "It carries the mark of the owner {other:?}{half}; this configuration's owner is {owner:?}."
                )
            }
            (Some(_), Some(other)) if *other != resource => format!(
                "It carries this owner's mark, {owner:?}, but was made as {other}, not as {resource}."
            ),
            (Some(_), _) => format!(
                "It carries this owner's mark, {owner:?}, and is complete: it was made by another configuration or \
                 another state of this one."
            ),
            (None, _) => {
                "It carries no mark of this provider: it was made by something else.".to_owned()
            }
        })
    }

    /// Whether this resource made the object, finished or not.
    pub fn made(&self, found: &Tags) -> bool {
        found.get(OWNER) == Some(&self.client.owner.to_string())
            && found.get(RESOURCE) == Some(&self.resource())
    }

    /// The error for an object that exists and is not ours to change.
    pub fn taken(&self, whose: &str, import_id: &str) -> Diagnostics {
        let type_name = self.type_name;
        Diagnostic::error(
            format!("the {self} exists already"),
            format!(
                "{whose} Nothing was changed. Choose another name, or, if it shall be managed here, import it:\n\n  \
                 import {{\n    to = {type_name}.this\n    id = \"{import_id}\"\n  }}\n\n\
                 with the address of your resource block instead of {type_name}.this."
            ),
        )
        .into()
    }

    fn resource(&self) -> String {
        format!("{}/{}", self.type_name, self.name)
    }
}

/// The object for messages: `log group acme`.
impl fmt::Display for Marks<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.type_name.trim_start_matches("dataplane_");
        write!(f, "{} {}", kind.replace('_', " "), self.name)
    }
}

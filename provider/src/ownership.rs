//! Whose an object is: the marks on everything we make, and what may be done with an object that exists already.

mod managed;

use std::{collections::BTreeMap, fmt, str::FromStr};

use clouds::tags::{CREATING, OWNER, RESOURCE, Tags};
use framework::{Diagnostic, Diagnostics, Result, Value};

pub use clouds::account::Managed as Kind;
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
    kind: Kind,
    name: String,
    /// The two that last, as the cloud keeps them.
    lasting: Tags,
}

impl<'a> Marks<'a> {
    /// The marks of the resource whose object is of this kind and has this name.
    pub fn new(client: &'a Client, kind: Kind, name: impl fmt::Display) -> Result<Self> {
        let name = name.to_string();
        let lasting = lasting(client, kind, &name);
        Ok(Self {
            client,
            kind,
            name,
            lasting: tags::kept(client, kind, &lasting, &Tags::new())?,
        })
    }

    /// Whether the tags of a state say that this owner's resource of this name made its object.
    pub fn bear<N: fmt::Display>(
        client: &'a Client,
        kind: Kind,
        name: &Value<N>,
        recorded: &Value<BTreeMap<String, String>>,
    ) -> bool {
        let (Some(name), Some(recorded)) = (name.known(), recorded.known()) else {
            return false;
        };
        Self::new(client, kind, name).is_ok_and(|marks| marks.made(recorded))
    }

    /// The tags that a plan promises: those of the finished object, once its name and its own tags are known.
    pub fn planned<N: fmt::Display>(
        client: &'a Client,
        kind: Kind,
        name: &Value<N>,
        own: &Value<BTreeMap<String, String>>,
    ) -> Result<Value<BTreeMap<String, String>>> {
        match name {
            Value::Known(name) if !own.is_unknown() => {
                Ok(Self::new(client, kind, name)?.finished(own.known())?.into())
            }
            _ => Ok(Value::Unknown),
        }
    }

    /// All tags of the finished object: the provider's, the resource's own and the two lasting marks.
    pub fn finished(&self, own: Option<&BTreeMap<String, String>>) -> Result<Tags> {
        self.with(own, Tags::new())
    }

    /// The tags for the creating call. The last step of a create replaces them by the finished ones.
    pub fn creating(&self, own: Option<&BTreeMap<String, String>>) -> Result<Tags> {
        self.with(own, [(CREATING.to_owned(), "true".to_owned())].into())
    }

    /// All tags as the cloud keeps them.
    fn with(&self, own: Option<&BTreeMap<String, String>>, passing: Tags) -> Result<Tags> {
        let mut all = tags::merged(&self.client.tags, own);
        all.extend(lasting(self.client, self.kind, &self.name));
        all.extend(passing);
        tags::kept(self.client, self.kind, &all, own.unwrap_or(&Tags::new()))
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
        let (owner, resource) = (self.lasting.get(OWNER), self.lasting.get(RESOURCE));
        let (owner, resource) = (text(owner), text(resource));
        if self.made(found) && found.contains_key(CREATING) {
            tracing::info!(
                name = self.name,
                "continuing an object that an earlier apply left half made"
            );
            return None;
        }
        Some(match (found.get(OWNER), found.get(RESOURCE)) {
            (Some(other), _) if other != owner => {
                let half = if found.contains_key(CREATING) {
                    ", which is still making it"
                } else {
                    ""
                };
                format!(
                    "It carries the mark of the owner {other:?}{half}; this configuration's owner is {owner:?}."
                )
            }
            (Some(_), Some(other)) if !self.names(other) => format!(
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
        found.get(OWNER) == self.lasting.get(OWNER)
            && found.get(RESOURCE).is_some_and(|mark| self.names(mark))
    }

    /// Spells the mark of what the object was made as like here, where both mean this resource.
    pub fn spell(&self, found: &mut Tags) {
        if let (Some(mark), Some(ours)) = (found.get_mut(RESOURCE), self.lasting.get(RESOURCE))
            && self.names(mark)
        {
            mark.clone_from(ours);
        }
    }

    /// Whether the mark of what an object was made as means this resource.
    fn names(&self, mark: &str) -> bool {
        let ours = text(self.lasting.get(RESOURCE));
        if ours == mark {
            return true;
        }
        let (Ok(clouds), Some((kind, name)), Some((other_kind, other))) = (
            self.client.clouds(),
            ours.split_once('/'),
            mark.split_once('/'),
        ) else {
            return false;
        };
        kind == other_kind && clouds.account.same_name(self.kind, name, other)
    }

    /// The error for an object that exists and is not ours to change.
    pub fn taken(&self, whose: &str, import_id: &str) -> Diagnostics {
        let type_name = type_name(self.kind);
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
}

/// The marks that last, in full.
fn lasting(client: &Client, kind: Kind, name: &str) -> Tags {
    let resource = format!("{}/{name}", type_name(kind));
    let owner = client.owner.to_string();
    [(OWNER.to_owned(), owner), (RESOURCE.to_owned(), resource)].into()
}

fn text(mark: Option<&String>) -> &str {
    mark.map_or("", String::as_str)
}

/// The resource whose objects are of this kind.
fn type_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Buckets => "dataplane_bucket",
        Kind::IdentityProviders => "dataplane_identity_provider",
        Kind::Roles => "dataplane_role",
        Kind::Registries => "dataplane_registry",
        Kind::LogGroups => "dataplane_log_group",
        Kind::Secrets => "dataplane_secret",
        Kind::PrivateServices => "dataplane_private_service",
        Kind::PrivateEndpoints => "dataplane_private_endpoint",
        Kind::Clusters => "dataplane_cluster",
    }
}

/// The object for messages: `log group acme`.
impl fmt::Display for Marks<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = type_name(self.kind).trim_start_matches("dataplane_");
        write!(f, "{} {}", kind.replace('_', " "), self.name)
    }
}

#[cfg(test)]
mod tests;

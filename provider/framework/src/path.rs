//! Where in a resource's attributes something is: what Terraform underlines in the configuration.

use std::{fmt, str::FromStr};

use dataplane_proto::tfplugin6::{self, attribute_path::step::Selector};

/// The way from the root of a resource to one of its attributes or their elements.
///
/// ```
/// use framework::{AttributePath, path};
/// assert_eq!(path!("trust", "subjects", 0).to_string(), "trust.subjects[0]");
/// assert_eq!(path!("buckets").key("logs").attribute("id").to_string(), r#"buckets["logs"].id"#);
/// assert_eq!(path!(), AttributePath::root());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AttributePath {
    steps: Vec<Step>,
}

/// One step of an [`AttributePath`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// Into an attribute of an object.
    Attribute(String),
    /// Into an element of a map.
    Key(String),
    /// Into an element of a list or a tuple. Elements of sets have no step: a path ends at the set.
    Index(i64),
}

impl AttributePath {
    /// The resource as a whole.
    #[must_use]
    pub fn root() -> Self {
        Self::default()
    }

    /// The path to an attribute of the object at this path.
    #[must_use]
    pub fn attribute(self, name: impl Into<String>) -> Self {
        self.step(Step::Attribute(name.into()))
    }

    /// The path to an element of the map at this path.
    #[must_use]
    pub fn key(self, key: impl Into<String>) -> Self {
        self.step(Step::Key(key.into()))
    }

    /// The path to an element of the list at this path.
    #[must_use]
    pub fn index(self, index: usize) -> Self {
        self.step(Step::from(index))
    }

    /// This path and one step more.
    #[must_use]
    pub fn step(mut self, step: impl Into<Step>) -> Self {
        self.steps.push(step.into());
        self
    }

    /// This path, then the steps of another that begins here.
    #[must_use]
    pub fn join(mut self, rest: &Self) -> Self {
        self.steps.extend_from_slice(&rest.steps);
        self
    }

    /// The steps from the root on.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Whether this is the resource as a whole.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.steps.is_empty()
    }

    /// The beginning of this path that Terraform can show in the configuration: an attribute of the resource, and the key
    /// or the index right behind it. It takes a further step for a block, finds none and shows the resource's first line.
    #[must_use]
    pub fn shown(&self) -> Self {
        let length = match self.steps.as_slice() {
            [_, Step::Key(_) | Step::Index(_)] => 2,
            steps => steps.len().min(1),
        };
        Self {
            steps: self.steps[..length].to_vec(),
        }
    }

    /// The path in the protocol's form.
    #[must_use]
    pub fn to_proto(&self) -> tfplugin6::AttributePath {
        let selector = |step: &Step| match step {
            Step::Attribute(name) => Selector::AttributeName(name.clone()),
            Step::Key(key) => Selector::ElementKeyString(key.clone()),
            Step::Index(index) => Selector::ElementKeyInt(*index),
        };
        let step = |step| tfplugin6::attribute_path::Step {
            selector: Some(selector(step)),
        };
        tfplugin6::AttributePath {
            steps: self.steps.iter().map(step).collect(),
        }
    }
}

impl fmt::Display for AttributePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.steps.iter().enumerate() {
            match step {
                Step::Attribute(name) if at == 0 => f.write_str(name)?,
                Step::Attribute(name) => write!(f, ".{name}")?,
                Step::Key(key) => write!(f, "[{key:?}]")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// A text that is no path.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no attribute path, such as `buckets[\"logs\"].prefixes[0]`")]
pub struct ParsePathError(String);

impl FromStr for AttributePath {
    type Err = ParsePathError;

    /// Reads what `Display` writes.
    fn from_str(text: &str) -> Result<Self, ParsePathError> {
        let wrong = || ParsePathError(text.to_owned());
        let mut path = Self::root();
        let mut rest = text;
        while !rest.is_empty() {
            if let Some(quoted) = rest.strip_prefix('[').filter(|rest| rest.starts_with('"')) {
                let mut keys = serde_json::Deserializer::from_str(quoted).into_iter::<String>();
                let key = keys.next().and_then(Result::ok).ok_or_else(wrong)?;
                rest = quoted[keys.byte_offset()..]
                    .strip_prefix(']')
                    .ok_or_else(wrong)?;
                path = path.key(key);
            } else if let Some(index) = rest.strip_prefix('[') {
                let (index, behind) = index.split_once(']').ok_or_else(wrong)?;
                path = path.step(Step::Index(index.parse().map_err(|_| wrong())?));
                rest = behind;
            } else {
                let name = match (path.is_root(), rest.strip_prefix('.')) {
                    (true, None) => rest,
                    (false, Some(name)) => name,
                    _ => return Err(wrong()),
                };
                let end = name.find(['.', '[']).unwrap_or(name.len());
                if end == 0 {
                    return Err(wrong());
                }
                path = path.attribute(&name[..end]);
                rest = &name[end..];
            }
        }
        Ok(path)
    }
}

impl<S: Into<Step>> FromIterator<S> for AttributePath {
    fn from_iter<I: IntoIterator<Item = S>>(steps: I) -> Self {
        Self {
            steps: steps.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<&str> for Step {
    fn from(name: &str) -> Self {
        Self::Attribute(name.to_owned())
    }
}

impl From<String> for Step {
    fn from(name: String) -> Self {
        Self::Attribute(name)
    }
}

impl From<i32> for Step {
    fn from(index: i32) -> Self {
        Self::Index(index.into())
    }
}

impl From<usize> for Step {
    fn from(index: usize) -> Self {
        Self::Index(i64::try_from(index).unwrap_or(i64::MAX))
    }
}

/// The [`AttributePath`] of the given steps: a text is an attribute's name, a number is a list index. For the keys of maps
/// go on with [`AttributePath::key`].
#[macro_export]
macro_rules! path {
    ($($step:expr),* $(,)?) => {
        $crate::AttributePath::root()$(.step($step))*
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reads_back_from_its_text() {
        for path in [
            path!(),
            path!("owner"),
            path!("trust", "irsa", "provider_arn"),
            path!("buckets")
                .key(r#"a "b".c]"#)
                .attribute("prefixes")
                .index(0),
        ] {
            assert_eq!(path.to_string().parse::<AttributePath>().unwrap(), path);
        }
        for wrong in [".a", "a..b", "a[", "a[b]", "a[\"b]"] {
            assert!(wrong.parse::<AttributePath>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn terraform_shows_an_attribute_and_an_element_of_it() {
        assert_eq!(
            path!("trust", "irsa", "provider_arn").shown(),
            path!("trust")
        );
        assert_eq!(path!("rules", 2).shown(), path!("rules", 2));
        assert_eq!(path!("rules", 2).attribute("days").shown(), path!("rules"));
        assert_eq!(path!().shown(), path!());
    }

    #[test]
    fn the_protocol_tells_attributes_keys_and_indices_apart() {
        let proto = path!("rules", 2).attribute("by").key("a.b").to_proto();
        let selectors: Vec<_> = proto
            .steps
            .into_iter()
            .filter_map(|step| step.selector)
            .collect();
        assert_eq!(
            selectors,
            [
                Selector::AttributeName("rules".into()),
                Selector::ElementKeyInt(2),
                Selector::AttributeName("by".into()),
                Selector::ElementKeyString("a.b".into()),
            ]
        );
    }
}

//! State that this release finds invalid: what an earlier release accepted must not stand in the way of reading, mending or
//! removing the object.

use crate::schema::{Kind, Nesting, Schema, SchemaAttribute};
use crate::{AttributePath, Cty, Diagnostic, Diagnostics, Failure, Model, Result, plan};

/// An object of the state, read as far as it can be.
pub(super) struct Stored<M> {
    /// The object; null where the state has something that is not valid any more.
    pub(super) model: M,
    /// The state's own values, if some of them could not be read.
    raw: Cty,
    unread: Diagnostics,
}

impl<M: Model> Stored<M> {
    pub(super) fn decode(raw: &Cty) -> Result<Self> {
        let root = AttributePath::root();
        let mut unread = Diagnostics::new();
        let model = if let Ok(model) = M::decode(raw, &root) {
            model
        } else {
            let readable = object(M::schema(), raw.clone(), &root, &mut unread);
            M::decode(&readable, &root)?
        };
        for wrong in &unread {
            tracing::warn!(problem = %wrong.detail, "the state has an invalid value");
        }
        let raw = if unread.is_empty() {
            Cty::Null
        } else {
            raw.clone()
        };
        Ok(Self { model, raw, unread })
    }

    pub(super) fn decode_some(raw: &Cty) -> Result<Option<Self>> {
        if raw.is_null() {
            Ok(None)
        } else {
            Self::decode(raw).map(Some)
        }
    }

    /// What the model became, with the state's own values where it could not be read and nothing else took their place.
    pub(super) fn restore(&self, after: Cty) -> Cty {
        if self.unread.is_empty() {
            after
        } else {
            plan::overlay(self.raw.clone(), &self.model.encode(), &after)
        }
    }

    /// The error, together with what the state lacks, which may be why.
    pub(super) fn explain(&self, wrong: Diagnostics) -> Diagnostics {
        let mut diagnostics = self.unread.clone();
        diagnostics.extend(wrong);
        diagnostics
    }

    /// That nothing was found means that the object is gone, unless it is where the state's invalid value says.
    pub(super) fn check_gone(&self) -> Result<()> {
        if self.unread.is_empty() {
            return Ok(());
        }
        let missing = Diagnostic::error(
            "",
            "the object was not found, perhaps because of the invalid value. If it is gone, remove it from the state by \
             terraform state rm",
        );
        Err(self.explain(missing.into()))
    }

    pub(super) fn explain_failure(&self, failure: Failure<Cty>) -> Failure<Cty> {
        Failure {
            diagnostics: self.explain(failure.diagnostics),
            partial: failure.partial.map(|partial| self.restore(partial)),
        }
    }
}

/// The object without the values that don't decode.
fn object(schema: &Schema, value: Cty, path: &AttributePath, unread: &mut Diagnostics) -> Cty {
    let Cty::Map(values) = value else {
        return value;
    };
    let readable = values.into_iter().map(|(name, value)| {
        let path = path.clone().attribute(&name);
        let value = match schema.attribute(&name) {
            Some(declared) => attribute(declared, value, &path, unread),
            None => value,
        };
        (name, value)
    });
    Cty::Map(readable.collect())
}

fn attribute(
    attribute: &SchemaAttribute,
    value: Cty,
    path: &AttributePath,
    unread: &mut Diagnostics,
) -> Cty {
    if value.is_null() || value.is_unknown() {
        return value;
    }
    let Err(wrong) = (attribute.accepts)(&value, path) else {
        return value;
    };
    match (&attribute.kind, value) {
        (Kind::Nested(Nesting::Single, schema), value) => object(schema, value, path, unread),
        (Kind::Nested(Nesting::Map, schema), Cty::Map(objects)) => objects
            .into_iter()
            .map(|(key, value)| {
                let value = object(schema, value, &path.clone().key(&key), unread);
                (key, value)
            })
            .collect(),
        (Kind::Nested(Nesting::List, schema), Cty::List(objects)) => objects
            .into_iter()
            .enumerate()
            .map(|(at, value)| object(schema, value, &path.clone().index(at), unread))
            .collect(),
        // The objects of a set are told apart by their values: without one of them they would be others.
        (_, value) if value.is_wholly_known() => {
            for wrong in &wrong {
                unread.push(complaint(wrong, path));
            }
            Cty::Null
        }
        (_, value) => value,
    }
}

fn complaint(wrong: &Diagnostic, path: &AttributePath) -> Diagnostic {
    let detail = format!(
        "{}. An earlier release accepted what the state has there. If the configuration sets {path}, apply a valid value; \
         else correct it in the state, by terraform state pull and terraform state push",
        wrong.detail
    );
    Diagnostic::error(format!("Invalid value of {path} in the state"), detail).at(path.clone())
}

//! The rules that Terraform holds every schema to, and ours, found before Terraform finds them.

use super::{Kind, Nesting, Schema, SchemaAttribute};
use crate::{AttributePath, Diagnostics, Result, Type};

/// Arguments that Terraform itself takes in every resource block.
const META_ARGUMENTS: [&str; 7] = [
    "connection",
    "count",
    "depends_on",
    "for_each",
    "lifecycle",
    "provider",
    "provisioner",
];

impl Schema {
    /// Checks the schema of a managed resource.
    pub fn check(&self) -> Result<()> {
        self.check_without(&META_ARGUMENTS)
    }

    /// Checks the schema of a provider's own configuration.
    pub fn check_provider(&self) -> Result<()> {
        self.check_without(&["alias", "version"])?;
        let mut diagnostics = Diagnostics::new();
        for attribute in &self.attributes {
            if attribute.presence.is_computed() {
                let path = AttributePath::root().attribute(attribute.name);
                diagnostics.error_at(
                    path,
                    "Invalid schema",
                    "a provider's configuration has no computed attributes",
                );
            }
        }
        self.refuse_write_only(&AttributePath::root(), &mut diagnostics);
        diagnostics.into_result(())
    }

    /// Like [`check`](Self::check), for data sources and ephemeral resources.
    pub fn check_source(&self) -> Result<()> {
        self.check()?;
        let mut diagnostics = Diagnostics::new();
        self.refuse_write_only(&AttributePath::root(), &mut diagnostics);
        diagnostics.into_result(())
    }

    /// Checks the attributes that a resource names as its identity.
    pub fn check_identity(&self, names: &[&str]) -> Result<()> {
        let mut diagnostics = Diagnostics::new();
        for name in names {
            let plain = self.attribute(name).is_some_and(|attribute| {
                !attribute.write_only
                    && matches!(
                        attribute.kind,
                        Kind::Leaf(Type::Bool | Type::Number | Type::String)
                    )
            });
            if !plain {
                diagnostics.error_at(
                    AttributePath::root().attribute(*name),
                    "Invalid identity",
                    "an identity is made of top-level strings, numbers and bools that are stored",
                );
            }
        }
        diagnostics.into_result(())
    }

    fn refuse_write_only(&self, path: &AttributePath, diagnostics: &mut Diagnostics) {
        for attribute in &self.attributes {
            let path = path.clone().attribute(attribute.name);
            if let Kind::Nested(_, nested) = &attribute.kind {
                nested.refuse_write_only(&path, diagnostics);
            }
            if attribute.write_only {
                diagnostics.error_at(
                    path,
                    "Invalid schema",
                    "only managed resources have write-only attributes",
                );
            }
        }
    }

    fn check_without(&self, reserved: &[&str]) -> Result<()> {
        let mut diagnostics = Diagnostics::new();
        for attribute in &self.attributes {
            if reserved.contains(&attribute.name) {
                let path = AttributePath::root().attribute(attribute.name);
                diagnostics.error_at(path, "Invalid schema", "the name is reserved by Terraform");
            }
        }
        self.check_attributes(
            &AttributePath::root(),
            Surroundings::default(),
            &mut diagnostics,
        );
        diagnostics.into_result(())
    }

    fn check_attributes(
        &self,
        path: &AttributePath,
        around: Surroundings,
        diagnostics: &mut Diagnostics,
    ) {
        for (at, attribute) in self.attributes.iter().enumerate() {
            let path = path.clone().attribute(attribute.name);
            if self.attributes[..at]
                .iter()
                .any(|other| other.name == attribute.name)
            {
                diagnostics.error_at(path.clone(), "Invalid schema", "the name is given twice");
            }
            attribute.check(&path, around, diagnostics);
        }
    }
}

/// What an attribute stands in.
#[derive(Clone, Copy, Default)]
struct Surroundings {
    set: bool,
    list: bool,
    computed: bool,
}

impl SchemaAttribute {
    fn check(&self, path: &AttributePath, around: Surroundings, diagnostics: &mut Diagnostics) {
        let mut wrong = |detail: &str| diagnostics.error_at(path.clone(), "Invalid schema", detail);
        let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if self.name.is_empty() || !self.name.chars().all(legal) {
            wrong("names consist of lower-case letters, digits and underscores");
        }
        if self.description.trim().is_empty() {
            wrong("the description is missing");
        }
        if self.write_only && !self.presence.is_configurable() {
            wrong("a write-only attribute is required or optional");
        }
        if self.write_only && around.set {
            wrong("Terraform allows no write-only attributes inside sets");
        }
        let dynamic = match &self.kind {
            Kind::Leaf(plain) => {
                if dynamic_in_collection(plain, false) {
                    wrong("Terraform allows no dynamic type inside a collection");
                }
                has_dynamic(plain)
            }
            Kind::Nested(..) => false,
        };
        if dynamic && around.set {
            wrong("Terraform allows no dynamic type inside sets");
        }
        if around.set && !around.computed && self.presence.is_computed() && self.default.is_none() {
            wrong(
                "a computed attribute inside a set can't be found again in the prior state: use a map, or give it a default",
            );
        }
        if around.list && !around.computed && self.stable {
            wrong(
                "objects of a list are told apart by their place, so that a `stable` value goes to another object when one \
                 before it is removed: use a map",
            );
        }
        if let Some(default) = self.default {
            let value = default();
            if value.is_null() || !value.is_wholly_known() {
                wrong("the default is null or unknown");
            } else if let Err(unfit) = (self.accepts)(&value, path) {
                diagnostics.extend(unfit);
            }
        }
        if let Kind::Nested(nesting, nested) = &self.kind {
            let inside = Surroundings {
                set: around.set || *nesting == Nesting::Set,
                list: around.list || *nesting == Nesting::List,
                computed: around.computed || !self.presence.is_configurable(),
            };
            nested.check_attributes(path, inside, diagnostics);
        }
    }
}

fn has_dynamic(plain: &Type) -> bool {
    match plain {
        Type::Dynamic => true,
        Type::List(element) | Type::Set(element) | Type::Map(element) => has_dynamic(element),
        Type::Object(attributes) => attributes.values().any(has_dynamic),
        Type::Tuple(elements) => elements.iter().any(has_dynamic),
        Type::Bool | Type::Number | Type::String => false,
    }
}

fn dynamic_in_collection(plain: &Type, inside: bool) -> bool {
    match plain {
        Type::Dynamic => inside,
        Type::List(element) | Type::Set(element) | Type::Map(element) => {
            dynamic_in_collection(element, true)
        }
        Type::Object(attributes) => attributes
            .values()
            .any(|plain| dynamic_in_collection(plain, inside)),
        Type::Tuple(elements) => elements
            .iter()
            .any(|plain| dynamic_in_collection(plain, inside)),
        Type::Bool | Type::Number | Type::String => false,
    }
}

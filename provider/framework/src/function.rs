//! Functions that configurations call as `provider::<name>::<function>(…)`.

use crate::schema::Schema;
use crate::{Attribute, AttributePath, Cty, Diagnostics, Model, Step, Type};

/// A pure function: the same arguments always give the same result, and nothing outside is asked.
pub trait Function: Send + Sync + 'static {
    /// The function's name, without the provider's.
    const NAME: &'static str;
    /// What it does, in a line.
    const SUMMARY: &'static str;
    /// What it does, in Markdown.
    const DESCRIPTION: &'static str;
    /// The fields in order are the parameters. An `optional` one accepts null; a last one with `variadic` takes all that
    /// follow.
    type Arguments: Model;
    /// The result.
    type Output: Attribute;

    /// Computes the result.
    fn call(&self, arguments: Self::Arguments) -> std::result::Result<Self::Output, FunctionError>;

    /// This function among those of other types.
    fn boxed(self) -> Box<dyn AnyFunction>
    where
        Self: Sized,
    {
        Box::new(self)
    }
}

/// Why a function has no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionError {
    /// The message to the user.
    pub text: String,
    /// The number of the argument that is wrong, from 0.
    pub argument: Option<usize>,
}

impl FunctionError {
    /// An error of the call as a whole.
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            argument: None,
        }
    }

    /// An error of one argument, counted from 0.
    pub fn argument(argument: usize, text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            argument: Some(argument),
        }
    }
}

impl<E: std::error::Error> From<E> for FunctionError {
    fn from(error: E) -> Self {
        Self::new(error.to_string())
    }
}

/// A [`Function`] of any type, for lists of them. Implemented for every function; see [`Function::boxed`].
pub trait AnyFunction: Send + Sync + 'static {
    /// The function's name.
    fn name(&self) -> &'static str;
    /// What it does, in a line.
    fn summary(&self) -> &'static str;
    /// What it does, in Markdown.
    fn description(&self) -> &'static str;
    /// The parameters.
    fn parameters(&self) -> &'static Schema;
    /// The type of the result.
    fn output(&self) -> Type;
    /// The type of an argument, counted from 0; none when there are fewer parameters.
    fn argument_type(&self, argument: usize) -> Option<Type> {
        let Schema {
            attributes,
            variadic,
            ..
        } = self.parameters();
        let last = attributes.len().checked_sub(1)?;
        match attributes[argument.min(last)].kind.to_type() {
            Type::List(element) if *variadic && argument >= last => Some(*element),
            plain => (argument <= last).then_some(plain),
        }
    }
    /// Computes the result.
    fn call(&self, arguments: Vec<Cty>) -> std::result::Result<Cty, FunctionError>;
}

impl<F: Function> AnyFunction for F {
    fn name(&self) -> &'static str {
        F::NAME
    }

    fn summary(&self) -> &'static str {
        F::SUMMARY
    }

    fn description(&self) -> &'static str {
        F::DESCRIPTION
    }

    fn parameters(&self) -> &'static Schema {
        F::Arguments::schema()
    }

    fn output(&self) -> Type {
        F::Output::kind().to_type()
    }

    fn call(&self, arguments: Vec<Cty>) -> std::result::Result<Cty, FunctionError> {
        let parameters = F::Arguments::schema();
        let mut arguments = arguments.into_iter();
        let mut object = Vec::new();
        for (at, parameter) in parameters.attributes.iter().enumerate() {
            let last = at + 1 == parameters.attributes.len();
            let value = if parameters.variadic && last {
                arguments.by_ref().collect()
            } else {
                arguments.next().unwrap_or_default()
            };
            object.push((parameter.name, value));
        }
        let root = AttributePath::root();
        let read = F::Arguments::decode(&object.into_iter().collect(), &root)
            .map_err(|wrong| misfit(&wrong, parameters))?;
        let mut wrong = Diagnostics::new();
        read.check(&root, &mut wrong);
        if !wrong.is_empty() {
            return Err(misfit(&wrong, parameters));
        }
        Function::call(self, read).map(|output| output.encode())
    }
}

/// The first message about the arguments, as an error of the argument that it is about.
fn misfit(diagnostics: &Diagnostics, parameters: &Schema) -> FunctionError {
    let Some(first) = diagnostics.iter().next() else {
        return FunctionError::new("the arguments can't be read");
    };
    let text = if first.detail.is_empty() {
        &first.summary
    } else {
        &first.detail
    };
    let steps = first
        .path
        .as_ref()
        .map(AttributePath::steps)
        .unwrap_or_default();
    let position = steps.first().and_then(|step| match step {
        Step::Attribute(name) => parameters
            .attributes
            .iter()
            .position(|parameter| parameter.name == name),
        Step::Key(_) | Step::Index(_) => None,
    });
    let followed = match steps.get(1) {
        Some(Step::Index(index))
            if parameters.variadic && position == parameters.attributes.len().checked_sub(1) =>
        {
            usize::try_from(*index).unwrap_or(0)
        }
        _ => 0,
    };
    FunctionError {
        text: text.clone(),
        argument: position.map(|position| position + followed),
    }
}

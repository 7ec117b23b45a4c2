//! Functions. Terraform takes the definitions from the provider's schema, OpenTofu asks for them.

use std::collections::BTreeMap;

use dataplane_proto::tfplugin6::{
    self as proto, StringKind, call_function, function, get_functions,
};

use super::{ByName, Service};
use crate::schema::Presence;
use crate::{AnyFunction, Cty, FunctionError, Provider, Type, panic, wire};

type Outcome<T> = std::result::Result<T, FunctionError>;

impl<P: Provider> Service<P> {
    pub(super) async fn get_functions(&self, _: get_functions::Request) -> get_functions::Response {
        get_functions::Response {
            functions: definitions(&self.functions),
            ..get_functions::Response::default()
        }
    }

    pub(super) async fn call_function(
        &self,
        request: call_function::Request,
    ) -> call_function::Response {
        // Errors of functions have no place for diagnostics, so a panic becomes the text of one.
        let called = panic::guard(async { Ok(self.call(&request)) }).await;
        let called =
            called.unwrap_or_else(|diagnostics| Err(FunctionError::new(diagnostics.to_string())));
        match called {
            Ok(result) => call_function::Response {
                result: Some(result),
                error: None,
            },
            Err(FunctionError { text, argument }) => {
                let function_argument = argument.and_then(|argument| i64::try_from(argument).ok());
                call_function::Response {
                    result: None,
                    error: Some(proto::FunctionError {
                        text,
                        function_argument,
                    }),
                }
            }
        }
    }

    fn call(&self, request: &call_function::Request) -> Outcome<proto::DynamicValue> {
        let Some(function) = self.functions.get(request.name.as_str()) else {
            return Err(FunctionError::new(format!(
                "this release of the provider has no function {}",
                request.name
            )));
        };
        let read = |(at, value)| {
            let plain = function
                .argument_type(at)
                .ok_or_else(|| FunctionError::argument(at, "too many arguments"))?;
            wire::decode(Some(value), &plain)
                .map_err(|wrong| FunctionError::argument(at, wrong.to_string()))
        };
        let arguments = request
            .arguments
            .iter()
            .enumerate()
            .map(read)
            .collect::<Outcome<_>>()?;
        let result = function.call(arguments)?;
        encode(&result, &function.output())
    }
}

fn encode(result: &Cty, output: &Type) -> Outcome<proto::DynamicValue> {
    wire::encode(result, output).map_err(|wrong| FunctionError::new(wrong.to_string()))
}

pub(super) fn definitions(
    functions: &ByName<dyn AnyFunction>,
) -> BTreeMap<String, proto::Function> {
    functions
        .iter()
        .map(|(name, function)| ((*name).to_owned(), definition(function.as_ref())))
        .collect()
}

fn definition(function: &dyn AnyFunction) -> proto::Function {
    let schema = function.parameters();
    let mut parameters: Vec<_> = schema
        .attributes
        .iter()
        .enumerate()
        .map(|(at, parameter)| function::Parameter {
            name: parameter.name.to_owned(),
            r#type: function
                .argument_type(at)
                .unwrap_or(Type::Dynamic)
                .to_json()
                .into_bytes(),
            allow_null_value: parameter.presence == Presence::Optional,
            allow_unknown_values: false,
            description: parameter.description.to_owned(),
            description_kind: StringKind::Markdown.into(),
        })
        .collect();
    let variadic_parameter = if schema.variadic {
        parameters.pop()
    } else {
        None
    };
    proto::Function {
        parameters,
        variadic_parameter,
        r#return: Some(function::Return {
            r#type: function.output().to_json().into_bytes(),
        }),
        summary: function.summary().to_owned(),
        description: function.description().to_owned(),
        description_kind: StringKind::Markdown.into(),
        ..proto::Function::default()
    }
}

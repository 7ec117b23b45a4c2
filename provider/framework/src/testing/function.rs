//! Functions under test.

use dataplane_proto::tfplugin6::{call_function, provider_server::Provider as Server};
use serde_json::Value as Json;
use tonic::Request;

use super::{Harness, answered, config};
use crate::{FunctionError, Provider, wire};

impl<P: Provider> Harness<P> {
    /// Calls a function twice, as Terraform holds every function to giving the same result again.
    pub async fn call(&self, name: &str, arguments: &[Json]) -> Result<Json, FunctionError> {
        let first = self.call_once(name, arguments).await;
        let second = self.call_once(name, arguments).await;
        assert_eq!(
            first, second,
            "provider function {name} returned an inconsistent result"
        );
        first
    }

    async fn call_once(&self, name: &str, arguments: &[Json]) -> Result<Json, FunctionError> {
        let Some(function) = self.service.function(name) else {
            panic!("the provider has no function {name}");
        };
        let encoded = arguments.iter().enumerate().map(|(at, argument)| {
            let plain = function
                .argument_type(at)
                .ok_or_else(|| FunctionError::argument(at, "Too many function arguments"))?;
            let value = config::argument(&plain, argument)
                .map_err(|wrong| FunctionError::argument(at, wrong.detail))?;
            wire::encode(&value, &plain)
                .map_err(|wrong| FunctionError::argument(at, wrong.to_string()))
        });
        let request = call_function::Request {
            name: name.to_owned(),
            arguments: encoded.collect::<Result<_, _>>()?,
        };
        let answer = answered(self.service.call_function(Request::new(request)).await);
        if let Some(error) = answer.error {
            let argument = error
                .function_argument
                .and_then(|argument| usize::try_from(argument).ok());
            return Err(FunctionError {
                text: error.text,
                argument,
            });
        }
        let result = wire::decode(answer.result.as_ref(), &function.output())
            .unwrap_or_else(|wrong| panic!("the result of {name} does not fit its type: {wrong}"));
        assert!(
            result.is_wholly_known(),
            "the result of {name} is not wholly known"
        );
        Ok(config::show(&result))
    }
}

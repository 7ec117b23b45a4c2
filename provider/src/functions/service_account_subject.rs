//! `service_account_subject`: what a Kubernetes service account is called in its tokens.

use dataplane_api::{
    names::{Namespace, ServiceAccountName},
    subjects::Subject,
};
use framework::{Function, FunctionError, Model, Text, Value};

/// The function.
pub struct ServiceAccountSubject;

/// Its arguments.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct Arguments {
    /// Namespace of the service account.
    #[attr(required)]
    pub namespace: Value<Text<Namespace>>,
    /// Name of the service account.
    #[attr(required)]
    pub service_account: Value<Text<ServiceAccountName>>,
}

impl Function for ServiceAccountSubject {
    const NAME: &'static str = "service_account_subject";
    const SUMMARY: &'static str = "The subject of a service account's tokens";
    const DESCRIPTION: &'static str = "Yields `system:serviceaccount:NAMESPACE:NAME`, the `sub` claim of the tokens of a Kubernetes service \
        account, for trust policies that are written by hand. `dataplane_role` takes namespace and name instead.";
    type Arguments = Arguments;
    type Output = String;

    fn call(&self, args: Arguments) -> Result<String, FunctionError> {
        let (Value::Known(namespace), Value::Known(service_account)) =
            (args.namespace, args.service_account)
        else {
            return Err(FunctionError::new("both arguments must be known"));
        };
        let subject = Subject {
            namespace: namespace.into_inner(),
            service_account: service_account.into_inner(),
        };
        Ok(subject.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_sub_claim() {
        let args = Arguments {
            namespace: "union".parse().map(Value::Known).unwrap(),
            service_account: "executor".parse().map(Value::Known).unwrap(),
        };
        let subject = ServiceAccountSubject
            .call(args)
            .map_err(|_| "error")
            .unwrap();
        assert_eq!(subject, "system:serviceaccount:union:executor");
    }
}

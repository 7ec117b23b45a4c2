//! What the test kit does not reach: capabilities, absent features, damaged requests, identities.

use dataplane_proto::tfplugin6::{self as proto, provider_server::Provider as Server};
use serde_json::{Value as Json, json};
use tonic::{Code, Request};

use super::*;
use crate::{Applied, Attribute, Model, Resource, Value, wire};

struct Tiny;

struct Thing;

/// Configures nothing.
#[derive(Model, Clone, Debug, Default, PartialEq)]
struct Config {}

/// A thing.
#[derive(Model, Clone, Debug, Default, PartialEq)]
struct ThingModel {
    /// Its name.
    #[attr(required, replaces)]
    name: Value<String>,
    /// Where it is.
    #[attr(optional)]
    zone: Value<String>,
    /// A secret.
    #[attr(optional, write_only)]
    secret_wo: Value<String>,
}

impl Provider for Tiny {
    const NAME: &'static str = "tiny";
    const ADDRESS: &'static str = "registry.terraform.io/example/tiny";
    const VERSION: &'static str = "0.0.0";
    type Config = Config;
    type Client = ();

    async fn configure(&self, _config: Config) -> Result<Option<()>> {
        Ok(Some(()))
    }

    fn resources(&self) -> Vec<Box<dyn AnyResource<()>>> {
        vec![Thing.boxed()]
    }
}

impl Resource for Thing {
    const NAME: &'static str = "tiny_thing";
    const IDENTITY: &'static [&'static str] = &["name", "zone"];
    const IDENTITY_VERSION: i64 = 1;
    type Client = ();
    type Model = ThingModel;

    async fn create(&self, _cx: &Context<()>, plan: ThingModel) -> Applied<ThingModel> {
        Ok(plan)
    }

    /// Finds another thing than it was asked for.
    async fn read(&self, _cx: &Context<()>, _state: ThingModel) -> Result<Option<ThingModel>> {
        Ok(Some(thing("other")))
    }

    async fn delete(&self, _cx: &Context<()>, _state: ThingModel) -> Result<()> {
        Ok(())
    }

    async fn import(&self, _cx: &Context<()>, id: &str) -> Result<ThingModel> {
        Ok(thing(id))
    }

    fn upgrade_identity(&self, _version: i64, identity: Json) -> Result<Json> {
        Ok(json!({ "name": identity["title"] }))
    }
}

fn thing(name: &str) -> ThingModel {
    ThingModel {
        name: name.into(),
        ..ThingModel::default()
    }
}

fn service() -> Service<Tiny> {
    let service = Service::new(Tiny, CancellationToken::new());
    *lock(&service.client) = Some(Arc::new(()));
    service
}

fn encoded(model: &ThingModel) -> proto::DynamicValue {
    wire::encode(&model.encode(), ThingModel::schema().object_type()).unwrap()
}

fn summaries(diagnostics: &[proto::Diagnostic]) -> Vec<&str> {
    diagnostics
        .iter()
        .map(|diagnostic| diagnostic.summary.as_str())
        .collect()
}

#[tokio::test]
async fn terraform_is_told_what_there_is() {
    let service = service();
    let request = Request::new(proto::get_metadata::Request {});
    let metadata = Server::get_metadata(&service, request)
        .await
        .unwrap()
        .into_inner();
    let capabilities = metadata.server_capabilities.unwrap();
    assert!(
        capabilities.plan_destroy
            && capabilities.get_provider_schema_optional
            && capabilities.move_resource_state
    );
    assert_eq!(metadata.resources[0].type_name, "tiny_thing");
    let request = Request::new(proto::get_provider_schema::Request {});
    let schemas = Server::get_provider_schema(&service, request)
        .await
        .unwrap()
        .into_inner();
    assert!(
        schemas.provider.is_some(),
        "Terraform refuses a provider without a schema"
    );
    assert_eq!(schemas.server_capabilities, Some(capabilities));
    let request = Request::new(proto::get_resource_identity_schemas::Request {});
    let identities = Server::get_resource_identity_schemas(&service, request)
        .await
        .unwrap()
        .into_inner();
    let attributes: Vec<_> = identities.identity_schemas["tiny_thing"]
        .identity_attributes
        .iter()
        .map(|attribute| {
            (
                attribute.name.as_str(),
                attribute.required_for_import,
                attribute.optional_for_import,
            )
        })
        .collect();
    assert_eq!(attributes, [("name", true, false), ("zone", false, true)]);
}

/// A function that can't be described.
struct Nameless;

impl AnyFunction for Nameless {
    fn name(&self) -> &'static str {
        "nameless"
    }

    fn summary(&self) -> &'static str {
        panic!("no summary")
    }

    fn description(&self) -> &'static str {
        ""
    }

    fn parameters(&self) -> &'static Schema {
        Config::schema()
    }

    fn output(&self) -> crate::Type {
        crate::Type::Bool
    }

    fn call(&self, _arguments: Vec<Cty>) -> std::result::Result<Cty, crate::FunctionError> {
        Ok(Cty::Bool(true))
    }
}

#[tokio::test]
async fn a_panic_in_a_description_is_a_diagnostic() {
    let mut service = service();
    service.functions.insert("nameless", Box::new(Nameless));
    let request = Request::new(proto::get_provider_schema::Request {});
    let schema = Server::get_provider_schema(&service, request)
        .await
        .unwrap();
    let request = Request::new(proto::get_functions::Request {});
    let functions = Server::get_functions(&service, request).await.unwrap();
    for diagnostics in [
        schema.into_inner().diagnostics,
        functions.into_inner().diagnostics,
    ] {
        assert_eq!(summaries(&diagnostics), ["The provider panicked"]);
    }
}

#[tokio::test]
async fn absent_features_are_unimplemented() {
    let request = Request::new(proto::plan_action::Request::default());
    let status = Server::plan_action(&service(), request).await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
}

#[tokio::test]
async fn an_unknown_type_is_named_with_those_there_are() {
    let request = proto::read_resource::Request {
        type_name: "tiny_thong".to_owned(),
        ..proto::read_resource::Request::default()
    };
    let answer = Server::read_resource(&service(), Request::new(request))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(summaries(&answer.diagnostics), ["Unknown resource type"]);
    assert!(
        answer.diagnostics[0]
            .detail
            .contains("no resource tiny_thong; it has: tiny_thing")
    );
}

#[tokio::test]
async fn damaged_requests_are_diagnostics() {
    let broken = proto::DynamicValue {
        msgpack: vec![0xc1],
        ..proto::DynamicValue::default()
    };
    let request = proto::read_resource::Request {
        type_name: "tiny_thing".to_owned(),
        current_state: Some(broken),
        ..proto::read_resource::Request::default()
    };
    let answer = Server::read_resource(&service(), Request::new(request))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(answer.diagnostics.len(), 1);
    let request = proto::read_resource::Request {
        type_name: "tiny_thing".to_owned(),
        current_state: Some(encoded(&thing("a"))),
        private: b"{".to_vec(),
        ..proto::read_resource::Request::default()
    };
    let answer = Server::read_resource(&service(), Request::new(request))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(summaries(&answer.diagnostics), ["Unreadable private state"]);
}

#[tokio::test]
async fn write_only_values_need_a_terraform_that_knows_them() {
    let config = ThingModel {
        secret_wo: "s".into(),
        ..thing("a")
    };
    for (allowed, expected) in [
        (true, vec![]),
        (false, vec!["Write-only attribute not supported"]),
    ] {
        let request = proto::validate_resource_config::Request {
            type_name: "tiny_thing".to_owned(),
            config: Some(encoded(&config)),
            client_capabilities: Some(proto::ClientCapabilities {
                write_only_attributes_allowed: allowed,
                ..proto::ClientCapabilities::default()
            }),
        };
        let answer = Server::validate_resource_config(&service(), Request::new(request))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(summaries(&answer.diagnostics), expected);
    }
}

#[tokio::test]
async fn an_object_never_becomes_another() {
    let service = service();
    let import = proto::import_resource_state::Request {
        type_name: "tiny_thing".to_owned(),
        id: "a".to_owned(),
        ..proto::import_resource_state::Request::default()
    };
    let imported = Server::import_resource_state(&service, Request::new(import))
        .await
        .unwrap()
        .into_inner();
    let imported = imported.imported_resources.into_iter().next().unwrap();
    assert!(imported.identity.is_some());
    let request = proto::read_resource::Request {
        type_name: "tiny_thing".to_owned(),
        current_state: imported.state,
        current_identity: imported.identity,
        ..proto::read_resource::Request::default()
    };
    let answer = Server::read_resource(&service, Request::new(request))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        summaries(&answer.diagnostics),
        ["Unexpected identity change"]
    );
    assert!(
        answer.diagnostics[0]
            .detail
            .starts_with("name is a part of the identity")
    );
}

#[tokio::test]
async fn stored_identities_are_read() {
    let request = |version, stored: &Json| proto::upgrade_resource_identity::Request {
        type_name: "tiny_thing".to_owned(),
        version,
        raw_identity: Some(proto::RawState {
            json: stored.to_string().into_bytes(),
            ..proto::RawState::default()
        }),
    };
    let service = service();
    let current = json!({ "name": "a", "zone": null });
    for (version, stored) in [(1, &current), (0, &json!({ "title": "a" }))] {
        let request = Request::new(request(version, stored));
        let answer = Server::upgrade_resource_identity(&service, request)
            .await
            .unwrap()
            .into_inner();
        let plain = identity::plain_type(ThingModel::schema(), Thing::IDENTITY);
        let data = answer
            .upgraded_identity
            .and_then(|identity| identity.identity_data);
        assert_eq!(
            wire::decode(data.as_ref(), &plain).unwrap().get("name"),
            Some(&Cty::from("a")),
            "version {version}"
        );
    }
    let request = Request::new(request(2, &current));
    let answer = Server::upgrade_resource_identity(&service, request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        summaries(&answer.diagnostics),
        ["State from a newer release"]
    );
}

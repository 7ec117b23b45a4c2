//! The list of requests: which there are, and which handler answers each.

use dataplane_proto::tfplugin6::{self as proto, provider_server::Provider as Server};
use futures::stream::Empty;
use tonic::{Request, Response, Status, Streaming};

use super::{Service, respond};
use crate::Provider;

type Answer<T> = Result<Response<T>, Status>;

/// Writes the server: each request goes to the method of `Service` with the same name.
macro_rules! server {
    (
        typed { $($typed_rpc:literal $typed:ident,)* }
        untyped { $($untyped_rpc:literal $untyped:ident,)* }
        listing { $($listing_rpc:literal $listing:ident,)* }
        plain { $($plain:ident,)* }
        absent { $($absent:ident($request:ty) -> $response:ty,)* }
    ) => {
        #[tonic::async_trait]
        impl<P: Provider> Server for Service<P> {
            type ListResourceStream = Empty<Result<proto::list_resource::Event, Status>>;
            type ReadStateBytesStream = Empty<Result<proto::read_state_bytes::Response, Status>>;
            type InvokeActionStream = Empty<Result<proto::invoke_action::Event, Status>>;

            $(async fn $typed(&self, request: Request<proto::$typed::Request>) -> Answer<proto::$typed::Response> {
                let request = request.into_inner();
                let name = request.type_name.clone();
                Ok(Response::new(respond($typed_rpc, &name, Service::$typed(self, request)).await))
            })*

            $(async fn $untyped(&self, request: Request<proto::$untyped::Request>) -> Answer<proto::$untyped::Response> {
                let answer = respond($untyped_rpc, P::NAME, Service::$untyped(self, request.into_inner()));
                Ok(Response::new(answer.await))
            })*

            $(async fn $listing(&self, request: Request<proto::$listing::Request>) -> Answer<proto::$listing::Response> {
                let listed = async { Ok(Service::$listing(self, request.into_inner()).await) };
                Ok(Response::new(respond($listing_rpc, P::NAME, listed).await))
            })*

            $(async fn $plain(&self, request: Request<proto::$plain::Request>) -> Answer<proto::$plain::Response> {
                Ok(Response::new(Service::$plain(self, request.into_inner()).await))
            })*

            $(async fn $absent(&self, _: Request<$request>) -> Answer<$response> {
                Err(Status::unimplemented(concat!("this provider has no ", stringify!($absent))))
            })*
        }
    };
}

server! {
    typed {
        "ValidateResourceConfig" validate_resource_config,
        "ValidateDataResourceConfig" validate_data_resource_config,
        "ValidateEphemeralResourceConfig" validate_ephemeral_resource_config,
        "UpgradeResourceState" upgrade_resource_state,
        "UpgradeResourceIdentity" upgrade_resource_identity,
        "ReadResource" read_resource,
        "PlanResourceChange" plan_resource_change,
        "ApplyResourceChange" apply_resource_change,
        "ImportResourceState" import_resource_state,
        "ReadDataSource" read_data_source,
        "OpenEphemeralResource" open_ephemeral_resource,
        "RenewEphemeralResource" renew_ephemeral_resource,
        "CloseEphemeralResource" close_ephemeral_resource,
    }
    untyped {
        "ValidateProviderConfig" validate_provider_config,
        "ConfigureProvider" configure_provider,
        "MoveResourceState" move_resource_state,
    }
    listing {
        "GetMetadata" get_metadata,
        "GetProviderSchema" get_provider_schema,
        "GetResourceIdentitySchemas" get_resource_identity_schemas,
        "GetFunctions" get_functions,
    }
    plain {
        call_function,
        stop_provider,
    }
    absent {
        generate_resource_config(proto::generate_resource_config::Request) -> proto::generate_resource_config::Response,
        list_resource(proto::list_resource::Request) -> Self::ListResourceStream,
        validate_list_resource_config(proto::validate_list_resource_config::Request)
            -> proto::validate_list_resource_config::Response,
        validate_state_store_config(proto::validate_state_store::Request) -> proto::validate_state_store::Response,
        configure_state_store(proto::configure_state_store::Request) -> proto::configure_state_store::Response,
        read_state_bytes(proto::read_state_bytes::Request) -> Self::ReadStateBytesStream,
        write_state_bytes(Streaming<proto::write_state_bytes::RequestChunk>) -> proto::write_state_bytes::Response,
        lock_state(proto::lock_state::Request) -> proto::lock_state::Response,
        unlock_state(proto::unlock_state::Request) -> proto::unlock_state::Response,
        get_states(proto::get_states::Request) -> proto::get_states::Response,
        delete_state(proto::delete_state::Request) -> proto::delete_state::Response,
        plan_action(proto::plan_action::Request) -> proto::plan_action::Response,
        invoke_action(proto::invoke_action::Request) -> Self::InvokeActionStream,
        validate_action_config(proto::validate_action_config::Request) -> proto::validate_action_config::Response,
    }
}

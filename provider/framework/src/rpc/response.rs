//! Answers that carry diagnostics.

use dataplane_proto::tfplugin6::{self, Diagnostic};

/// An answer that can say what went wrong.
pub(super) trait Response: Default {
    fn diagnostics(&mut self) -> &mut Vec<Diagnostic>;
}

macro_rules! responses {
    ($($rpc:ident),* $(,)?) => {
        $(impl Response for tfplugin6::$rpc::Response {
            fn diagnostics(&mut self) -> &mut Vec<Diagnostic> {
                &mut self.diagnostics
            }
        })*
    };
}

responses!(
    apply_resource_change,
    close_ephemeral_resource,
    configure_provider,
    get_functions,
    get_metadata,
    get_provider_schema,
    get_resource_identity_schemas,
    import_resource_state,
    move_resource_state,
    open_ephemeral_resource,
    plan_resource_change,
    read_data_source,
    read_resource,
    renew_ephemeral_resource,
    upgrade_resource_identity,
    upgrade_resource_state,
    validate_data_resource_config,
    validate_ephemeral_resource_config,
    validate_provider_config,
    validate_resource_config,
);

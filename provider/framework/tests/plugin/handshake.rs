//! A real provider process, driven as Terraform drives it: handshake, mutual TLS, go-plugin's services, its end.

use std::path::Path;

use dataplane_proto::goplugin::grpc_broker_client::GrpcBrokerClient;
use dataplane_proto::goplugin::grpc_controller_client::GrpcControllerClient;
use dataplane_proto::goplugin::grpc_stdio_client::GrpcStdioClient;
use dataplane_proto::goplugin::{ConnInfo, Empty};
use dataplane_proto::tfplugin6::provider_client::ProviderClient;
use dataplane_proto::tfplugin6::{DynamicValue, get_provider_schema, plan_resource_change};
use framework::{Cty, Type, msgpack};
use tokio::net::UnixStream;
use tonic::transport::Channel;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::host::{COOKIE, ClientCertificate, Plugin, command};

async fn resource_types(channel: Channel) -> Vec<String> {
    let mut provider = ProviderClient::new(channel);
    let response = provider
        .get_provider_schema(get_provider_schema::Request::default())
        .await
        .unwrap()
        .into_inner();
    assert!(
        response.diagnostics.is_empty(),
        "{:?}",
        response.diagnostics
    );
    response.resource_schemas.into_keys().collect()
}

/// Whether a client can make a call. With TLS 1.3 it learns of its refusal by its first read, not by connecting.
async fn let_in(channel: Result<Channel, tonic::transport::Error>) -> bool {
    match channel {
        Err(_) => false,
        Ok(channel) => HealthClient::new(channel)
            .check(HealthCheckRequest::default())
            .await
            .is_ok(),
    }
}

async fn shut_down(channel: Channel) {
    GrpcControllerClient::new(channel)
        .shutdown(Empty {})
        .await
        .unwrap();
}

#[tokio::test]
async fn terraform_and_the_provider_trust_each_other_on_a_unix_socket() {
    let directory = tempfile::tempdir().unwrap();
    let certificate = ClientCertificate::new();
    let mut command = command();
    command
        .env("PLUGIN_CLIENT_CERT", certificate.pem())
        .env("PLUGIN_UNIX_SOCKET_DIR", directory.path());
    let plugin = Plugin::start(command).await;
    assert_eq!(plugin.handshake[..3], ["1", "6", "unix"]);
    assert!(Path::new(&plugin.handshake[3]).starts_with(directory.path()));
    assert_eq!(plugin.handshake[4], "grpc");
    assert_eq!(plugin.handshake.len(), 6);

    let channel = plugin.connect_tls(Some(&certificate)).await.unwrap();
    assert_eq!(resource_types(channel.clone()).await, ["minimal_file"]);
    shut_down(channel).await;
    assert!(plugin.ended().await.success());
    assert_eq!(
        directory.path().read_dir().unwrap().count(),
        0,
        "the socket is left behind"
    );
}

#[tokio::test]
async fn terraform_and_the_provider_trust_each_other_on_tcp() {
    let certificate = ClientCertificate::new();
    let mut command = command();
    command
        .env("PLUGIN_CLIENT_CERT", certificate.pem())
        .env("PLUGIN_NETWORK", "tcp");
    let plugin = Plugin::start(command).await;
    assert_eq!(plugin.handshake[2], "tcp");
    let port: u16 = plugin.handshake[3]
        .strip_prefix("127.0.0.1:")
        .unwrap()
        .parse()
        .unwrap();
    assert!((10_000..=25_000).contains(&port));
    let channel = plugin.connect_tls(Some(&certificate)).await.unwrap();
    assert_eq!(resource_types(channel.clone()).await, ["minimal_file"]);
    shut_down(channel).await;
    assert!(plugin.ended().await.success());
}

#[tokio::test]
async fn nobody_else_gets_in_and_terraform_still_does() {
    let certificate = ClientCertificate::new();
    let mut command = command();
    command.env("PLUGIN_CLIENT_CERT", certificate.pem());
    let plugin = Plugin::start(command).await;
    let stranger = ClientCertificate::new();
    let silent = UnixStream::connect(&plugin.handshake[3]).await.unwrap();
    assert!(
        !let_in(plugin.connect_tls(Some(&stranger)).await).await,
        "a client with another key was let in"
    );
    assert!(
        !let_in(plugin.connect_tls(None).await).await,
        "a client without a key was let in"
    );
    assert!(
        !let_in(plugin.connect_plain().await).await,
        "a client without TLS was let in"
    );
    let channel = plugin.connect_tls(Some(&certificate)).await.unwrap();
    assert_eq!(resource_types(channel.clone()).await, ["minimal_file"]);
    shut_down(channel).await;
    assert!(plugin.ended().await.success());
    drop(silent);
}

#[tokio::test]
async fn go_plugins_services_are_there_and_end_with_the_plugin() {
    let plugin = Plugin::start(command()).await;
    assert_eq!(plugin.handshake[5], "", "no TLS was asked for");
    let channel = plugin.connect_plain().await.unwrap();

    let request = HealthCheckRequest {
        service: "plugin".to_owned(),
    };
    let health = HealthClient::new(channel.clone())
        .check(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(health.status(), ServingStatus::Serving);
    let mut stdio = GrpcStdioClient::new(channel.clone())
        .stream_stdio(())
        .await
        .unwrap()
        .into_inner();
    let offers = tokio_stream::pending::<ConnInfo>();
    let mut broker = GrpcBrokerClient::new(channel.clone())
        .start_stream(offers)
        .await
        .unwrap()
        .into_inner();

    shut_down(channel).await;
    assert!(matches!(stdio.message().await, Ok(None) | Err(_)));
    assert!(matches!(broker.message().await, Ok(None) | Err(_)));
    assert!(plugin.ended().await.success());
}

#[tokio::test]
async fn messages_may_be_large() {
    let plugin = Plugin::start(command()).await;
    let channel = plugin.connect_plain().await.unwrap();
    let kind =
        Type::from_json(br#"["object",{"path":"string","content":"string","size":"number"}]"#)
            .unwrap();
    let content = Cty::from("x".repeat(32 * 1024 * 1024));
    let value = [
        ("path", Cty::from("/x")),
        ("content", content),
        ("size", Cty::Null),
    ]
    .into_iter()
    .collect();
    let value = DynamicValue {
        msgpack: msgpack::encode(&value, &kind).unwrap(),
        ..DynamicValue::default()
    };
    let mut provider = ProviderClient::new(channel.clone()).max_decoding_message_size(usize::MAX);
    let request = plan_resource_change::Request {
        type_name: "minimal_file".to_owned(),
        prior_state: Some(DynamicValue {
            msgpack: vec![0xc0],
            ..DynamicValue::default()
        }),
        proposed_new_state: Some(value.clone()),
        config: Some(value),
        ..plan_resource_change::Request::default()
    };
    let planned = provider
        .plan_resource_change(request)
        .await
        .unwrap()
        .into_inner();
    assert!(planned.diagnostics.is_empty(), "{:?}", planned.diagnostics);
    assert!(planned.planned_state.unwrap().msgpack.len() > 32 * 1024 * 1024);
    shut_down(channel).await;
    assert!(plugin.ended().await.success());
}

#[tokio::test]
async fn interrupts_are_left_to_terraform() {
    let plugin = Plugin::start(command()).await;
    let channel = plugin.connect_plain().await.unwrap();
    for signal in ["INT", "TERM", "INT"] {
        plugin.signal(signal).await;
        assert_eq!(resource_types(channel.clone()).await, ["minimal_file"]);
    }
    shut_down(channel).await;
    assert!(plugin.ended().await.success());
}

#[tokio::test]
async fn a_debugged_provider_outlives_a_shutdown() {
    let mut command = command();
    command.arg("--debug").env_remove(COOKIE.0);
    let mut plugin = Plugin::start(command).await;
    let line = plugin.line_with("TF_REATTACH_PROVIDERS=").await;
    let (_, reattach) = line.split_once('=').unwrap();
    let reattach: serde_json::Value = serde_json::from_str(reattach.trim_matches('\'')).unwrap();
    let address = &reattach["registry.terraform.io/example/minimal"]["Addr"];
    let field = |name: &str| address[name].as_str().unwrap().to_owned();
    plugin.handshake = vec![
        String::new(),
        String::new(),
        field("Network"),
        field("String"),
    ];
    let channel = plugin.connect_plain().await.unwrap();
    shut_down(channel.clone()).await;
    assert_eq!(resource_types(channel).await, ["minimal_file"]);
    plugin.signal("INT").await;
    assert!(plugin.ended().await.success());
}

#[tokio::test]
async fn a_provider_whose_terraform_is_gone_ends() {
    let plugin = Plugin::start(command()).await;
    drop(plugin.connect_plain().await.unwrap());
    assert!(plugin.ended().await.success());
}

#[tokio::test]
async fn started_by_hand_it_says_what_it_is() {
    let output = command().env_remove(COOKIE.0).output().await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let sentence = String::from_utf8(output.stderr).unwrap();
    assert!(sentence.contains("Terraform provider"), "{sentence}");
    assert!(
        sentence.contains("registry.terraform.io/example/minimal"),
        "{sentence}"
    );
}

#[tokio::test]
async fn a_terraform_that_is_too_old_is_told() {
    let output = command()
        .env("PLUGIN_PROTOCOL_VERSIONS", "4,5")
        .output()
        .await
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("protocol 6")
    );
}

#[tokio::test]
async fn version_is_one_line() {
    let output = command().arg("--version").output().await.unwrap();
    assert!(output.status.success());
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        format!("terraform-provider-minimal v{version}\n")
    );
}

#[tokio::test]
async fn logs_are_json_lines_when_asked_for_and_nothing_otherwise() {
    for (level, silent) in [(None, true), (Some("off"), true), (Some("debug"), false)] {
        let mut command = command();
        command.envs(level.map(|level| ("TF_LOG_PROVIDER", level)));
        let mut plugin = Plugin::start(command).await;
        let mut stderr = plugin.child.stderr.take().unwrap();
        let channel = plugin.connect_plain().await.unwrap();
        shut_down(channel).await;
        assert!(plugin.ended().await.success());
        let mut lines = String::new();
        tokio::io::AsyncReadExt::read_to_string(&mut stderr, &mut lines)
            .await
            .unwrap();
        assert_eq!(lines.is_empty(), silent, "{level:?}: {lines}");
        for line in lines.lines() {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!(line["@module"], "provider.minimal");
        }
    }
}

//! The host's side of go-plugin, as Terraform plays it: starts the example provider, reads its handshake, connects.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use hyper_util::rt::TokioIo;
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, BufReader, Lines};
use tokio::net::{TcpStream, UnixStream};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tonic::transport::{Channel, Endpoint};

pub const COOKIE: (&str, &str) = (
    "TF_PLUGIN_MAGIC_COOKIE",
    "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
);

/// How long anything here may take before the test gives up.
const PATIENCE: Duration = Duration::from_secs(20);

/// The binary of an example provider, which `cargo test` builds beside the tests.
pub fn provider_binary(provider: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let binary = test
        .ancestors()
        .nth(2)
        .unwrap()
        .join("examples")
        .join(provider);
    assert!(
        binary.exists(),
        "{} is missing: run `cargo build -p framework --examples` first",
        binary.display()
    );
    binary
}

/// The provider's command with nothing in its environment but what a host gives it.
pub fn command() -> Command {
    let mut command = Command::new(provider_binary("minimal"));
    command
        .env_clear()
        .env(COOKIE.0, COOKIE.1)
        .env("PLUGIN_PROTOCOL_VERSIONS", "5,6");
    command
        .env("PLUGIN_MIN_PORT", "10000")
        .env("PLUGIN_MAX_PORT", "25000");
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// A certificate as go-plugin makes it: P-521, self-signed, its own authority.
pub struct ClientCertificate {
    certificate: rcgen::Certificate,
    key: KeyPair,
}

impl ClientCertificate {
    pub fn new() -> Self {
        let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P521_SHA512).unwrap();
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![
            KeyUsagePurpose::DigitalSignature,
            KeyUsagePurpose::KeyEncipherment,
            KeyUsagePurpose::KeyAgreement,
            KeyUsagePurpose::KeyCertSign,
        ];
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ClientAuth,
            ExtendedKeyUsagePurpose::ServerAuth,
        ];
        Self {
            certificate: params.self_signed(&key).unwrap(),
            key,
        }
    }

    pub fn pem(&self) -> String {
        self.certificate.pem()
    }
}

/// A provider that was started and has shaken hands.
pub struct Plugin {
    pub child: Child,
    /// The fields of the handshake line.
    pub handshake: Vec<String>,
    stdout: Lines<BufReader<ChildStdout>>,
}

impl Plugin {
    pub async fn start(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = timeout(PATIENCE, stdout.next_line())
            .await
            .unwrap()
            .unwrap();
        let Some(line) = line else {
            let mut stderr = String::new();
            child
                .stderr
                .take()
                .unwrap()
                .read_to_string(&mut stderr)
                .await
                .unwrap();
            panic!("no handshake: {stderr}");
        };
        Self {
            child,
            handshake: line.split('|').map(str::to_owned).collect(),
            stdout,
        }
    }

    /// Connects as Terraform does; without a certificate of our own the connection has TLS but nobody behind it.
    pub async fn connect_tls(
        &self,
        client: Option<&ClientCertificate>,
    ) -> Result<Channel, tonic::transport::Error> {
        let server = CertificateDer::from(STANDARD_NO_PAD.decode(&self.handshake[5]).unwrap());
        let mut roots = RootCertStore::empty();
        roots.add(server).unwrap();
        let builder = ClientConfig::builder_with_provider(Arc::new(
            rustls::crypto::aws_lc_rs::default_provider(),
        ))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
        let mut config = match client {
            None => builder.with_no_client_auth(),
            Some(client) => {
                let key = PrivatePkcs8KeyDer::from(client.key.serialize_der());
                builder
                    .with_client_auth_cert(vec![client.certificate.der().clone()], key.into())
                    .unwrap()
            }
        };
        config.alpn_protocols = vec![b"h2".to_vec()];
        self.connect(Some(TlsConnector::from(Arc::new(config))))
            .await
    }

    pub async fn connect_plain(&self) -> Result<Channel, tonic::transport::Error> {
        self.connect(None).await
    }

    async fn connect(&self, tls: Option<TlsConnector>) -> Result<Channel, tonic::transport::Error> {
        let address = self.handshake[3].clone();
        let network = self.handshake[2].clone();
        let connector = tower::service_fn(move |_| {
            let (tls, address, network) = (tls.clone(), address.clone(), network.clone());
            async move {
                let stream: Box<dyn Stream> = match network.as_str() {
                    "unix" => Box::new(UnixStream::connect(address).await?),
                    "tcp" => {
                        Box::new(TcpStream::connect(address.parse::<SocketAddr>().unwrap()).await?)
                    }
                    other => panic!("network {other}"),
                };
                let stream: Box<dyn Stream> = match tls {
                    None => stream,
                    Some(tls) => {
                        let stream = tls
                            .connect(ServerName::try_from("localhost").unwrap(), stream)
                            .await?;
                        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
                        Box::new(stream)
                    }
                };
                Ok::<_, std::io::Error>(TokioIo::new(stream))
            }
        });
        Endpoint::from_static("http://plugin")
            .timeout(PATIENCE)
            .connect_with_connector(connector)
            .await
    }

    /// The next line that contains that text.
    pub async fn line_with(&mut self, text: &str) -> String {
        loop {
            let line = timeout(PATIENCE, self.stdout.next_line())
                .await
                .unwrap()
                .unwrap()
                .expect("no such line");
            if line.contains(text) {
                return line;
            }
        }
    }

    /// Waits for the process to end, and checks that it wrote nothing after its handshake.
    pub async fn ended(mut self) -> ExitStatus {
        let status = timeout(PATIENCE, self.child.wait())
            .await
            .expect("the provider did not end")
            .unwrap();
        assert_eq!(
            self.stdout.next_line().await.unwrap(),
            None,
            "output after the handshake"
        );
        status
    }

    /// Sends the process a signal.
    pub async fn signal(&self, name: &str) {
        let pid = self.child.id().unwrap().to_string();
        let status = Command::new("kill")
            .args([&format!("-{name}"), &pid])
            .status()
            .await
            .unwrap();
        assert!(status.success());
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

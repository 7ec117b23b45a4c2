//! How the control plane is connected to.

use std::time::Duration;

use dataplane_api::config::ControlPlane;
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint};

const CONNECT: Duration = Duration::from_secs(10);
const KEEP_ALIVE: Duration = Duration::from_secs(30);
const KEEP_ALIVE_ANSWER: Duration = Duration::from_secs(10);

/// Why no connection can be tried.
#[derive(Debug, thiserror::Error)]
pub enum BadEndpointError {
    #[error("control_plane.endpoint {endpoint} is not a URI")]
    Uri {
        endpoint: String,
        source: tonic::transport::Error,
    },
    #[error("control_plane.ca_certificate can't be used for TLS")]
    Tls(#[source] tonic::transport::Error),
}

/// The control plane's endpoint: TLS by its own certificate authority where one is given, else by the public ones. The
/// connection is kept alive by HTTP/2 pings, so that one that died without a word is noticed within a minute.
pub fn connect_to(control_plane: &ControlPlane) -> Result<Endpoint, BadEndpointError> {
    let ControlPlane {
        endpoint,
        audience: _,
        ca_certificate,
    } = control_plane;
    let tls = match ca_certificate {
        Some(ca) => ClientTlsConfig::new().ca_certificate(Certificate::from_pem(ca.as_pem())),
        None => ClientTlsConfig::new().with_webpki_roots(),
    };
    let text = endpoint.to_string();
    Endpoint::from_shared(text.clone())
        .map_err(|source| BadEndpointError::Uri {
            endpoint: text,
            source,
        })?
        .user_agent(concat!("dataplane-operator/", env!("CARGO_PKG_VERSION")))
        .map_err(BadEndpointError::Tls)?
        .connect_timeout(CONNECT)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(KEEP_ALIVE_ANSWER)
        .keep_alive_while_idle(true)
        .tls_config(tls)
        .map_err(BadEndpointError::Tls)
}

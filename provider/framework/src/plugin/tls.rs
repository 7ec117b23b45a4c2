//! Mutual TLS with the host: a certificate of our own for this process, and exactly one client, the one that started it.

use std::io;
use std::sync::Arc;

use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, UnixTime};
use rustls::server::NoServerSessionStorage;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, ServerConfig, SignatureScheme,
};

/// The name that the host asks for, whatever the socket.
const SERVER_NAME: &str = "localhost";

/// The plugin's side of TLS: a certificate made for this process, and the client it lets in.
pub(super) struct Identity {
    certificate: CertificateDer<'static>,
    config: ServerConfig,
}

impl Identity {
    /// An identity that talks only to the owner of that certificate.
    pub(super) fn for_client(pem: &str) -> io::Result<Self> {
        let pinned = CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|error| {
            io::Error::other(format!("PLUGIN_CLIENT_CERT holds no certificate: {error}"))
        })?;
        let (certificate, key) = self_signed().map_err(io::Error::other)?;
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier = PinnedClient {
            pinned,
            algorithms: provider.signature_verification_algorithms,
        };
        let config = server_config(provider, verifier, certificate.clone(), key)
            .map_err(io::Error::other)?;
        Ok(Self {
            certificate,
            config,
        })
    }

    /// The certificate that the host is told to trust.
    pub(super) fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    pub(super) fn into_config(self) -> Arc<ServerConfig> {
        Arc::new(self.config)
    }
}

fn self_signed() -> Result<(CertificateDer<'static>, PrivatePkcs8KeyDer<'static>), rcgen::Error> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new([SERVER_NAME.to_owned()])?;
    params
        .distinguished_name
        .push(DnType::CommonName, SERVER_NAME);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let certificate = params.self_signed(&key)?;
    Ok((
        certificate.der().clone(),
        PrivatePkcs8KeyDer::from(key.serialize_der()),
    ))
}

fn server_config(
    provider: Arc<CryptoProvider>,
    verifier: PinnedClient,
    certificate: CertificateDer<'static>,
    key: PrivatePkcs8KeyDer<'static>,
) -> Result<ServerConfig, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(Arc::new(verifier))
        .with_single_cert(vec![certificate], key.into())?;
    // grpc-go refuses servers that do not negotiate HTTP/2.
    config.alpn_protocols = vec![b"h2".to_vec()];
    // One client, one connection: nothing to resume.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(config)
}

/// Lets in the one certificate that the host handed over, byte for byte, if the client has its key.
///
/// The usual verifier cannot be used: go-plugin's certificate is its own authority, which no chain may end in. Dates are
/// not looked at: the certificate was made for this process, moments ago.
#[derive(Debug)]
struct PinnedClient {
    pinned: CertificateDer<'static>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ClientCertVerifier for PinnedClient {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        if *end_entity == self.pinned {
            return Ok(ClientCertVerified::assertion());
        }
        Err(CertificateError::ApplicationVerificationFailure.into())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signatures_of_go_plugins_p521_certificates_are_offered() {
        let algorithms = aws_lc_rs::default_provider().signature_verification_algorithms;
        assert!(
            algorithms
                .supported_schemes()
                .contains(&SignatureScheme::ECDSA_NISTP521_SHA512)
        );
    }

    #[test]
    fn a_client_certificate_that_is_none_is_named() {
        let error = Identity::for_client("nonsense").map(|_| ()).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("PLUGIN_CLIENT_CERT holds no certificate"),
            "{error}"
        );
    }
}

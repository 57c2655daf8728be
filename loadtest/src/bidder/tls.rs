//! The certificate of bidders that speak TLS: one a process, signed by itself, for this machine.
//!
//! An exchange trusts it when its file is named by `SSL_CERT_FILE`.

use std::{sync::Arc, sync::OnceLock};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer},
};
use tokio_rustls::TlsAcceptor;

struct Identity {
    pem: String,
    certificate: CertificateDer<'static>,
    config: Arc<ServerConfig>,
    /// The same for bidders that speak HTTP/2 too.
    http2: Arc<ServerConfig>,
}

/// Returns the certificate as PEM.
#[must_use]
pub fn certificate_pem() -> &'static str {
    &identity().pem
}

/// Returns the certificate as DER.
#[must_use]
pub fn certificate() -> CertificateDer<'static> {
    identity().certificate.clone()
}

/// Returns what accepts handshakes under the certificate.
pub(super) fn acceptor() -> TlsAcceptor {
    TlsAcceptor::from(Arc::clone(&identity().config))
}

/// Returns the same, which agrees on HTTP/2 with those who offer it.
pub(super) fn acceptor_http2() -> TlsAcceptor {
    TlsAcceptor::from(Arc::clone(&identity().http2))
}

fn identity() -> &'static Identity {
    static IDENTITY: OnceLock<Identity> = OnceLock::new();
    IDENTITY.get_or_init(|| {
        let names = ["localhost", "127.0.0.1"].map(str::to_owned).to_vec();
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(names).expect("both are names a certificate can have");
        let key = PrivateKeyDer::try_from(signing_key.serialize_der())
            .expect("the key was made by the same library");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring knows the default versions")
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .expect("the key belongs to the certificate");
        let mut http2 = config.clone();
        http2.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let (config, http2) = (Arc::new(config), Arc::new(http2));
        Identity { pem: cert.pem(), certificate: cert.der().clone(), config, http2 }
    })
}

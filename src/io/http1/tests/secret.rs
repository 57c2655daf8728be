//! The same client over TLS: what it writes and reads is held back by buffers of the session.

use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::io::{AsyncWriteExt, DuplexStream, duplex};
use tokio_rustls::client::TlsStream;
use tokio_rustls::{TlsAcceptor, TlsConnector, server};

use crate::io::http1::tests::calls::ask;
use crate::io::http1::tests::sides::{LIMITS, head, later, run};
use crate::io::http1::{Connection, Fetched};
use crate::model::call::{AnswerOutcome, CallFault};

#[test]
fn calls_go_over_tls_however_narrow_the_line() {
    for width in [50, 4_096] {
        run(async {
            let (near, mut far) = secret(width).await;
            let mut connection = Connection::new(Box::new(near), LIMITS, later());
            for length in [2, 20_000, 100_000] {
                assert!(connection.is_quiet() && connection.is_reusable());
                let body: Arc<[u8]> = vec![b'{'; length].into();
                let call = tokio::spawn(connection.call(&head(), body, false));
                ask(&mut far).await;
                let text = vec![b'x'; length];
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
                far.write_all(head.as_bytes()).await.unwrap();
                far.write_all(&text).await.unwrap();
                far.flush().await.unwrap();
                let finished = call.await.unwrap();
                let outcome = AnswerOutcome::Body(text);
                assert_eq!(finished.fetched.unwrap(), Fetched { outcome, status: Some(200) });
                connection = finished.connection.unwrap();
            }
            far.shutdown().await.unwrap();
            tokio::task::yield_now().await;
            assert!(!connection.is_quiet());
        });
    }
}

#[test]
fn a_line_cut_without_a_word_is_no_end_of_a_body() {
    run(async {
        let (near, mut far) = secret(4_096).await;
        let connection = Connection::new(Box::new(near), LIMITS, later());
        let call = tokio::spawn(connection.call(&head(), Arc::from(&b"{}"[..]), false));
        ask(&mut far).await;
        far.write_all(b"HTTP/1.1 200 OK\r\n\r\n{\"id\":\"cut\"}").await.unwrap();
        far.flush().await.unwrap();
        drop(far);
        let fetched = call.await.unwrap().fetched.unwrap();
        let outcome = AnswerOutcome::Failed(CallFault::Framing);
        assert_eq!(fetched, Fetched { outcome, status: Some(200) });
    });
}

/// Makes both ends of a session over a pipe that holds `width` bytes.
async fn secret(width: usize) -> (TlsStream<DuplexStream>, server::TlsStream<DuplexStream>) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(vec!["acme.example".to_owned()]).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
    let mut server = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    if width < 1_000 {
        // They would fill the pipe before anybody reads.
        server.send_tls13_tickets = 0;
    }
    let mut roots = RootCertStore::empty();
    roots.add(cert.der().clone()).unwrap();
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let (near, far) = duplex(width);
    let acceptor = TlsAcceptor::from(Arc::new(server));
    let accepted = tokio::spawn(async move { acceptor.accept(far).await.unwrap() });
    let name = ServerName::try_from("acme.example").unwrap();
    let near = TlsConnector::from(Arc::new(client)).connect(name, near).await.unwrap();
    (near, accepted.await.unwrap())
}

//! Bidders over TLS.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use breakwater::model::call::AnswerOutcome;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{HandshakeKind, ServerConfig};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::yield_now;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::bidders::lies::Case;
use crate::bidders::{Server, ask, assert_honest, bidders, read_request, ready, serve};

#[tokio::test]
async fn tls_is_spoken_to_those_whose_name_is_proved() {
    let good = serve(Case::honest()).await;
    let named = serve_tls("localhost", 9).await;
    let stranger = serve_tls("localhost", 9).await;
    let other = serve_tls("elsewhere.example", 9).await;
    let plain = good.url.replace("http://127.0.0.1", "https://localhost");
    let silent = serve(Case::silent()).await.url.replace("http://127.0.0.1", "https://localhost");
    let urls = [
        &*named.server.url,
        &*stranger.server.url,
        &*other.server.url,
        &*plain,
        &*silent,
        &*good.url,
    ];
    let bidders = bidders(&urls, vec![named.trusted, other.trusted]).await;
    for _ in 0..2 {
        let answers = ask(&bidders, urls.len(), Duration::from_secs(5)).await;
        assert_honest(&answers[0], "TLS");
        for (answer, name) in answers[1..5].iter().zip(["root", "name", "plain", "silent"]) {
            assert_eq!(answer.outcome, AnswerOutcome::Unreachable, "{name}");
        }
        assert_honest(&answers[5], "beside TLS");
    }
    assert_eq!(named.server.connections.load(Ordering::Relaxed), 1, "TLS connections are kept too");
}

#[tokio::test]
async fn sessions_are_resumed() {
    let secure = serve_tls("localhost", 1).await;
    let bidders = bidders(&[&secure.server.url], vec![secure.trusted]).await;
    let connections = &secure.server.connections;
    for asked in 1..=3 {
        let answers = ask(&bidders, 1, Duration::from_secs(5)).await;
        assert_honest(&answers[0], "nobody");
        let replaced = async {
            while connections.load(Ordering::Relaxed) == asked {
                yield_now().await;
            }
        };
        timeout(Duration::from_secs(5), replaced).await.expect("another connection is made");
        ready(&bidders).await;
    }
    // The bidder may not have seen the end of the last handshake yet.
    assert!(2 <= secure.resumed.load(Ordering::Relaxed));
}

/// A bidder that speaks TLS.
struct Secure {
    server: Server,
    trusted: CertificateDer<'static>,
    /// Handshakes that resumed a session.
    resumed: Arc<AtomicUsize>,
}

/// Answers honestly over TLS, with a certificate of its own for `name`, so many calls a connection.
async fn serve_tls(name: &str, calls: usize) -> Secure {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(vec![name.to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}/bid", listener.local_addr().unwrap().port());
    let connections = Arc::new(AtomicUsize::new(0));
    let taken = Arc::clone(&connections);
    let resumed = Arc::new(AtomicUsize::new(0));
    let again = Arc::clone(&resumed);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            taken.fetch_add(1, Ordering::Relaxed);
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            if stream.get_ref().1.handshake_kind() == Some(HandshakeKind::Resumed) {
                again.fetch_add(1, Ordering::Relaxed);
            }
            tokio::spawn(async move {
                for _ in 0..calls {
                    if read_request(&mut stream).await.is_none() {
                        return;
                    }
                    stream.write_all(&Case::honest().answer).await.unwrap();
                }
                stream.shutdown().await.unwrap();
            });
        }
    });
    let (_, closed) = mpsc::unbounded_channel();
    let server = Server { url, connections, closed };
    Secure { server, trusted: cert.der().clone(), resumed }
}

use std::io;
use std::sync::Arc;

use futures_util::FutureExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::io::bidders::Endpoint;
use crate::io::connect::{Live, Patience};
use crate::io::documents::{DocumentFault, Documents, MAX_DOCUMENT, MAX_UNDER_WAY};
use crate::model::ids::BidderId;

#[tokio::test]
async fn a_document_is_fetched_up_to_its_limit() {
    for (length, fits) in [(0, true), (MAX_DOCUMENT, true), (MAX_DOCUMENT + 1, false)] {
        let document = vec![b'x'; length];
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
        let chunk = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{length:x}\r\n");
        let announced = [head.as_bytes(), &document].concat();
        // The last chunk has no bytes, and no line of its own when it is the first.
        let end: &[u8] = if length == 0 { b"\r\n" } else { b"\r\n0\r\n\r\n" };
        let chunked = [chunk.as_bytes(), &document, end].concat();
        for answer in [announced, chunked] {
            let url = serve(answer).await;
            let expected = if fits { Ok(document.clone()) } else { Err(DocumentFault::TooLarge) };
            assert!(documents().fetch(&acme(), &url).await == expected, "{length} bytes");
        }
    }
}

#[tokio::test]
async fn what_is_no_answer_is_named() {
    let ambiguous = "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n\
                     1\r\nx\r\n0\r\n\r\n";
    for (answer, fault) in [
        ("HTTP/1.1 301 Moved\r\nlocation: /\r\ncontent-length: 0\r\n\r\n", DocumentFault::Status),
        ("HTTP/1.1 500 Oops\r\ncontent-length: 4\r\n\r\noops", DocumentFault::Status),
        ("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\ncut", DocumentFault::Failed),
        (
            "HTTP/1.1 200 OK\r\ncontent-encoding: br\r\ncontent-length: 1\r\n\r\nx",
            DocumentFault::Failed,
        ),
        (ambiguous, DocumentFault::Failed),
        ("no HTTP at all\r\n\r\n", DocumentFault::Failed),
        ("", DocumentFault::Failed),
    ] {
        let url = serve(answer.into()).await;
        assert_eq!(documents().fetch(&acme(), &url).await, Err(fault), "{answer:?}");
    }
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let fetched = documents().fetch(&acme(), &format!("http://{closed}/")).await;
    assert_eq!(fetched, Err(DocumentFault::Unreachable));
    assert_eq!(documents().fetch(&acme(), "ftp://x.example/").await, Err(DocumentFault::Refused));
}

/// Answers before the answer, and headers, come only so many.
#[tokio::test]
async fn endless_heads_end() {
    let url = serve(b"HTTP/1.1 103 Early Hints\r\n\r\n".repeat(100_000)).await;
    assert_eq!(documents().fetch(&acme(), &url).await, Err(DocumentFault::Failed));
    let url = serve([&b"HTTP/1.1 200 OK\r\n"[..], &b"a: b\r\n".repeat(1_000)].concat()).await;
    assert_eq!(documents().fetch(&acme(), &url).await, Err(DocumentFault::TooLarge));
}

#[tokio::test]
async fn our_own_network_is_closed_to_bidders_that_are_not_let_in() {
    let url = serve(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx".to_vec()).await;
    let outside = of(false);
    let by_name = url.replace("127.0.0.1", "localhost");
    for url in [&*url, &*by_name, "http://[::1]/", "http://2130706433/"] {
        assert_eq!(outside.fetch(&acme(), url).await, Err(DocumentFault::Refused), "{url}");
    }
    assert_eq!(documents().fetch(&acme(), &url).await, Ok(b"x".to_vec()));
}

#[tokio::test]
async fn a_bidder_has_so_many_under_way_and_gets_its_places_back() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let documents = documents();
    let acme = acme();
    {
        let mut open: Vec<_> =
            (0..MAX_UNDER_WAY).map(|_| Box::pin(documents.fetch(&acme, &url))).collect();
        for fetch in &mut open {
            assert!(fetch.now_or_never().is_none());
        }
        assert_eq!(documents.fetch(&acme, &url).await, Err(DocumentFault::Busy));
    }
    let stranger = BidderId::new("stranger");
    assert_eq!(documents.fetch(&stranger, &url).await, Err(DocumentFault::Busy));
    let url = serve(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()).await;
    assert_eq!(documents.fetch(&acme, &url).await, Ok(Vec::new()));
}

/// A connection is kept for the next document of the same bidder from there, and a server that has
/// closed it meanwhile is asked on a new one.
#[tokio::test]
async fn connections_are_kept() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let (taken, mut count) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            taken.send(()).unwrap();
            for _ in 0..2 {
                let Ok(()) = read_head(&mut stream).await else { break };
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx";
                stream.write_all(answer).await.unwrap();
            }
        }
    });
    let documents = documents();
    for fetched in 1..=6 {
        assert_eq!(documents.fetch(&acme(), &url).await, Ok(b"x".to_vec()), "{fetched}");
    }
    let mut connections = 0;
    while count.try_recv().is_ok() {
        connections += 1;
    }
    assert_eq!(connections, 3);
}

/// Answers every request so, and closes.
async fn serve(answer: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v?a=[b]", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            if read_head(&mut stream).await.is_ok() {
                // The reader may hang up before all is written.
                let _ = stream.write_all(&answer).await;
            }
        }
    });
    url
}

async fn read_head(stream: &mut TcpStream) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    Ok(())
}

fn documents() -> Documents {
    of(true)
}

fn of(allow_loopback: bool) -> Documents {
    let endpoint = Endpoint {
        id: acme(),
        url: "https://bid.acme.example/".into(),
        qps: None,
        in_flight: 256,
        http2: false,
        allow_loopback,
    };
    Documents::new(&[endpoint], Arc::new(Live::new(Patience::BIDDER, Vec::new()).unwrap()))
}

fn acme() -> BidderId {
    BidderId::new("acme")
}

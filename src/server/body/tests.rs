use std::convert::Infallible;
use std::io::Write;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::{Full, StreamBody};
use hyper::StatusCode;
use hyper::body::{Bytes, Frame};
use hyper::header::{CONTENT_ENCODING, HeaderMap, HeaderValue};

use super::{BODY_BYTES, read};

fn coded(coding: &'static str) -> HeaderMap {
    HeaderMap::from_iter([(CONTENT_ENCODING, HeaderValue::from_static(coding))])
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

async fn outcome(bytes: Vec<u8>, headers: &HeaderMap) -> Result<usize, StatusCode> {
    let read = read(Full::new(Bytes::from(bytes)), headers).await;
    read.map(|body| body.len()).map_err(|refused| refused.status)
}

#[tokio::test]
async fn bodies_are_read_up_to_the_limit() {
    let none = HeaderMap::new();
    assert_eq!(outcome(vec![b' '; BODY_BYTES], &none).await, Ok(BODY_BYTES));
    let over = outcome(vec![b' '; BODY_BYTES + 1], &none).await;
    assert_eq!(over, Err(StatusCode::PAYLOAD_TOO_LARGE));
}

#[tokio::test]
async fn gzip_counts_decoded_and_must_be_whole() {
    let headers = coded("gzip");
    assert_eq!(outcome(gzip(b"{}"), &headers).await, Ok(2));
    let bomb = gzip(&vec![0; 100 * 1024 * 1024]);
    assert!(bomb.len() < BODY_BYTES);
    assert_eq!(outcome(bomb, &headers).await, Err(StatusCode::PAYLOAD_TOO_LARGE));
    let whole = gzip(b"{\"id\":1}");
    let cut = whole[..whole.len() - 1].to_vec();
    assert_eq!(outcome(cut, &headers).await, Err(StatusCode::BAD_REQUEST));
    let mut wrong = whole.clone();
    let crc = wrong.len() - 8;
    wrong[crc] ^= 1;
    assert_eq!(outcome(wrong, &headers).await, Err(StatusCode::BAD_REQUEST));
    let twice = [whole.clone(), whole].concat();
    assert_eq!(outcome(twice, &headers).await, Err(StatusCode::BAD_REQUEST));
}

#[tokio::test]
async fn other_codings_are_refused() {
    for coding in ["br", "gzip, gzip", "deflate"] {
        let refused = outcome(b"{}".to_vec(), &coded(coding)).await;
        assert_eq!(refused, Err(StatusCode::UNSUPPORTED_MEDIA_TYPE), "{coding}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_drips_is_cut() {
    let drip = futures_util::stream::unfold(0_u64, |count| async move {
        tokio::time::sleep(Duration::from_millis(900)).await;
        Some((Ok::<_, Infallible>(Frame::data(Bytes::from_static(b"x"))), count + 1))
    });
    let refused = read(StreamBody::new(Box::pin(drip)), &HeaderMap::new()).await;
    assert_eq!(refused.unwrap_err().status, StatusCode::REQUEST_TIMEOUT);
}

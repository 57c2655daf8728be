use std::io::ErrorKind;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

use super::{CALL_FRAMES, Frames, Gauge, IDLE_FRAMES, Seen, Watched};

#[test]
fn frames_are_found_wherever_the_bytes_are_cut() {
    let text = [
        frame(4, 0, 0, &[0, 4, 0, 0, 255, 255, 0, 3, 0, 0, 0, 7]),
        frame(4, 1, 0, b""),
        frame(0, 0, 1, b"an answer"),
        frame(0, 1, 1, b""),
        frame(4, 0, 0, b""),
        frame(6, 0, 0, &[0; 8]),
        frame(7, 0, 0, &[0; 8]),
    ]
    .concat();
    let wanted = [
        Seen::Streams(7),
        Seen::Settings,
        Seen::Idle,
        Seen::Answer,
        Seen::Idle,
        Seen::Settings,
        Seen::Idle,
        Seen::GoAway,
    ];
    for size in 1..=text.len() {
        let (mut frames, mut seen) = (Frames::default(), Vec::new());
        for part in text.chunks(size) {
            let look = frames.look(part, |it| {
                seen.push(it);
                Ok(())
            });
            look.unwrap();
        }
        assert_eq!(seen, wanted, "cut after {size} bytes");
    }
}

#[tokio::test(start_paused = true)]
async fn what_does_not_begin_with_settings_is_a_stranger() {
    for text in [&b"HTTP/1.1 400 Bad Request\r\n"[..], &frame(4, 1, 0, b""), &frame(0, 0, 1, b"x")]
    {
        let gauge = Arc::new(Gauge::new());
        let (ours, mut theirs) = duplex(1024);
        let mut watched = Watched::new(Box::new(ours), Arc::clone(&gauge));
        theirs.write_all(text).await.unwrap();
        let fault = watched.read_exact(&mut [0; 9]).await.unwrap_err();
        assert_eq!(fault.kind(), ErrorKind::Unsupported);
        drop(watched);
        assert_eq!(gauge.settled().await.unwrap_err().kind(), ErrorKind::Unsupported);
    }
}

#[tokio::test(start_paused = true)]
async fn who_leaves_before_its_settings_is_gone_and_no_stranger() {
    // Nothing, part of a head, and settings that are cut short.
    for text in [&b""[..], &frame(4, 0, 0, b"")[..5], &frame(4, 0, 0, &[0; 6])[..12]] {
        let gauge = Arc::new(Gauge::new());
        let (ours, mut theirs) = duplex(1024);
        let mut watched = Watched::new(Box::new(ours), Arc::clone(&gauge));
        theirs.write_all(text).await.unwrap();
        drop(theirs);
        watched.read_to_end(&mut Vec::new()).await.unwrap();
        drop(watched);
        let fault = gauge.settled().await.unwrap_err();
        assert_eq!(fault.kind(), ErrorKind::ConnectionAborted, "after {text:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn frames_without_an_answer_are_counted() {
    let gauge = Arc::new(Gauge::new());
    let (ours, mut theirs) = duplex(1 << 20);
    let mut watched = Watched::new(Box::new(ours), Arc::clone(&gauge));
    theirs.write_all(&frame(4, 0, 0, b"")).await.unwrap();
    // However much of it comes, an answer is bounded elsewhere.
    theirs.write_all(&frame(0, 0, 1, b"x").repeat(2 * IDLE_FRAMES)).await.unwrap();
    let mut room = vec![0; 10 * 2 * IDLE_FRAMES + 9];
    watched.read_exact(&mut room).await.unwrap();
    gauge.expect_call();
    let pings = frame(6, 0, 0, &[0; 8]);
    for _ in 1..IDLE_FRAMES + CALL_FRAMES {
        theirs.write_all(&pings).await.unwrap();
        watched.read_exact(&mut [0; 17]).await.unwrap();
    }
    theirs.write_all(&pings).await.unwrap();
    let fault = watched.read_exact(&mut [0; 17]).await.unwrap_err();
    assert_eq!(fault.kind(), ErrorKind::InvalidData);
}

#[tokio::test(start_paused = true)]
async fn closing_ends_a_reader_that_waits() {
    let gauge = Arc::new(Gauge::new());
    let (ours, _theirs) = duplex(64);
    let mut watched = Watched::new(Box::new(ours), Arc::clone(&gauge));
    let reads = tokio::spawn(async move { watched.read_u8().await });
    tokio::task::yield_now().await;
    gauge.close();
    assert_eq!(reads.await.unwrap().unwrap_err().kind(), ErrorKind::ConnectionAborted);
    assert!(!gauge.is_open());
}

fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap();
    [&[0, 0, length, kind, flags, 0, 0, 0, stream], payload].concat()
}

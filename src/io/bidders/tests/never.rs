//! Whatever bidders do, no question outlasts its cutoff and no honest answer is lost.

use std::time::Duration;

use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop, prop_oneof, proptest};
use tokio::io::AsyncWriteExt;
use tokio::time::Instant;

use crate::io::bidders::tests::{Net, Pipes, ask, ok, pass, read_request};
use crate::model::call::AnswerOutcome;

/// What a bidder does with every connection.
#[derive(Clone, Debug)]
enum Way {
    /// Is not there.
    Absent,
    /// Lets connections wait for so many milliseconds.
    SlowToAccept(u64),
    /// Writes these pieces, each after so many milliseconds, and hangs or closes.
    Says(Vec<(u64, Vec<u8>)>, bool),
}

fn way() -> impl Strategy<Value = Way> {
    let piece = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..40),
        Just(b"HTTP/1.1 200 OK\r\n".to_vec()),
        Just(b"HTTP/1.1 103 Early\r\n\r\n".to_vec()),
        Just(b"content-length: 5\r\n\r\n".to_vec()),
        Just(b"transfer-encoding: chunked\r\n\r\n3\r\nbid\r\n".to_vec()),
        Just(ok("1")),
        Just(ok("22")),
        Just(vec![b' '; 200_000]),
    ];
    let pieces = prop::collection::vec((0..150_u64, piece), 0..6);
    prop_oneof![
        1 => Just(Way::Absent),
        1 => (0..400_u64).prop_map(Way::SlowToAccept),
        6 => (pieces, any::<bool>()).prop_map(|(pieces, closes)| Way::Says(pieces, closes)),
    ]
}

fn behave(net: &Net, id: &str, way: Way) {
    match way {
        Way::Absent => {}
        Way::SlowToAccept(after_ms) => {
            let gate = net.hold(id);
            let kept = net.accept(id);
            tokio::spawn(async move {
                pass(Duration::from_millis(after_ms)).await;
                gate.notify_one();
                pass(Duration::from_secs(60)).await;
                drop(kept);
            });
        }
        Way::Says(pieces, closes) => {
            tokio::spawn(say(net.accept(id), pieces, closes));
        }
    }
}

async fn say(mut pipes: Pipes, pieces: Vec<(u64, Vec<u8>)>, closes: bool) {
    while let Some(mut stream) = pipes.recv().await {
        let pieces = pieces.clone();
        tokio::spawn(async move {
            for (after_ms, piece) in pieces {
                pass(Duration::from_millis(after_ms)).await;
                if stream.write_all(&piece).await.is_err() {
                    return;
                }
            }
            if !closes {
                pass(Duration::from_secs(60)).await;
            }
        });
    }
}

/// Answers each request so many milliseconds after it came.
async fn honest(mut pipes: Pipes, after_ms: u64) {
    while let Some(mut stream) = pipes.recv().await {
        tokio::spawn(async move {
            loop {
                read_request(&mut stream).await;
                if 0 < after_ms {
                    pass(Duration::from_millis(after_ms)).await;
                }
                let _closed = stream.write_all(&ok("honest")).await;
            }
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_question_ends_after_its_cutoff_and_no_answer_in_time_is_late(
        ways in prop::collection::vec(way(), 0..6),
        within_ms in 1..300_u64,
        honest_ms in 0..300_u64,
        rounds in 1..4_usize,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let net = Net::new();
            let mut ids = vec!["honest".to_owned()];
            tokio::spawn(honest(net.accept("honest"), honest_ms));
            for (number, way) in ways.into_iter().enumerate() {
                ids.push(format!("liar{number}"));
                behave(&net, &ids[number + 1], way);
            }
            let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
            let bidders = net.warm(&ids, 4).await;
            for _ in 0..rounds {
                let begun = Instant::now();
                let answers = ask(&bidders, &ids, within_ms).await;
                let took = begun.elapsed();
                assert!(took <= Duration::from_millis(within_ms), "{took:?}");
                assert_eq!(answers.len(), ids.len());
                // The timer is due 2 ms before the cutoff.
                let wanted = if honest_ms + 2 < within_ms {
                    AnswerOutcome::Body(b"honest".to_vec())
                } else {
                    AnswerOutcome::Timeout { sent: 2 < within_ms }
                };
                assert_eq!(answers[0].outcome, wanted);
            }
        });
    }
}

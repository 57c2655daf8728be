use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::runtime::Builder;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::{Missing, Once};

/// A day: a deadline that no test reaches.
const FAR: Duration = Duration::from_secs(86_400);

#[test]
fn callers_on_other_workers_share_it_when_the_first_hangs_up() {
    let made = Arc::new(AtomicU32::new(0));
    let (release, gate) = oneshot::channel::<()>();
    let (hand_over, taken) = std::sync::mpsc::channel();
    let count = Arc::clone(&made);
    let (done, finished) = std::sync::mpsc::channel::<()>();
    let first = std::thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let once = Once::begin(async move {
                gate.await.unwrap();
                (count.fetch_add(1, Ordering::SeqCst) + 7, || ())
            });
            let joined = once.clone();
            // The first caller asks once and hangs up: its future is polled, then dropped.
            let waiting = once.by(Instant::now() + FAR);
            tokio::select! {
                biased;
                _ = waiting => panic!("nothing is made before the gate opens"),
                () = std::future::ready(()) => {}
            }
            hand_over.send(joined).unwrap();
            tokio::task::spawn_blocking(move || finished.recv()).await.unwrap().unwrap();
        });
    });
    let once = taken.recv().unwrap();
    let others: Vec<_> = (0..3)
        .map(|_| {
            let once = once.clone();
            std::thread::spawn(move || {
                let runtime = Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(once.by(Instant::now() + FAR))
            })
        })
        .collect();
    release.send(()).unwrap();
    for other in others {
        assert_eq!(other.join().unwrap(), Ok(7));
    }
    done.send(()).unwrap();
    first.join().unwrap();
    assert_eq!(made.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn a_caller_leaves_at_its_own_deadline() {
    let once = Once::<u8>::start(std::future::pending());
    assert_eq!(once.by(Instant::now() + Duration::from_millis(80)).await, Err(Missing::Late));
}

#[tokio::test(start_paused = true)]
async fn what_a_caller_leaves_at_its_deadline_is_made_for_the_others() {
    let slow = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        ("sale", || ())
    };
    let first = Once::begin(slow);
    let joined = first.clone();
    let deadline = Instant::now() + Duration::from_millis(80);
    assert_eq!(first.by(deadline).await, Err(Missing::Late));
    assert_eq!(joined.by(Instant::now() + FAR).await, Ok("sale"));
}

#[tokio::test(start_paused = true)]
async fn what_nobody_waits_for_is_made_all_the_same() {
    let first = Once::begin(async { ("sale", || ()) });
    let joined = first.clone();
    drop(first);
    assert_eq!(joined.by(Instant::now() + FAR).await, Ok("sale"));
}

#[tokio::test]
async fn who_asks_first_makes_it_in_its_own_turn() {
    let once = Once::begin(async { ("sale", || ()) });
    assert_eq!(once.by(Instant::now() + FAR).now_or_never(), Some(Ok("sale")));
}

#[tokio::test(start_paused = true)]
async fn a_maker_that_dies_leaves_nobody_waiting() {
    let fails = async { panic!("the sale failed") };
    let first = Once::<u8>::begin(async { (fails.await, || ()) });
    let joined = first.clone();
    assert_eq!(first.by(Instant::now() + FAR).await, Err(Missing::Dead));
    assert_eq!(joined.by(Instant::now() + FAR).await, Err(Missing::Dead));
}

#[tokio::test]
async fn callers_go_before_the_aftermath() {
    let (said, mut heard) = mpsc::unbounded_channel();
    let answered = said.clone();
    let once = Once::begin(async move { ("sale", move || said.send("aftermath").unwrap()) });
    let joined = once.clone();
    // As over HTTP/2: the task of a request hands its answer to that of the connection.
    let (hand_over, handed) = oneshot::channel();
    tokio::spawn(async move { answered.send(handed.await.unwrap()).unwrap() });
    tokio::spawn(async move {
        hand_over.send(joined.by(Instant::now() + FAR).await.unwrap()).unwrap();
    });
    tokio::task::yield_now().await;
    assert_eq!(once.by(Instant::now() + FAR).await, Ok("sale"));
    assert_eq!([heard.recv().await, heard.recv().await], [Some("sale"), Some("aftermath")]);
}

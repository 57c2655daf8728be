//! Over a paused clock, where what blocks the thread is a step of that clock.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::task::yield_now;
use tokio::time::{advance, sleep};

use super::{Lag, processor};

#[tokio::test(start_paused = true)]
async fn an_idle_worker_neither_probes_nor_ticks() {
    let (lag, ticks) = watched();
    sleep(Duration::from_secs(10)).await;
    assert_eq!(ticks.lock().len(), 0);
    assert_eq!(lag.delay(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn traffic_starts_the_ticks_and_its_end_ends_them() {
    let (lag, ticks) = watched();
    for _ in 0..10 {
        assert_eq!(lag.delay(), Duration::ZERO);
        sleep(Duration::from_millis(10)).await;
    }
    let during = ticks.lock().len();
    assert!((7..=10).contains(&during), "{during} ticks in 100 ms");
    assert!(ticks.lock().iter().all(|delay| *delay < Duration::from_millis(1)));
    sleep(Duration::from_secs(2)).await;
    let after = ticks.lock().len();
    sleep(Duration::from_secs(2)).await;
    assert_eq!(ticks.lock().len(), after, "without traffic it is quiet");
}

#[tokio::test(start_paused = true)]
async fn a_pause_is_known_to_the_first_request_after_it_and_soon_forgotten() {
    let (lag, ticks) = watched();
    lag.delay();
    sleep(Duration::from_millis(50)).await;
    assert_eq!(lag.delay(), Duration::ZERO);
    // The whole process stands still; then this task is the first to run.
    advance_now(Duration::from_millis(300)).await;
    assert!(Duration::from_millis(290) < lag.delay(), "{:?}", lag.delay());
    sleep(Duration::from_millis(30)).await;
    assert_eq!(lag.delay(), Duration::ZERO);
    let worst = ticks.lock().iter().max().copied();
    assert!(worst.is_some_and(|worst| worst < Duration::from_millis(1)), "over at once: {worst:?}");
}

/// The processor's time is the real one: a burst of our own takes it, a process that stands still
/// does not.
#[tokio::test(start_paused = true)]
async fn work_of_our_own_is_no_pause() {
    for works in [true, false] {
        let (lag, _ticks) = watched();
        lag.delay();
        sleep(Duration::from_millis(50)).await;
        let begun = processor();
        while works && processor() < begun + Duration::from_millis(90) {
            std::hint::spin_loop();
        }
        advance_now(Duration::from_millis(90)).await;
        let delay = lag.delay();
        assert_eq!(delay == Duration::ZERO, works, "works: {works}, {delay:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_runs_before_a_turn_ends_is_delay() {
    let (lag, ticks) = watched();
    lag.delay();
    // A task that takes 5 ms of the thread whenever it runs, and is always ready.
    let busy = tokio::spawn(async {
        for _ in 0..20 {
            advance(Duration::from_millis(5)).await;
            yield_now().await;
        }
    });
    busy.await.unwrap();
    sleep(Duration::from_millis(15)).await;
    let worst = ticks.lock().iter().max().copied();
    assert!(worst.is_some_and(|worst| Duration::from_millis(2) < worst), "{worst:?}");
}

/// Moves the clock without letting anything else run first.
async fn advance_now(length: Duration) {
    let mut step = Box::pin(advance(length));
    std::future::poll_fn(|cx| {
        // The first poll moves the clock and yields; what is due has not run yet.
        let _: std::task::Poll<()> = step.as_mut().poll(cx);
        std::task::Poll::Ready(())
    })
    .await;
}

fn watched() -> (Arc<Lag>, Arc<Mutex<Vec<Duration>>>) {
    let (lag, ticks) = (Arc::new(Lag::default()), Arc::new(Mutex::new(Vec::new())));
    let seen = Arc::clone(&ticks);
    tokio::spawn(Arc::clone(&lag).watch(move |felt, _| seen.lock().push(felt.delay)));
    (lag, ticks)
}

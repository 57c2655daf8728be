//! Over a paused clock, where what blocks the thread is a step of that clock.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::task::yield_now;
use tokio::time::{advance, sleep};

use super::Lag;

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

/// A quarter of a second and more would pass before four probes have told of turns as long as this.
#[tokio::test(start_paused = true)]
async fn one_long_turn_is_a_delay_and_a_shorter_one_is_not() {
    for (ms, is_delay) in [(20, false), (40, true)] {
        let (lag, _ticks) = watched();
        lag.delay();
        sleep(Duration::from_millis(50)).await;
        // A task that is ready once, at the same time as the probe.
        let busy = tokio::spawn(async move {
            sleep(Duration::from_millis(5)).await;
            yield_now().await;
            advance_now(Duration::from_millis(ms)).await;
        });
        busy.await.unwrap();
        assert_eq!(
            lag.delay() != Duration::ZERO,
            is_delay,
            "{ms} ms, in the turn: {:?}",
            lag.delay()
        );
        sleep(Duration::from_millis(30)).await;
        assert_eq!(lag.delay(), Duration::ZERO, "{ms} ms: over");
    }
}

/// Turns of a busy task, each so many milliseconds, and the least that is told of them.
const TURNS: &[(usize, u64, u64)] = &[(20, 5, 2), (2, 40, 35)];

#[tokio::test(start_paused = true)]
async fn what_runs_before_a_turn_ends_is_delay() {
    for &(turns, each, told) in TURNS {
        let (lag, ticks) = watched();
        lag.delay();
        // Whenever it runs it takes its time of the thread, and it is always ready.
        let busy = tokio::spawn(async move {
            for _ in 0..turns {
                advance_now(Duration::from_millis(each)).await;
                yield_now().await;
            }
        });
        busy.await.unwrap();
        sleep(Duration::from_millis(15)).await;
        let worst = ticks.lock().iter().max().copied();
        assert!(worst.is_some_and(|it| Duration::from_millis(told) < it), "{each} ms: {worst:?}");
    }
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

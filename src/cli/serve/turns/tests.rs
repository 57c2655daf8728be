use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, advance};

use super::Turns;

#[tokio::test(start_paused = true)]
async fn a_stop_waits_for_the_turn_under_way_and_nobody_gets_another() {
    let turns = Arc::new(Turns::new());
    let turn = turns.take().await.expect("nobody has told it to stop");
    let own = Arc::clone(&turns);
    let waiting = tokio::spawn(async move { own.take().await.is_some() });
    tokio::task::yield_now().await;
    turns.stop();
    let own = Arc::clone(&turns);
    let by = Instant::now() + Duration::from_secs(2);
    let stopped = tokio::spawn(async move { own.over(by).await });
    advance(Duration::from_millis(1_900)).await;
    assert!(!stopped.is_finished(), "a reload is still under way");
    drop(turn);
    assert!(stopped.await.unwrap(), "it has ended in time");
    assert!(!waiting.await.unwrap(), "who waited for a turn gets none");
    assert!(turns.take().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_does_not_end_holds_up_no_stop() {
    let turns = Turns::new();
    let _turn = turns.take().await.unwrap();
    turns.stop();
    let begun = Instant::now();
    assert!(!turns.over(begun + Duration::from_secs(2)).await);
    // A timer may be a millisecond late.
    assert!(begun.elapsed() <= Duration::from_millis(2_002), "{:?}", begun.elapsed());
}

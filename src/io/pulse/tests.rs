use std::time::Duration;

use tokio::time::{advance, sleep};

use super::Pulse;

#[tokio::test(start_paused = true)]
async fn a_worker_that_turns_is_heard_and_one_that_ended_is_not_missed() {
    let pulse = Pulse::default();
    assert!(pulse.is_steady(), "nobody is late when nobody beats");
    let beat = pulse.beat();
    sleep(Duration::from_secs(30)).await;
    assert!(pulse.is_steady());
    drop(beat);
    advance(Duration::from_secs(30)).await;
    assert!(pulse.is_steady());
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_is_stuck_is_noticed() {
    let pulse = Pulse::default();
    let _beat = pulse.beat();
    // The clock goes on while the loop has no turn.
    advance(Duration::from_secs(2)).await;
    assert!(!pulse.is_steady());
    sleep(Duration::from_millis(1)).await;
    assert!(pulse.is_steady(), "it turns again");
}

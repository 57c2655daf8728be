use std::time::Duration;

use tokio::time::advance;

use super::Sampler;

#[tokio::test(start_paused = true)]
async fn ten_a_second_and_then_one_in_a_hundred() {
    let sampler = Sampler::default();
    let through = |kind| (0..1_000).filter(|_| sampler.lets_through(kind)).count();
    assert_eq!(through("bad_json"), 10 + 10);
    assert_eq!(through("bad_field"), 10 + 10, "each kind has its own count");
    advance(Duration::from_secs(1)).await;
    assert_eq!(through("bad_json"), 10 + 10);
}

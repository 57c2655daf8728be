use std::future::{Ready, pending, ready};
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::oneshot;
use tokio::time::{Instant, advance, timeout};

use super::{FRESH, HESITATION, MAX_LOOKUPS, MAX_NAMES, Names, OLD};

const PATIENCE: Duration = Duration::from_millis(250);

fn address(last: u8) -> IpAddr {
    IpAddr::from([192, 0, 2, last])
}

fn good(last: u8) -> Ready<io::Result<Vec<IpAddr>>> {
    ready(Ok(vec![address(last)]))
}

async fn broken() -> io::Result<Vec<IpAddr>> {
    Err(io::ErrorKind::NotFound.into())
}

async fn first(names: &Arc<Names>, host: &str, last: u8) -> IpAddr {
    names.find(host, || good(last)).await.unwrap()[0]
}

#[tokio::test(start_paused = true)]
async fn a_name_is_looked_up_once_at_a_time_and_the_result_shared() {
    let names = Arc::new(Names::default());
    let (answer, answered) = oneshot::channel();
    let begun = timeout(PATIENCE, names.find("hung.example", || async { answered.await.unwrap() }));
    assert!(begun.await.is_err(), "the first dial gives up");
    let refuse = || -> std::future::Pending<_> { panic!("a second lookup began") };
    for _ in 0..600 {
        let waiting = timeout(Duration::from_millis(1), names.find("hung.example", refuse));
        assert!(waiting.await.is_err());
    }
    assert_eq!(names.0.lock().lookups, 1);
    assert_eq!(first(&names, "good.example", 1).await, address(1), "it costs no other name");
    let waiting = join_all((0..3).map(|_| names.find("hung.example", refuse)));
    answer.send(good(2).await).unwrap();
    for found in waiting.await {
        assert_eq!(found.unwrap()[0], address(2));
    }
    assert_eq!(names.0.lock().lookups, 0, "its place is given back");
}

#[tokio::test(start_paused = true)]
async fn a_good_answer_is_kept_and_serves_longer_when_there_is_no_newer() {
    let names = Arc::new(Names::default());
    let host = "acme.example";
    assert_eq!(first(&names, host, 1).await, address(1));
    advance(FRESH - Duration::from_millis(1)).await;
    assert_eq!(first(&names, host, 2).await, address(1), "fresh");
    advance(Duration::from_millis(1)).await;
    assert_eq!(first(&names, host, 2).await, address(2), "old");
    advance(FRESH).await;
    assert_eq!(names.find(host, broken).await.unwrap()[0], address(2), "failing");
    advance(OLD - 2 * FRESH).await;
    let before = Instant::now();
    assert_eq!(names.find(host, pending).await.unwrap()[0], address(2), "hung");
    assert!(before.elapsed() < 2 * HESITATION);
    advance(FRESH).await;
    let fault = timeout(PATIENCE, names.find(host, broken)).await;
    assert!(fault.is_err(), "an hour old, and the lookup still hangs");
}

#[tokio::test(start_paused = true)]
async fn a_fault_is_told_and_not_kept() {
    let names = Arc::new(Names::default());
    let fault = names.find("acme.example", broken).await.unwrap_err();
    assert_eq!(fault.kind(), io::ErrorKind::NotFound);
    let empty = names.find("acme.example", || async { Ok(Vec::new()) }).await.unwrap_err();
    assert_eq!(empty.kind(), io::ErrorKind::NotFound);
    assert!(names.0.lock().names.is_empty());
    assert_eq!(first(&names, "acme.example", 1).await, address(1));
}

#[tokio::test(start_paused = true)]
async fn lookups_and_names_are_limited() {
    let names = Arc::new(Names::default());
    for number in 0..=MAX_NAMES {
        first(&names, &format!("{number}.example"), 1).await;
        advance(Duration::from_millis(1)).await;
    }
    assert_eq!(names.0.lock().names.len(), MAX_NAMES);
    assert!(!names.0.lock().names.contains_key("0.example"), "the oldest is forgotten");
    for number in 0..MAX_LOOKUPS {
        let host = format!("hung{number}.example");
        let hung = timeout(Duration::ZERO, names.find(&host, pending));
        assert!(hung.await.is_err());
    }
    let fault = names.find("more.example", || good(1)).await.unwrap_err();
    assert_eq!(fault.kind(), io::ErrorKind::ResourceBusy);
    assert_eq!(first(&names, "1000.example", 2).await, address(1), "what is known still serves");
}

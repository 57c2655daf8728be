//! Done elsewhere, in order, bounded, and never waited for past a deadline.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tokio::time::Instant;

use crate::io::offload::{Full, MOST_LATER, MOST_URGENT, Offload};
use crate::io::once::Missing;

/// Keeps the only thread busy until what is returned is dropped.
fn busy(offload: &Offload) -> mpsc::Sender<()> {
    let (release, wait) = mpsc::channel::<()>();
    let (begun, beginning) = mpsc::channel();
    let work = move || {
        begun.send(()).unwrap();
        // Ends when the other side is dropped.
        let _released = wait.recv();
    };
    assert!(offload.later(work).is_ok(), "an empty queue takes work");
    beginning.recv().unwrap();
    release
}

fn far() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

#[tokio::test]
async fn work_is_done_on_another_thread() {
    let offload = Offload::start(2);
    let here = thread::current().id();
    let there = offload.soon(|| thread::current().id()).unwrap().by(far()).await.unwrap();
    assert_ne!(here, there);
}

#[tokio::test]
async fn what_is_waited_for_goes_first() {
    let offload = Offload::start(1);
    let release = busy(&offload);
    let (done, order) = mpsc::channel();
    let second = done.clone();
    assert!(offload.later(move || second.send("later").unwrap()).is_ok());
    let first = offload.soon(move || done.send("soon").unwrap()).unwrap();
    drop(release);
    first.by(far()).await.unwrap();
    assert_eq!(order.iter().collect::<Vec<_>>(), ["soon", "later"]);
}

#[tokio::test]
async fn full_queues_refuse() {
    let offload = Offload::start(1);
    let release = busy(&offload);
    let mut waiting = Vec::new();
    for at in 0..MOST_URGENT {
        waiting.push(offload.soon(move || at).unwrap());
    }
    assert_eq!(offload.soon(|| 0).map(drop), Err(Full));
    for _ in 0..MOST_LATER {
        assert!(offload.later(|| ()).is_ok());
    }
    let returned = offload.later(|| ());
    assert!(returned.is_err(), "the work comes back");
    drop(release);
    for (at, pending) in waiting.into_iter().enumerate() {
        assert_eq!(pending.by(far()).await, Ok(at));
    }
}

#[tokio::test]
async fn a_deadline_ends_the_wait_and_spares_the_work() {
    let offload = Offload::start(1);
    let release = busy(&offload);
    let (done, heard) = mpsc::channel();
    let unwanted = offload.soon(move || done.send(()).unwrap()).unwrap();
    assert_eq!(unwanted.by(Instant::now()).await, Err(Missing::Late));
    drop(release);
    let next = offload.soon(|| 7).unwrap();
    assert_eq!(next.by(far()).await, Ok(7));
    assert_eq!(heard.recv(), Err(mpsc::RecvError), "nobody waited for it: it was not done");
}

#[tokio::test]
async fn a_panic_costs_only_its_own_piece() {
    let offload = Offload::start(1);
    let broken = offload.soon(|| assert_eq!(1, 2, "on purpose")).unwrap();
    assert_eq!(broken.by(far()).await, Err(Missing::Dead));
    assert_eq!(offload.soon(|| 7).unwrap().by(far()).await, Ok(7));
}

#[tokio::test]
async fn what_is_queued_is_done_before_the_end() {
    let offload = Offload::start(1);
    let release = busy(&offload);
    let pending = offload.soon(|| 7).unwrap();
    drop(offload);
    drop(release);
    assert_eq!(pending.by(far()).await, Ok(7));
}

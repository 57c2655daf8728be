//! How often a task is polled, and when it is woken.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use super::{MOST, Turns};

#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// What a turn of a task comes to that wakes itself this often: its polls, and how often it is woken.
fn turn(wakes: u8) -> (u8, usize) {
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    let mut polls = 0;
    let polled = Turns::new().poll(&Context::from_waker(&waker), |cx| {
        polls += 1;
        if polls <= wakes {
            cx.waker().wake_by_ref();
        }
        Poll::<()>::Pending
    });
    assert!(polled.is_pending());
    (polls, woken.0.load(Ordering::Relaxed))
}

#[test]
fn what_wakes_itself_goes_on_at_once_but_not_for_ever() {
    assert_eq!(turn(0), (1, 0));
    assert_eq!(turn(1), (2, 0), "nothing is left to be woken for");
    assert_eq!(turn(MOST - 1), (MOST, 0));
    assert_eq!(turn(MOST), (MOST, 1), "others go first");
}

#[test]
fn what_is_woken_between_its_turns_gets_another() {
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    let turns = Turns::new();
    let mut kept = None;
    let keep = |cx: &mut Context<'_>| {
        kept = Some(cx.waker().clone());
        Poll::<()>::Pending
    };
    assert!(turns.poll(&Context::from_waker(&waker), keep).is_pending());
    kept.unwrap().wake();
    assert_eq!(woken.0.load(Ordering::Relaxed), 1);
}

#[test]
fn what_is_ready_is_polled_no_more() {
    let waker = Waker::noop();
    let mut polls = 0;
    let polled = Turns::new().poll(&Context::from_waker(waker), |cx| {
        polls += 1;
        cx.waker().wake_by_ref();
        Poll::Ready(polls)
    });
    assert_eq!(polled, Poll::Ready(1));
}

/// Another thread wakes it at any moment of its turns: no wake is lost.
#[test]
fn no_wake_is_lost_between_threads() {
    let (turns, rounds) = (Turns::new(), 20_000);
    let (sender, receiver) = std::sync::mpsc::channel::<(Waker, Arc<AtomicUsize>)>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for (waker, done) in receiver {
                done.store(1, Ordering::SeqCst);
                waker.wake();
            }
        });
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        for round in 0..rounds {
            let done = Arc::new(AtomicUsize::new(0));
            let mut is_sent = false;
            loop {
                let before = woken.0.load(Ordering::SeqCst);
                let polled = turns.poll(&Context::from_waker(&waker), |cx| {
                    if !is_sent {
                        is_sent = true;
                        sender.send((cx.waker().clone(), Arc::clone(&done))).unwrap();
                    }
                    if done.load(Ordering::SeqCst) == 1 { Poll::Ready(()) } else { Poll::Pending }
                });
                if polled.is_ready() {
                    break;
                }
                let begun = std::time::Instant::now();
                while woken.0.load(Ordering::SeqCst) == before {
                    assert!(begun.elapsed().as_secs() < 30, "round {round} was never woken");
                    std::hint::spin_loop();
                }
            }
        }
        drop(sender);
    });
}

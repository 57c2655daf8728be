//! A disk that fills up, a process without descriptors: the log waits, and goes on when there is room
//! or a descriptor, from whatever was half done.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tlog::checkpoint::Checkpoint;

use super::refused::grown;
use super::{World, data, key};
use crate::io::journal::Stream;
use crate::io::log::follower::{RETRY, State, Work};
use crate::io::log::{folder, private};
use crate::io::metrics::exposition::{Exposition, install};
use crate::io::metrics::{Build, Labels};
use crate::io::simulated::{Chance, Faults};

#[test]
fn a_log_that_finds_the_disk_full_goes_on_by_itself() {
    let (mut waited, mut still, mut half_done) = (0, 0, 0);
    // Each room ends at another write: tiles, bundle, and any of the copies of the checkpoint.
    for room in (0..36_000).step_by(131) {
        let mut world = grown(&[300]);
        let log = world.open().unwrap();
        world.append(300, &mut Chance(4)).unwrap();
        let (state, exposition, size) = (Arc::new(State::default()), install(), world.size());
        let metrics = Arc::new(exposition.metrics(&LABELS));
        let logs = vec![(Stream::Auction, log)];
        let mut work = Work::new(Arc::clone(&state), metrics, logs, move |_| Some(size));
        world.disk.set(Faults { space: Some(room), ..Faults::default() });
        let start = Instant::now();
        assert!(work.turn(start));
        let full = state.waiting.lock().contains_key("auction");
        assert_eq!(waits(&exposition), full, "room {room}");
        let signed = consistent(&world);
        assert!(signed == 600 || full, "room {room}");
        (waited, half_done) =
            (waited + usize::from(full), half_done + usize::from(full && signed == 600));
        // Not before its time, and not while there is no room.
        assert!(work.turn(start + RETRY - Duration::from_millis(1)));
        world.disk.set(Faults { space: Some(0), ..Faults::default() });
        assert!(work.turn(start + RETRY));
        // What was half written is removed first, which may make room enough.
        still += usize::from(state.waiting.lock().contains_key("auction"));
        consistent(&world);
        world.disk.set(Faults::default());
        assert!(work.turn(start + RETRY * 2));
        assert!(!waits(&exposition) && state.waiting.lock().is_empty(), "room {room}");
        assert_eq!((consistent(&world), published(&world)), (600, 600), "room {room}");
        assert_eq!(*state.failure.lock(), None);
        drop(work);
        assert_eq!(world.open().unwrap().signed(), 600);
    }
    let counts = format!("{waited} waited, {still} twice, {half_done} had signed");
    assert!(200 < still && still <= waited && 0 < half_done, "{counts}");
}

#[test]
fn a_log_that_finds_no_descriptor_goes_on_by_itself() {
    let (mut waited, mut half_done) = (0, 0);
    // Each time another file is the first that cannot be opened: of the journal, or one of the log.
    for opens in 0..40 {
        let mut world = grown(&[300]);
        let log = world.open().unwrap();
        world.append(300, &mut Chance(4)).unwrap();
        let (state, exposition, size) = (Arc::new(State::default()), install(), world.size());
        let metrics = Arc::new(exposition.metrics(&LABELS));
        let logs = vec![(Stream::Auction, log)];
        let mut work = Work::new(Arc::clone(&state), metrics, logs, move |_| Some(size));
        world.disk.set(Faults { opens: Some(opens), ..Faults::default() });
        let start = Instant::now();
        assert!(work.turn(start));
        let out = state.waiting.lock().contains_key("auction");
        let signed = consistent(&world);
        assert_eq!((waits(&exposition), signed == 600 || out), (out, true), "{opens} opens");
        (waited, half_done) =
            (waited + usize::from(out), half_done + usize::from(out && signed == 600));
        assert!(work.turn(start + RETRY));
        world.disk.set(Faults::default());
        assert!(work.turn(start + RETRY * 2));
        assert!(!waits(&exposition) && state.waiting.lock().is_empty(), "{opens} opens");
        assert_eq!((consistent(&world), published(&world)), (600, 600), "{opens} opens");
        assert_eq!(*state.failure.lock(), None);
    }
    let counts = format!("{waited} waited, {half_done} had signed");
    assert!((10..40).contains(&waited) && 0 < half_done, "{counts}");
}

/// Checks that the copies of the checkpoint are of the journal's tree; returns the last size signed.
fn consistent(world: &World) -> u64 {
    let copies =
        [folder(data(), Stream::Auction).join("checkpoint"), private(data(), Stream::Auction)];
    let sizes = copies.map(|copy| {
        let note = String::from_utf8(world.disk.peek(&copy).unwrap()).unwrap();
        let checkpoint = Checkpoint::open(&note, &key().verifier()).unwrap();
        assert_eq!(checkpoint.root, world.root(checkpoint.size));
        checkpoint.size
    });
    assert!(sizes[0] <= sizes[1], "published {} before signed {}", sizes[0], sizes[1]);
    sizes[1]
}

fn published(world: &World) -> u64 {
    world.files().checkpoint().unwrap().unwrap().1.size
}

fn waits(exposition: &Exposition) -> bool {
    let series = "breakwater_log_waiting_for_room{stream=\"auction\"} 1";
    exposition.render().lines().any(|line| line == series)
}

const LABELS: Labels<'static> = Labels {
    placements: &[],
    bidders: &[],
    currencies: &[],
    fill_outcomes: &[],
    unfilled_reasons: &[],
    call_reasons: &[],
    loss_reasons: &[],
    answer_outcomes: &[],
    switch_scopes: &[],
    refusal_codes: &[],
    shed_reasons: &[],
    workers: &[],
    tag_faults: &[],
    unbuilt_fields: &[],
    beacon_kinds: &[],
    beacon_outcomes: &[],
    stages: &[],
    build: Build { version: "0.1.0", commit: "abc", rustc: "1.95.0" },
};

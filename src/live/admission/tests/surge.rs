//! A simulated worker under surges.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::time::Duration;

use super::asks;
use crate::live::admission::{Admission, Bounds, Spent};
use crate::model::ids::PublisherId;

/// Load as a multiple of what the worker can do, and the least share of its peak it still sells.
const SURGES: &[(u32, u32)] = &[(2, 90), (5, 90), (10, 80)];

#[test]
fn a_surge_costs_little_of_the_peak_and_is_over_within_a_second() {
    let peak = Worker::new().run(5_000, 1_400);
    let peak =
        u32::try_from(peak[2..].iter().map(|second| second.sold).sum::<usize>() / 3).unwrap();
    for &(times, least) in SURGES {
        let mut worker = Worker::new();
        worker.run(3_000, peak / 2);
        let surge = worker.run(5_000, times * peak);
        let after = worker.run(3_000, peak / 2);
        let sold = surge.iter().map(|second| second.sold).sum::<usize>();
        let kept = u32::try_from(sold).unwrap() * 20 / peak;
        assert!(least <= kept, "{times} x keeps {kept} % of {peak}/s: {surge:?}");
        let mut waited: Vec<_> = surge.into_iter().flat_map(|second| second.refused_us).collect();
        waited.sort_unstable();
        let p99 = waited[waited.len() * 99 / 100];
        assert!(p99 < 5_000, "{times} x: refused after {p99} us");
        let refused: usize = after[1..].iter().map(|second| second.refused_us.len()).sum();
        assert_eq!(refused, 0, "normal within a second after {times} x");
    }
}

/// Whatever a refusal costs, as long as refusals alone do not fill the worker's time.
#[test]
fn a_herd_is_answered_in_time() {
    for refusal_us in [20, 30, 40, 45] {
        let mut worker = Worker::new();
        worker.refusal_us = refusal_us;
        worker.run(2_000, 50);
        let herd = &worker.run(1_000, 20_000)[0];
        let after = &worker.run(1_000, 50)[0];
        let longest = herd.refused_us.iter().max().copied();
        assert!(longest < Some(100_000), "{refusal_us} us: {longest:?}, {} sold", herd.sold);
        assert_eq!(herd.late + after.late, 0, "{refusal_us} us: {} sold", herd.sold);
    }
}

/// Callers who ask again as soon as they are refused, and after each sale: what they can be sold
/// within a core's time is sold, to all bidders again soon.
#[test]
fn callers_who_ask_again_at_once_stop_nobody() {
    for (callers, least) in [(50, 700), (75, 1_000), (256, 800), (1_500, 240)] {
        let mut worker = Worker::new();
        worker.insists = true;
        (0..callers).for_each(|_| worker.queue.push_back((0, Work::Request)));
        let seconds = worker.run(8_000, 1);
        assert!(seconds[1..].iter().all(|second| least <= second.sold), "{callers} callers");
        assert!(100 < callers || worker.admission.brownout() == 0, "{callers} callers");
    }
}

/// A publisher that asks for half of its share beside one that asks for twelve times its own, by the
/// first second on, though refusals take more than they are seen to: who asks for little is sold what
/// it asks for, and waits little longer than alone.
#[test]
fn a_quiet_publisher_is_served_beside_a_noisy_one() {
    let p99 = |seconds: Vec<Second>| {
        let mut took: Vec<_> = seconds.into_iter().flat_map(|second| second.quiet_us).collect();
        took.sort_unstable();
        (took[took.len() * 99 / 100], took.len())
    };
    for refusal_us in [20, 40, 60] {
        let mut worker = Worker::new();
        (worker.refusal_us, worker.seen_percent) = (refusal_us, 75);
        worker.quiet_one_in = 1;
        let (alone, _) = p99(worker.run(4_000, 300));
        worker.quiet_one_in = 25;
        let (beside, sold) = p99(worker.run(5_000, 25 * 300));
        assert!(beside * 10 < alone * 12, "{refusal_us} us: {beside} us beside {alone}");
        assert!(1_485 <= sold, "{refusal_us} us: {sold} sold");
    }
}

/// However many ask, each with little: they are not all taken for one that asks for little.
#[test]
fn many_equal_publishers_are_no_way_past_the_backlog() {
    for publishers in [3, 10, 50, 1_000] {
        let mut worker = Worker::new();
        (worker.publishers, worker.refusal_us) = (publishers, 40);
        worker.run(3_000, 700);
        let surge = worker.run(4_000, 7_000);
        let late: usize = surge.iter().map(|second| second.late).sum();
        let sold: usize = surge.iter().map(|second| second.sold).sum();
        let mut waited: Vec<_> = surge.into_iter().flat_map(|second| second.refused_us).collect();
        waited.sort_unstable();
        let p99 = waited[waited.len() * 99 / 100];
        assert!(late == 0 && p99 < 30_000, "{publishers}: {late} late, refused after {p99} us");
        assert!(4_000 < sold, "{publishers}: {sold} sold");
    }
}

/// A worker whose auctions of ten bidders cost 640 us, spread over their time.
struct Worker {
    admission: Admission,
    /// Whether callers ask again once they are answered.
    insists: bool,
    /// What a refusal costs, and how much of that is told.
    refusal_us: u64,
    seen_percent: u64,
    /// One request in so many is the quiet publisher's; the others ask by turns.
    quiet_one_in: u64,
    publishers: u64,
    now_us: u64,
    /// What is ready, and since when.
    queue: VecDeque<(u64, Work)>,
    /// What will be, by time.
    waiting: BinaryHeap<Reverse<(u64, Work)>>,
    /// When the next request comes, and the number that is drawn from.
    next_us: u64,
    drawn: u64,
    offered: u64,
    /// What all work since the last tick took.
    used: Duration,
    /// What the probes since the last tick waited.
    probes: Vec<u64>,
    probed_us: u64,
}

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Work {
    Request,
    /// A bidder answers a sale that arrived then.
    Answer,
    /// The last bidder has answered a sale that arrived then, and whose it is.
    End(u64, u64),
    /// Its record is on disk.
    Flushed(u64, u64),
    /// A probe of the delay.
    Probe,
}

/// What one second came to.
#[derive(Clone, Debug, Default)]
struct Second {
    sold: usize,
    /// How many were sold too late.
    late: usize,
    /// How long each request waited that was refused.
    refused_us: Vec<u64>,
    /// What each sale of the quiet publisher took.
    quiet_us: Vec<u64>,
}

impl Worker {
    fn new() -> Self {
        Self {
            admission: Admission::new(Bounds::WORKER),
            insists: false,
            refusal_us: 20,
            seen_percent: 100,
            quiet_one_in: u64::MAX,
            publishers: 1,
            now_us: 0,
            queue: VecDeque::new(),
            waiting: BinaryHeap::new(),
            next_us: 0,
            drawn: 7,
            offered: 0,
            used: Duration::ZERO,
            probes: Vec::new(),
            probed_us: 0,
        }
    }

    /// Offers so many a second for `length` ms; returns what came of each second.
    fn run(&mut self, length: u64, rate: u32) -> Vec<Second> {
        let from = self.now_us;
        let mut seconds = vec![Second::default(); usize::try_from(length / 1_000).unwrap()];
        self.waiting.retain(|Reverse((_, work))| *work != Work::Probe);
        self.queue.retain(|(_, work)| *work != Work::Probe);
        self.waiting.push(Reverse((self.now_us, Work::Probe)));
        while self.now_us < from + length * 1_000 {
            let Some((since, work)) = self.queue.pop_front() else {
                self.pass(10, rate);
                continue;
            };
            let second = usize::try_from((self.now_us - from) / 1_000_000).unwrap();
            self.do_one(since, work, rate, &mut seconds[second]);
        }
        seconds
    }

    fn do_one(&mut self, since: u64, work: Work, rate: u32, second: &mut Second) {
        let waited = self.now_us - since;
        match work {
            Work::Probe => self.probe(waited),
            Work::Answer => self.work(25, rate),
            Work::Request => {
                self.offered += 1;
                let is_quiet = self.offered.is_multiple_of(self.quiet_one_in);
                let whose = if is_quiet { QUIET } else { 1 + self.offered % self.publishers };
                if self.begins(whose) {
                    self.ask(since, whose, rate);
                } else {
                    second.refused_us.push(waited + self.refusal_us);
                    self.work(self.refusal_us, rate);
                    let seen = self.refusal_us * self.seen_percent / 100;
                    self.admission.refused(Duration::from_micros(seen));
                    self.ask_again();
                }
            }
            Work::End(arrived, whose) => {
                self.work(140, rate);
                let flushed = Work::Flushed(arrived, whose);
                self.waiting.push(Reverse((self.now_us + 1_000, flushed)));
            }
            Work::Flushed(arrived, whose) => {
                self.work(50, rate);
                self.admission.end(&publisher(whose));
                self.ask_again();
                let took = self.now_us - arrived;
                second.sold += usize::from(took <= 250_000);
                second.late += usize::from(250_000 < took);
                if whose == QUIET {
                    second.quiet_us.push(took);
                }
            }
        }
    }

    fn begins(&mut self, whose: u64) -> bool {
        let cohort = u8::try_from(self.offered % 128).unwrap();
        let now = Duration::from_micros(self.now_us);
        let overdue = Some(self.now_us - self.probed_us).filter(|overdue| 30_000 <= *overdue);
        let delay = overdue.or_else(|| self.probes.iter().min().copied()).unwrap_or(0);
        let delay = Duration::from_micros(delay);
        self.admission.begin(&asks(&publisher(whose), cohort), delay, now).is_ok()
    }

    /// Asks the bidders.
    fn ask(&mut self, arrived: u64, whose: u64, rate: u32) {
        let bidders = [10, 6, 6, 3][usize::from(self.admission.brownout())];
        for bidder in 1..=bidders {
            // Answers come after 5 to 60 ms, no two alike.
            let after = 5_000 + (self.offered * 7_919 + bidder * 5_501) % 55_000;
            self.waiting.push(Reverse((self.now_us + after, Work::Answer)));
        }
        self.waiting.push(Reverse((self.now_us + 60_000, Work::End(arrived, whose))));
        self.work(90 + 11 * bidders, rate);
    }

    fn ask_again(&mut self) {
        if self.insists {
            self.waiting.push(Reverse((self.now_us + 50, Work::Request)));
        }
    }

    /// Does as `io::lag` does: the least of four probes, each 2.5 ms after the one before, or one alone
    /// that was long.
    fn probe(&mut self, waited: u64) {
        if self.probes.len() == 4 || 30_000 <= waited {
            self.probes.clear();
        }
        self.probes.push(waited);
        self.probed_us = self.now_us;
        if self.probes.len() == 4 || 30_000 <= waited {
            let least = self.probes.iter().min().copied().unwrap_or(0);
            let spent = Spent { delay: Duration::from_micros(least), used: self.used };
            self.admission.tick(spent, Duration::from_micros(self.now_us));
            self.used = Duration::ZERO;
        }
        self.waiting.push(Reverse((self.now_us + 2_500, Work::Probe)));
    }

    /// Works, while time passes.
    fn work(&mut self, us: u64, rate: u32) {
        self.used += Duration::from_micros(us);
        self.pass(us, rate);
    }

    /// Lets time pass: requests arrive and bidders answer meanwhile.
    fn pass(&mut self, us: u64, rate: u32) {
        self.now_us += us;
        self.next_us = self.next_us.min(self.now_us + 2_000_000 / u64::from(rate));
        while self.next_us <= self.now_us {
            self.queue.push_back((self.next_us, Work::Request));
            self.drawn = self.drawn.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            self.next_us += (self.drawn >> 33) % (2_000_000 / u64::from(rate));
        }
        while let Some(&Reverse((at, work))) = self.waiting.peek()
            && at <= self.now_us
        {
            self.waiting.pop();
            self.queue.push_back((at, work));
        }
    }
}

fn publisher(whose: u64) -> PublisherId {
    PublisherId::new(whose.to_string())
}

/// The number of the quiet publisher.
const QUIET: u64 = 0;

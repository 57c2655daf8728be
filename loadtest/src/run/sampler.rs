//! What is read once a second while a run goes on: the process under test, this one, every bidder.

use std::time::{Duration, Instant};

use crate::{
    bidder::{Watch, counters::Counts},
    run::process::{self, Usage},
};

/// One reading.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    /// Since the sampler began.
    pub(crate) at: Duration,
    /// The process under test; nothing when it is not named, or gone.
    pub(crate) process: Option<Usage>,
    /// CPU time of this process, in milliseconds.
    pub(crate) load_ms: u64,
    /// What each bidder counted, in their order.
    pub(crate) bidders: Vec<Counts>,
}

/// Reads once a second.
#[derive(Debug)]
pub(crate) struct Sampler {
    pid: Option<u32>,
    bidders: Vec<Watch>,
    begun: Instant,
    /// The readings so far, the first from the beginning.
    pub(crate) samples: Vec<Sample>,
}

impl Sampler {
    /// Takes the first reading.
    pub(crate) fn begin(pid: Option<u32>, bidders: Vec<Watch>) -> Self {
        let mut sampler = Self { pid, bidders, begun: Instant::now(), samples: Vec::new() };
        sampler.take();
        sampler
    }

    /// Returns the ids of the bidders, in their order.
    pub(crate) fn names(&self) -> Vec<String> {
        self.bidders.iter().map(|bidder| bidder.id().to_owned()).collect()
    }

    /// Takes one reading.
    pub(crate) fn take(&mut self) {
        let load = process::read("self").ok();
        let sample = Sample {
            at: self.begun.elapsed(),
            process: self.pid.and_then(|pid| process::read(&pid.to_string()).ok()),
            load_ms: load.map_or(0, |usage| usage.user_ms + usage.system_ms),
            bidders: self.bidders.iter().map(Watch::counts).collect(),
        };
        self.samples.push(sample);
    }

    /// Reads every second while `work` goes on, and once more at its end.
    pub(crate) async fn beside<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = Box::pin(work);
        loop {
            let next = Duration::from_secs(u64::try_from(self.samples.len()).unwrap_or(u64::MAX));
            let wait = next.saturating_sub(self.begun.elapsed());
            tokio::select! {
                done = &mut work => {
                    self.take();
                    return done;
                }
                () = tokio::time::sleep(wait) => self.take(),
            }
        }
    }
}

impl Sample {
    /// Returns the share of one core this process used since another reading.
    pub(crate) fn load_busy(&self, since: &Self) -> f64 {
        let wall = (self.at.saturating_sub(since.at)).as_secs_f64();
        let used = Duration::from_millis(self.load_ms.saturating_sub(since.load_ms)).as_secs_f64();
        if 0.0 < wall { used / wall } else { 0.0 }
    }
}

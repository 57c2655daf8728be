//! What protects bidders from us and us from them, as gauges: set at each scrape from what the
//! workers share, so that selling pays nothing for them.

use std::time::Duration;

use metrics::{Counter, Gauge, Recorder};

use crate::io::bidders::breaker::Position;
use crate::io::bidders::state::{Report, States};
use crate::io::metrics::family::Family;
use crate::io::metrics::{Labels, axis, family, flag, names};

/// The handles of what is told of bidders besides their answers.
pub(super) struct Protection {
    skip_ratio: Family<Gauge, 1>,
    breaker_state: Family<Gauge, 1>,
    breakers_frozen: Family<Gauge, 0>,
    breaker_freezes: Family<Counter, 0>,
    quota_withheld: Family<Gauge, 1>,
    in_flight: Family<Gauge, 1>,
    call_value: Family<Gauge, 1>,
    value_latency: Family<Gauge, 2>,
    pub(super) selection_value: Family<Counter, 1>,
}

impl Protection {
    pub(super) fn new(recorder: &dyn Recorder, labels: &Labels<'_>) -> Self {
        let bidder = || [axis("bidder", labels.bidders)];
        let quantile = [axis("bidder", labels.bidders), axis("quantile", QUANTILES)];
        let choice = [axis("choice", SELECTION_CHOICES)];
        Self {
            skip_ratio: family(recorder, names::BIDDER_SKIP_RATIO, bidder()),
            breaker_state: family(recorder, names::BIDDER_BREAKER_STATE, bidder()),
            breakers_frozen: family(recorder, names::BREAKERS_FROZEN, []),
            breaker_freezes: family(recorder, names::BREAKER_FREEZES, []),
            quota_withheld: family(recorder, names::BIDDER_QUOTA_WITHHELD, bidder()),
            in_flight: family(recorder, names::BIDDER_IN_FLIGHT, bidder()),
            call_value: family(recorder, names::BIDDER_CALL_VALUE, bidder()),
            value_latency: family(recorder, names::BIDDER_VALUE_LATENCY, quantile),
            selection_value: family(recorder, names::SELECTION_VALUE, choice),
        }
    }

    /// Sets everything to what `states` tells.
    pub(super) fn set(&self, states: &States) {
        let (frozen, freezes) = states.freezes();
        self.breakers_frozen.at([]).set(flag(frozen));
        self.breaker_freezes.at([]).absolute(freezes);
        for report in states.reports() {
            self.bidder(&report);
        }
    }

    /// Sets what is told of a bidder to nothing.
    pub(super) fn forget(&self, bidder: &str) {
        self.skip_ratio.at([bidder]).set(0);
        self.breaker_state.at([bidder]).set(0);
        self.quota_withheld.at([bidder]).set(0);
        self.in_flight.at([bidder]).set(0);
        self.call_value.at([bidder]).set(0);
        for quantile in QUANTILES {
            self.value_latency.at([bidder, quantile]).set(0);
        }
    }

    fn bidder(&self, report: &Report) {
        let bidder = report.bidder.as_str();
        let position = match report.breaker {
            Position::Closed => 0_u8,
            Position::HalfOpen => 1,
            Position::Open => 2,
        };
        self.skip_ratio.at([bidder]).set(ratio(report.skip_ppm));
        self.breaker_state.at([bidder]).set(position);
        let withheld = WHOLE_PPM.saturating_sub(report.pressure.share_ppm);
        self.quota_withheld.at([bidder]).set(ratio(withheld));
        self.in_flight.at([bidder]).set(report.in_flight);
        #[expect(clippy::cast_precision_loss, reason = "a gauge is a float, exact up to 2^53")]
        self.call_value.at([bidder]).set(report.value.unwrap_or(0) as f64);
        let by = report.in_by.map_or([0; 3], |by| [by.p50, by.p90, by.p99]);
        for (quantile, us) in QUANTILES.iter().zip(by) {
            self.value_latency.at([bidder, quantile]).set(Duration::from_micros(us));
        }
    }
}

fn ratio(ppm: u32) -> f64 {
    f64::from(ppm) / f64::from(WHOLE_PPM)
}

/// Shares of a bidder's value whose time is told.
const QUANTILES: &[&str] = &["0.5", "0.9", "0.99"];

/// What a brownout does with a bidder that could be asked.
const SELECTION_CHOICES: &[&str] = &["asked", "skipped"];

/// A whole, in millionths.
const WHOLE_PPM: u32 = 1_000_000;

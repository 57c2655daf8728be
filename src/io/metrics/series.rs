//! The series of one market's labels: all handles, looked up by label.

use metrics::{Counter, Gauge, Histogram, Recorder};

use crate::io::metrics::connections::Connections;
use crate::io::metrics::family::Family;
use crate::io::metrics::protection::Protection;
use crate::io::metrics::{
    Labels, NOTICE_KINDS, NOTICE_OUTCOMES, RELOAD_RESULTS, SECOND_STATES, STREAMS,
    WRAPPER_OUTCOMES, axis, family, names,
};

/// The handles of all metrics but those of `Load`.
pub(super) struct Series {
    pub(super) fill_requests: Family<Counter, 2>,
    pub(super) fill_duration: Family<Histogram, 1>,
    pub(super) break_seconds: Family<Counter, 2>,
    pub(super) unfilled_seconds: Family<Counter, 2>,
    pub(super) bidder_requests: Family<Counter, 2>,
    pub(super) bidder_duration: Family<Histogram, 2>,
    pub(super) bids: Family<Counter, 2>,
    pub(super) revenue: Family<Counter, 2>,
    pub(super) late_responses: Family<Counter, 1>,
    pub(super) connections: Connections,
    pub(super) switch_active: Family<Gauge, 1>,
    pub(super) config_generation: Family<Gauge, 0>,
    pub(super) config_success: Family<Gauge, 0>,
    pub(super) config_timestamp: Family<Gauge, 0>,
    pub(super) config_reloads: Family<Counter, 1>,
    pub(super) audit_lag: Family<Gauge, 0>,
    pub(super) audit_write_errors: Family<Counter, 0>,
    pub(super) log_size: Family<Gauge, 1>,
    pub(super) log_timestamp: Family<Gauge, 1>,
    pub(super) log_failures: Family<Counter, 1>,
    pub(super) log_waiting: Family<Gauge, 1>,
    pub(super) requests_refused: Family<Counter, 1>,
    pub(super) tag_faults: Family<Counter, 1>,
    pub(super) unbuilt_requests: Family<Counter, 1>,
    pub(super) notices: Family<Counter, 3>,
    pub(super) beacons: Family<Counter, 2>,
    pub(super) sales_shared: Family<Counter, 0>,
    pub(super) late_sync: Family<Counter, 0>,
    pub(super) notices_unrecorded: Family<Counter, 0>,
    pub(super) searches_bounded: Family<Counter, 0>,
    pub(super) decisions_aside: Family<Counter, 0>,
    pub(super) minimums_skipped: Family<Counter, 0>,
    pub(super) bids_unmapped: Family<Counter, 1>,
    pub(super) wrappers: Family<Counter, 2>,
    pub(super) stage_duration: Family<Histogram, 1>,
    pub(super) protection: Protection,
}

impl Series {
    /// Registers every series; those that exist keep what they say.
    pub(super) fn new(recorder: &dyn Recorder, labels: &Labels<'_>) -> Self {
        let sent = [labels.call_reasons, &["sent"]].concat();
        let won = [labels.loss_reasons, &["won"]].concat();
        let placement = || axis("placement", labels.placements);
        let bidder = || axis("bidder", labels.bidders);
        let request = [bidder(), axis("reason", &sent)];
        let fill_outcome = axis("outcome", labels.fill_outcomes);
        let unfilled = axis("reason", labels.unfilled_reasons);
        let answer = axis("outcome", labels.answer_outcomes);
        let notice = [bidder(), axis("kind", NOTICE_KINDS), axis("outcome", NOTICE_OUTCOMES)];
        let beacon = [axis("kind", labels.beacon_kinds), axis("outcome", labels.beacon_outcomes)];
        let one = |label, values| [axis(label, values)];
        let state = axis("state", SECOND_STATES);
        let currency = axis("currency", labels.currencies);
        Self {
            fill_requests: family(recorder, names::FILL_REQUESTS, [placement(), fill_outcome]),
            fill_duration: family(recorder, names::FILL_DURATION, [placement()]),
            break_seconds: family(recorder, names::BREAK_SECONDS, [placement(), state]),
            unfilled_seconds: family(recorder, names::UNFILLED_SECONDS, [placement(), unfilled]),
            bidder_requests: family(recorder, names::BIDDER_REQUESTS, request),
            bidder_duration: family(recorder, names::BIDDER_DURATION, [bidder(), answer]),
            bids: family(recorder, names::BIDS, [bidder(), axis("reason", &won)]),
            revenue: family(recorder, names::REVENUE, [placement(), currency]),
            late_responses: family(recorder, names::LATE_RESPONSES, [bidder()]),
            connections: Connections::new(recorder, labels),
            switch_active: family(
                recorder,
                names::SWITCH_ACTIVE,
                one("scope", labels.switch_scopes),
            ),
            config_generation: family(recorder, names::CONFIG_GENERATION, []),
            config_success: family(recorder, names::CONFIG_SUCCESS, []),
            config_timestamp: family(recorder, names::CONFIG_TIMESTAMP, []),
            config_reloads: family(recorder, names::CONFIG_RELOADS, one("result", RELOAD_RESULTS)),
            audit_lag: family(recorder, names::AUDIT_LAG, []),
            audit_write_errors: family(recorder, names::AUDIT_WRITE_ERRORS, []),
            log_size: family(recorder, names::LOG_SIZE, one("stream", STREAMS)),
            log_timestamp: family(recorder, names::LOG_TIMESTAMP, one("stream", STREAMS)),
            log_failures: family(recorder, names::LOG_FAILURES, one("stream", STREAMS)),
            log_waiting: family(recorder, names::LOG_WAITING, one("stream", STREAMS)),
            requests_refused: family(
                recorder,
                names::REQUESTS_REFUSED,
                one("code", labels.refusal_codes),
            ),
            tag_faults: family(recorder, names::TAG_FAULTS, one("kind", labels.tag_faults)),
            unbuilt_requests: family(
                recorder,
                names::UNBUILT_REQUESTS,
                one("field", labels.unbuilt_fields),
            ),
            notices: family(recorder, names::NOTICES, notice),
            beacons: family(recorder, names::BEACONS, beacon),
            sales_shared: family(recorder, names::SALES_SHARED, []),
            late_sync: family(recorder, names::LATE_SYNC, []),
            notices_unrecorded: family(recorder, names::NOTICES_UNRECORDED, []),
            searches_bounded: family(recorder, names::SEARCHES_BOUNDED, []),
            decisions_aside: family(recorder, names::DECISIONS_ASIDE, []),
            minimums_skipped: family(recorder, names::MINIMUMS_SKIPPED, []),
            bids_unmapped: family(recorder, names::BIDS_UNMAPPED, [bidder()]),
            wrappers: family(
                recorder,
                names::WRAPPERS,
                [bidder(), axis("outcome", WRAPPER_OUTCOMES)],
            ),
            stage_duration: family(recorder, names::STAGE_DURATION, one("stage", labels.stages)),
            protection: Protection::new(recorder, labels),
        }
    }
}

//! Every metric: its name and what it says. Dashboards and alerts may name these and no others.

/// What kind of series a metric is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Observations in buckets.
    Histogram,
}

/// `placement`, `outcome`.
pub const FILL_REQUESTS: &str = "breakwater_fill_requests_total";
/// `placement`.
pub const FILL_DURATION: &str = "breakwater_fill_duration_seconds";
/// `placement`, `state`.
pub const BREAK_SECONDS: &str = "breakwater_break_seconds_total";
/// `placement`, `reason`.
pub const UNFILLED_SECONDS: &str = "breakwater_unfilled_seconds_total";
/// `bidder`, `reason`.
pub const BIDDER_REQUESTS: &str = "breakwater_bidder_requests_total";
/// `bidder`, `outcome`.
pub const BIDDER_DURATION: &str = "breakwater_bidder_duration_seconds";
/// `bidder`, `reason`.
pub const BIDS: &str = "breakwater_bids_total";
/// `placement`, `currency`.
pub const REVENUE: &str = "breakwater_revenue_micros_total";
/// `bidder`.
pub const LATE_RESPONSES: &str = "breakwater_late_responses_total";
/// `bidder`.
pub const LATE_BIDS: &str = "breakwater_late_bids_total";
/// `bidder`.
pub const LATE_BID_MICROS: &str = "breakwater_late_bid_micros_total";
/// `bidder`, `state`.
pub const BIDDER_CONNECTIONS: &str = "breakwater_bidder_connections";
/// `bidder`, `outcome`.
pub const BIDDER_DIALS: &str = "breakwater_bidder_dials_total";
/// `scope`.
pub const SWITCH_ACTIVE: &str = "breakwater_switch_active";
/// No labels.
pub const CONFIG_GENERATION: &str = "breakwater_config_generation";
/// No labels.
pub const CONFIG_SUCCESS: &str = "breakwater_config_last_reload_success";
/// No labels.
pub const CONFIG_TIMESTAMP: &str = "breakwater_config_last_reload_timestamp_seconds";
/// Label: result.
pub const CONFIG_RELOADS: &str = "breakwater_config_reloads_total";
/// No labels.
pub const AUDIT_LAG: &str = "breakwater_audit_lag_entries";
/// No labels.
pub const AUDIT_WRITE_ERRORS: &str = "breakwater_audit_write_errors_total";
/// `stream`.
pub const LOG_SIZE: &str = "breakwater_log_entries";
/// `stream`.
pub const LOG_TIMESTAMP: &str = "breakwater_log_checkpoint_timestamp_seconds";
/// `stream`.
pub const LOG_FAILURES: &str = "breakwater_log_failures_total";
/// `stream`.
pub const LOG_WAITING: &str = "breakwater_log_waiting_for_room";
/// `version`, `commit`, `rustc`.
pub const BUILD_INFO: &str = "breakwater_build_info";
/// `code`.
pub const REQUESTS_REFUSED: &str = "breakwater_requests_refused_total";
/// `kind`.
pub const TAG_FAULTS: &str = "breakwater_tag_faults_total";
/// `field`.
pub const UNBUILT_REQUESTS: &str = "breakwater_unbuilt_requests_total";
/// `bidder`, `kind`, `outcome`.
pub const NOTICES: &str = "breakwater_notices_total";
/// `kind`, `outcome`.
pub const BEACONS: &str = "breakwater_beacons_total";
/// No labels.
pub const SALES_SHARED: &str = "breakwater_sales_shared_total";
/// `reason`.
pub const REQUESTS_SHED: &str = "breakwater_requests_shed_total";
/// `worker`.
pub const SALES_LIMIT: &str = "breakwater_sales_limit";
/// No labels.
pub const SALES_MOST: &str = "breakwater_sales_most";
/// No labels.
pub const CONNECTIONS_MOST: &str = "breakwater_connections_most";
/// No labels.
pub const CONNECTIONS_OPEN: &str = "breakwater_connections_open";
/// `worker`.
pub const SALES_RUNNING: &str = "breakwater_sales_running";
/// `worker`.
pub const WORKER_DELAY: &str = "breakwater_worker_delay_seconds";
/// `worker`.
pub const BROWNOUT_LEVEL: &str = "breakwater_brownout_level";
/// `reason`.
pub const CONNECTIONS_REFUSED: &str = "breakwater_connections_refused_total";
/// No labels.
pub const LATE_SYNC: &str = "breakwater_late_sync_total";
/// No labels.
pub const NOTICES_UNRECORDED: &str = "breakwater_notices_unrecorded_total";
/// No labels.
pub const SEARCHES_BOUNDED: &str = "breakwater_searches_bounded_total";
/// No labels.
pub const DECISIONS_ASIDE: &str = "breakwater_decisions_aside_total";
/// No labels.
pub const MINIMUMS_SKIPPED: &str = "breakwater_minimums_skipped_total";
/// `bidder`.
pub const BIDS_UNMAPPED: &str = "breakwater_bids_unmapped_total";
/// `bidder`, `outcome`.
pub const WRAPPERS: &str = "breakwater_wrappers_total";
/// `stage`.
pub const STAGE_DURATION: &str = "breakwater_stage_duration_seconds";
/// `bidder`.
pub const BIDDER_SKIP_RATIO: &str = "breakwater_bidder_skip_ratio";
/// `bidder`.
pub const BIDDER_BREAKER_STATE: &str = "breakwater_bidder_breaker_state";
/// No labels.
pub const BREAKERS_FROZEN: &str = "breakwater_breakers_frozen";
/// No labels.
pub const BREAKER_FREEZES: &str = "breakwater_breaker_freezes_total";
/// `bidder`.
pub const BIDDER_QUOTA_WITHHELD: &str = "breakwater_bidder_quota_withheld_ratio";
/// `bidder`.
pub const BIDDER_IN_FLIGHT: &str = "breakwater_bidder_in_flight";
/// `bidder`.
pub const BIDDER_CALL_VALUE: &str = "breakwater_bidder_call_value_nanos";
/// `bidder`, `quantile`.
pub const BIDDER_VALUE_LATENCY: &str = "breakwater_bidder_value_latency_seconds";
/// `choice`.
pub const SELECTION_VALUE: &str = "breakwater_selection_value_nanos_total";

/// All metrics, each with its help text.
pub const ALL: &[(&str, Kind, &str)] = &[
    (FILL_REQUESTS, Kind::Counter, "Requests to fill a break, by what came of them."),
    (FILL_DURATION, Kind::Histogram, "From a request's first byte to its answer."),
    (BREAK_SECONDS, Kind::Counter, "Nominal seconds of breaks: sold, house or unfilled."),
    (UNFILLED_SECONDS, Kind::Counter, "Nominal seconds left unfilled, by reason."),
    (BIDDER_REQUESTS, Kind::Counter, "Bidders sent a request, or the reason for no bids."),
    (BIDDER_DURATION, Kind::Histogram, "From a call to its complete answer."),
    (BIDS, Kind::Counter, "Bids, by fate: won, or the reason for losing."),
    (
        REVENUE,
        Kind::Counter,
        "What the ads sold cost once each, gross, in millionths of the currency.",
    ),
    (LATE_RESPONSES, Kind::Counter, "Calls that had no complete answer by the cutoff."),
    (LATE_BIDS, Kind::Counter, "Bids in answers that came after the cutoff; never sold."),
    (
        LATE_BID_MICROS,
        Kind::Counter,
        "The best price of each answer after the cutoff, as it stands, in millionths.",
    ),
    (BIDDER_CONNECTIONS, Kind::Gauge, "Connections to bidders, by state: idle, busy or dialling."),
    (
        BIDDER_DIALS,
        Kind::Counter,
        "Connections to bidders that were begun: made, failed, timeout or no_http2.",
    ),
    (SWITCH_ACTIVE, Kind::Gauge, "Whether a kill switch of the scope is on."),
    (CONFIG_GENERATION, Kind::Gauge, "How often the market was loaded since the start."),
    (CONFIG_SUCCESS, Kind::Gauge, "Whether the last load of the market succeeded."),
    (CONFIG_TIMESTAMP, Kind::Gauge, "When the market in force was loaded, since the epoch."),
    (CONFIG_RELOADS, Kind::Counter, "Reloads of the config, by what came of them."),
    (AUDIT_LAG, Kind::Gauge, "Records appended to the journal and not yet flushed."),
    (AUDIT_WRITE_ERRORS, Kind::Counter, "Writes or flushes of the journal that failed."),
    (LOG_SIZE, Kind::Gauge, "Records that the last checkpoint of a stream's log signs."),
    (LOG_TIMESTAMP, Kind::Gauge, "When a log's checkpoint was last published, since the epoch."),
    (LOG_FAILURES, Kind::Counter, "Logs that failed: no checkpoint until the next start."),
    (
        LOG_WAITING,
        Kind::Gauge,
        "Whether a log waits for room on the disk or a descriptor: no checkpoint until then.",
    ),
    (BUILD_INFO, Kind::Gauge, "Always 1; the labels say which build this is."),
    (REQUESTS_REFUSED, Kind::Counter, "Requests refused as wrong, by error code."),
    (TAG_FAULTS, Kind::Counter, "Parts of ad tags that could not be used."),
    (UNBUILT_REQUESTS, Kind::Counter, "Valid requests that need what is not built yet."),
    (NOTICES, Kind::Counter, "Win and loss notices to bidders, by what came of them."),
    (BEACONS, Kind::Counter, "Beacons from players and stitchers, by answer."),
    (SALES_SHARED, Kind::Counter, "Requests answered with the sale of another one."),
    (
        REQUESTS_SHED,
        Kind::Counter,
        "Requests answered at once with no fill, the worker being full.",
    ),
    (SALES_LIMIT, Kind::Gauge, "Sales that may run at once on the worker."),
    (SALES_MOST, Kind::Gauge, "Above this the limit of no worker grows: memory holds no more."),
    (CONNECTIONS_MOST, Kind::Gauge, "Connections that callers may hold."),
    (CONNECTIONS_OPEN, Kind::Gauge, "Connections that callers hold."),
    (SALES_RUNNING, Kind::Gauge, "Sales that run on the worker."),
    (WORKER_DELAY, Kind::Gauge, "How long all work waited for the worker's thread."),
    (BROWNOUT_LEVEL, Kind::Gauge, "0 when all bidders are asked; 1 to 3 when fewer are."),
    (CONNECTIONS_REFUSED, Kind::Counter, "Connections of callers closed for want of room."),
    (LATE_SYNC, Kind::Counter, "Answers that left before their record was flushed."),
    (NOTICES_UNRECORDED, Kind::Counter, "Results of notices that no record tells."),
    (
        SEARCHES_BOUNDED,
        Kind::Counter,
        "Auctions whose search ended at its bound: the best pod found was sold.",
    ),
    (DECISIONS_ASIDE, Kind::Counter, "Decisions too long for a worker, made on another thread."),
    (
        MINIMUMS_SKIPPED,
        Kind::Counter,
        "Auctions whose losers were not told what would have won, too much being searched.",
    ),
    (BIDS_UNMAPPED, Kind::Counter, "Bids whose categories no block could be told for."),
    (WRAPPERS, Kind::Counter, "Bids that were Wrappers to be followed, by what came of it."),
    (STAGE_DURATION, Kind::Histogram, "Time spent in each step of a sale."),
    (BIDDER_SKIP_RATIO, Kind::Gauge, "Share of calls left out because the bidder fails too often."),
    (
        BIDDER_BREAKER_STATE,
        Kind::Gauge,
        "Breaker of the bidder: 0 closed, 1 let one probe through, 2 open.",
    ),
    (
        BREAKERS_FROZEN,
        Kind::Gauge,
        "Whether breakers let everything through, most being open at once.",
    ),
    (BREAKER_FREEZES, Kind::Counter, "Times that most breakers were open at once."),
    (
        BIDDER_QUOTA_WITHHELD,
        Kind::Gauge,
        "Share of auctions that may not ask, more being wanted than the quota has.",
    ),
    (BIDDER_IN_FLIGHT, Kind::Gauge, "Calls to the bidder under way."),
    (
        BIDDER_CALL_VALUE,
        Kind::Gauge,
        "What a call is expected to bring, in billionths of the currency; 0 until known.",
    ),
    (
        BIDDER_VALUE_LATENCY,
        Kind::Gauge,
        "By when this share of the bidder's value is in; 0 until known.",
    ),
    (
        SELECTION_VALUE,
        Kind::Counter,
        "Expected value of the calls a brownout made and left out, in billionths.",
    ),
];

/// The upper bounds of every latency histogram, in seconds.
pub const BUCKETS: &[f64] = &[
    0.000_010, 0.000_025, 0.000_050, 0.000_100, 0.000_250, 0.000_500, 0.001, 0.002_5, 0.005, 0.010,
    0.025, 0.050, 0.075, 0.100, 0.150, 0.200, 0.250, 0.300, 0.500, 1.0, 2.0,
];

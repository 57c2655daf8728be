use std::collections::BTreeSet;
use std::time::Duration;

use crate::io::metrics::exposition::install;
use crate::io::metrics::names::{ALL, BUCKETS, Kind};
use crate::io::metrics::{Build, Labels};
use crate::model::time::UnixMillis;

const LABELS: Labels<'static> = Labels {
    placements: &["arena", "stadium"],
    bidders: &["acme", "zenith"],
    currencies: &["USD"],
    fill_outcomes: &["filled", "empty"],
    unfilled_reasons: &["no_bid"],
    call_reasons: &["timeout"],
    loss_reasons: &["outbid"],
    answer_outcomes: &["bids", "timeout"],
    switch_scopes: &["exchange"],
    refusal_codes: &["bad_field"],
    tag_faults: &["bad_value"],
    unbuilt_fields: &["pmp"],
    beacon_kinds: &["impression"],
    beacon_outcomes: &["accepted"],
    stages: &["decide"],
    shed_reasons: &["delay"],
    workers: &["0"],
    build: Build { version: "0.1.0", commit: "abc", rustc: "1.95.0" },
};

#[test]
fn every_series_reads_zero_from_the_start() {
    let exposition = install();
    let _metrics = exposition.metrics(&LABELS);
    let text = exposition.render();
    for (name, kind, help) in ALL {
        assert!(text.contains(&format!("# HELP {name} {help}")), "{name} has a help text");
        let sample = match kind {
            Kind::Counter | Kind::Gauge => (*name).to_owned(),
            Kind::Histogram => format!("{name}_count"),
        };
        assert!(text.lines().any(|line| line.starts_with(&sample)), "{name} is registered\n{text}");
    }
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let zero = line.ends_with(" 0");
        assert!(zero || line.starts_with("breakwater_build_info{"), "{line}");
    }
    for series in [
        r#"breakwater_fill_requests_total{placement="stadium",outcome="filled"} 0"#,
        r#"breakwater_break_seconds_total{placement="arena",state="house"} 0"#,
        r#"breakwater_bidder_requests_total{bidder="acme",reason="sent"} 0"#,
        r#"breakwater_bids_total{bidder="zenith",reason="won"} 0"#,
        r#"breakwater_notices_total{bidder="acme",kind="loss",outcome="refused"} 0"#,
        r#"breakwater_build_info{version="0.1.0",commit="abc",rustc="1.95.0"} 1"#,
        "breakwater_late_sync_total 0",
    ] {
        assert!(text.lines().any(|line| line == series), "{series}\n{text}");
    }
}

#[test]
fn what_is_emitted_is_what_is_read() {
    let exposition = install();
    let metrics = exposition.metrics(&LABELS);
    metrics.fill("arena", "filled", Duration::from_micros(60));
    metrics.break_seconds("arena", "sold", 30);
    metrics.unfilled_seconds("arena", "no_bid", 15);
    metrics.bidder_request("acme", "sent");
    metrics.bidder_duration("acme", "bids", Duration::from_millis(80));
    metrics.late_response("zenith");
    metrics.bids("acme", "outbid", 3);
    metrics.revenue("arena", "USD", 7_250_000);
    metrics.switch_active("exchange", true);
    metrics.config_load(3, UnixMillis(1_700_000_000_500));
    metrics.config_reload("refused", false);
    metrics.audit_lag(4);
    metrics.audit_write_error();
    metrics.log_signed("auction", 70_000);
    metrics.log_published("auction", UnixMillis(1_700_000_000_500));
    metrics.log_failure("money");
    metrics.request_refused("bad_field");
    metrics.tag_fault("bad_value");
    metrics.unbuilt_request("pmp");
    metrics.notice("acme", "win", "delivered");
    metrics.beacon("impression", "accepted");
    metrics.sale_shared();
    metrics.late_sync();
    metrics.stage("decide", Duration::from_micros(9));
    let text = exposition.render();
    for series in [
        r#"breakwater_fill_requests_total{placement="arena",outcome="filled"} 1"#,
        r#"breakwater_fill_duration_seconds_bucket{placement="arena",le="0.00005"} 0"#,
        r#"breakwater_fill_duration_seconds_bucket{placement="arena",le="0.0001"} 1"#,
        r#"breakwater_break_seconds_total{placement="arena",state="sold"} 30"#,
        r#"breakwater_unfilled_seconds_total{placement="arena",reason="no_bid"} 15"#,
        r#"breakwater_bidder_requests_total{bidder="acme",reason="sent"} 1"#,
        r#"breakwater_bidder_duration_seconds_bucket{bidder="acme",outcome="bids",le="0.1"} 1"#,
        r#"breakwater_late_responses_total{bidder="zenith"} 1"#,
        r#"breakwater_bids_total{bidder="acme",reason="outbid"} 3"#,
        r#"breakwater_revenue_micros_total{placement="arena",currency="USD"} 7250000"#,
        r#"breakwater_switch_active{scope="exchange"} 1"#,
        "breakwater_config_generation 3",
        "breakwater_config_last_reload_success 0",
        r#"breakwater_config_reloads_total{result="refused"} 1"#,
        "breakwater_config_last_reload_timestamp_seconds 1700000000.5",
        "breakwater_audit_lag_entries 4",
        "breakwater_audit_write_errors_total 1",
        r#"breakwater_log_entries{stream="auction"} 70000"#,
        r#"breakwater_log_checkpoint_timestamp_seconds{stream="auction"} 1700000000.5"#,
        r#"breakwater_log_failures_total{stream="money"} 1"#,
        r#"breakwater_requests_refused_total{code="bad_field"} 1"#,
        r#"breakwater_tag_faults_total{kind="bad_value"} 1"#,
        r#"breakwater_unbuilt_requests_total{field="pmp"} 1"#,
        r#"breakwater_notices_total{bidder="acme",kind="win",outcome="delivered"} 1"#,
        r#"breakwater_beacons_total{kind="impression",outcome="accepted"} 1"#,
        "breakwater_sales_shared_total 1",
        "breakwater_late_sync_total 1",
        r#"breakwater_stage_duration_seconds_bucket{stage="decide",le="0.00001"} 1"#,
    ] {
        assert!(text.lines().any(|line| line == series), "{series}\n{text}");
    }
}

#[test]
fn outside_text_never_becomes_a_label() {
    let exposition = install();
    let metrics = exposition.metrics(&LABELS);
    metrics.bidder_request("nobody", "sent");
    metrics.bidder_request("acme", "no such reason");
    let text = exposition.render();
    let other = r#"breakwater_bidder_requests_total{bidder="other",reason="other"} 2"#;
    assert!(text.lines().any(|line| line == other), "{text}");
    assert!(!text.contains("nobody") && !text.contains("no such reason"));
}

#[test]
fn a_reload_keeps_counts_and_instances_stay_apart() {
    let one = install();
    let another = install();
    let kept = one.metrics(&LABELS);
    kept.late_sync();
    kept.bids("acme", "won", 1);
    let more = Labels { bidders: &["acme", "newcomer"], ..LABELS };
    one.relabel(&kept, &more);
    kept.late_sync();
    kept.bids("acme", "won", 1);
    kept.bids("newcomer", "outbid", 1);
    for (bidder, reason, count) in [("acme", "won", 2), ("newcomer", "outbid", 1)] {
        let series =
            format!(r#"breakwater_bids_total{{bidder="{bidder}",reason="{reason}"}} {count}"#);
        assert!(one.render().lines().any(|line| line == series), "{series}");
    }
    assert!(one.render().lines().any(|line| line == "breakwater_late_sync_total 2"));
    assert!(one.render().contains(r#"breakwater_bids_total{bidder="newcomer",reason="won"} 0"#));
    let metrics = another.metrics(&LABELS);
    metrics.sale_shared();
    assert!(another.render().lines().any(|line| line == "breakwater_late_sync_total 0"));
}

#[test]
fn two_scrapes_have_the_same_order() {
    let exposition = install();
    let labels = Labels { workers: &["2", "0", "1"], ..LABELS };
    let _metrics = exposition.metrics(&labels);
    let text = exposition.render();
    let again = exposition.render();
    let moved = text.lines().zip(again.lines()).find(|(before, after)| before != after);
    assert_eq!(moved, None);
    let names: Vec<_> = text.lines().filter(|line| line.starts_with("# TYPE")).collect();
    assert!(names.is_sorted(), "{names:#?}");
    assert_eq!(names.len(), ALL.len());
    let workers: Vec<_> =
        text.lines().filter(|line| line.starts_with("breakwater_sales_limit{")).collect();
    assert_eq!(workers.len(), 4, "{workers:#?}");
    assert!(workers.is_sorted(), "{workers:#?}");
    let wait = text.lines().filter_map(|line| {
        line.strip_prefix("breakwater_stage_duration_seconds_bucket{stage=\"decide\",le=\"")
    });
    let buckets: Vec<_> = wait.filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(buckets.len(), BUCKETS.len() + 1);
    assert_eq!((buckets[0], buckets[BUCKETS.len()]), ("0.00001", "+Inf"));
}

#[test]
fn names_and_buckets_hold_the_rules() {
    let mut seen = BTreeSet::new();
    for (name, kind, help) in ALL {
        assert!(seen.insert(name), "{name} stands twice");
        assert!(name.starts_with("breakwater_"), "{name}");
        assert_eq!(name.ends_with("_total"), *kind == Kind::Counter, "{name}");
        assert!(help.ends_with('.'), "{name}");
    }
    assert!(BUCKETS.is_sorted());
    assert_eq!(BUCKETS.len(), 21);
}

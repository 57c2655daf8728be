//! A page stands alone and escapes what it is given.

use super::{bars, chart};
use crate::bars::verdict::{Standing, Verdict};

#[test]
fn a_page_of_bars_shows_each_finding_and_loads_nothing() {
    let mut verdict = Verdict::new("<herd>", "all & none");
    verdict.judge("late", "0", "<script>".to_owned(), false);
    verdict.find("sold", "printed", "12 %".to_owned(), Standing::Reported);
    let page = bars(&[verdict]);
    assert!(page.starts_with("<!DOCTYPE html>"), "{page}");
    assert!(page.contains("&lt;script&gt;") && !page.contains("<script"), "{page}");
    assert!(page.contains("MISSED") && page.contains("all &amp; none"), "{page}");
    assert!(!page.contains("src=") && !page.contains("http"), "{page}");
}

#[test]
fn a_chart_needs_two_values_and_one_above_zero() {
    assert_eq!(chart("x", &[("a", "#000", vec![1.0])]).into_string(), "");
    assert_eq!(chart("x", &[("a", "#000", vec![0.0, 0.0])]).into_string(), "");
    let drawn = chart("x", &[("a", "#000", vec![0.0, 2.0, f64::NAN])]).into_string();
    assert!(drawn.contains("0.0,159.0 400.0,1.0"), "{drawn}");
}

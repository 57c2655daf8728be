//! A slope is that of the line.

use super::slope;

#[test]
fn the_slope_of_a_line_is_its_slope() {
    let line: Vec<_> = (0..10).map(|n| (f64::from(n), 3.0 + 2.0 * f64::from(n))).collect();
    assert!((slope(&line) - 2.0).abs() < 1e-9);
    assert!(slope(&[]).abs() < 1e-9 && slope(&[(1.0, 5.0)]).abs() < 1e-9);
}

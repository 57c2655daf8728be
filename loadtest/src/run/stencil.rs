//! A request written once, with holes for the number that tells it from the others.
//!
//! Numbers have twelve digits, so that no length changes from one request to the next.

use crate::scenario::{Method, Target, target::Origin, template::Template};

/// The bytes of a request, and where its number stands in them.
#[derive(Clone, Debug)]
pub(crate) struct Stencil {
    bytes: Vec<u8>,
    holes: Vec<usize>,
}

impl Stencil {
    /// Writes the request of a checked target.
    pub(crate) fn new(target: &Target, origin: &Origin, run: u64) -> Self {
        let low = bytes(target, origin, run, LOWEST);
        let high = bytes(target, origin, run, HIGHEST);
        // The two differ in every digit of every number, and nowhere else.
        let mut holes = Vec::new();
        let mut at = 0;
        while at < low.len() {
            if low[at] == high[at] {
                at += 1;
            } else {
                holes.push(at);
                at += DIGITS;
            }
        }
        Self { bytes: low, holes }
    }

    /// Puts a number in, and returns the request.
    pub(crate) fn patch(&mut self, n: u64) -> &[u8] {
        let mut digits = [b'0'; DIGITS];
        let mut rest = LOWEST + n % LOWEST;
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + u8::try_from(rest % 10).unwrap_or(0);
            rest /= 10;
        }
        for &hole in &self.holes {
            self.bytes[hole..hole + DIGITS].copy_from_slice(&digits);
        }
        &self.bytes
    }
}

fn bytes(target: &Target, origin: &Origin, run: u64, n: u64) -> Vec<u8> {
    let method = match target.method {
        Method::Get => "GET",
        Method::Post => "POST",
    };
    let fill = |template: &Template| template.fill(run, n);
    let mut text = format!("{method} {} HTTP/1.1\r\n", fill(&target.path));
    text.push_str(&format!("host: {}\r\n", origin.authority));
    for (name, value) in &target.headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    let body = target.body.as_ref().map(fill).unwrap_or_default();
    if target.method == Method::Post {
        text.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    text.push_str("\r\n");
    text.push_str(&body);
    text.into_bytes()
}

/// Digits of a number.
const DIGITS: usize = 12;

/// The least number of twelve digits.
const LOWEST: u64 = 100_000_000_000;

/// A number that differs from the least in every digit.
const HIGHEST: u64 = 999_999_999_999;

#[cfg(test)]
mod tests;

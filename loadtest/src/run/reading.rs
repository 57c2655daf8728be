//! What an answer says: how many ads, and how many milliseconds of them.
//!
//! It reads VAST and OpenRTB answers, whichever the first byte says.

use memchr::memmem;
use openrtb::response::BidResponse;
use quick_xml::{events::Event, reader::Reader};

/// What one answer fills.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Fill {
    /// Ads, or bids, in the answer.
    pub(crate) ads: u64,
    /// The sum of their lengths, in milliseconds.
    pub(crate) ms: u64,
}

/// Reads an answer; nothing when it cannot be read. An empty one is no fill.
pub(crate) fn read(body: &[u8]) -> Option<Fill> {
    match body.iter().find(|byte| !byte.is_ascii_whitespace()) {
        None => Some(Fill::default()),
        Some(b'<') => vast(std::str::from_utf8(body).ok()?),
        Some(b'{') => json(body),
        Some(_) => None,
    }
}

fn json(body: &[u8]) -> Option<Fill> {
    let mut fill = Fill::default();
    let response: BidResponse<'_> = serde_json::from_slice(body).ok()?;
    for bid in response.seatbid.iter().flatten().flat_map(|seat| &seat.bid) {
        fill.ads += 1;
        fill.ms += u64::try_from(bid.dur.unwrap_or(0)).ok()? * 1_000;
    }
    Some(fill)
}

/// Looks an answer over: counts ads and adds up their lengths without reading it whole.
///
/// It knows `"impid"` and `"dur"` of an OpenRTB bid and `<Ad` and `<Duration>` of VAST, so an answer
/// that holds them elsewhere is miscounted; what is no answer at all gives nothing.
pub(crate) fn glance(body: &[u8]) -> Option<Fill> {
    let count = |mark: &[u8]| u64::try_from(memmem::find_iter(body, mark).count()).unwrap_or(0);
    match body.iter().find(|byte| !byte.is_ascii_whitespace()) {
        None => Some(Fill::default()),
        Some(b'{') => {
            let lengths = memmem::find_iter(body, br#""dur":"#).map(|at| number(&body[at + 6..]));
            Some(Fill { ads: count(br#""impid":"#), ms: lengths.sum::<u64>() * 1_000 })
        }
        Some(b'<') => {
            let clocks = memmem::find_iter(body, b"<Duration>").filter_map(|at| {
                let text = body[at + 10..].split(|&byte| byte == b'<').next()?;
                clock_ms(std::str::from_utf8(text).ok()?.trim())
            });
            Some(Fill { ads: count(b"<Ad>") + count(b"<Ad "), ms: clocks.sum() })
        }
        Some(_) => None,
    }
}

/// Reads the digits at the beginning, at most four.
fn number(bytes: &[u8]) -> u64 {
    let digits = bytes.iter().take(4).take_while(|byte| byte.is_ascii_digit());
    digits.fold(0, |number, digit| number * 10 + u64::from(digit - b'0'))
}

/// Counts ads and adds up their lengths.
fn vast(text: &str) -> Option<Fill> {
    let mut reader = Reader::from_str(text);
    let mut fill = Fill::default();
    let mut open = 0_u32;
    let mut rooted = false;
    let mut clock: Option<String> = None;
    loop {
        match reader.read_event().ok()? {
            Event::Start(element) => {
                open += 1;
                match element.local_name().as_ref() {
                    "VAST" => rooted = true,
                    "Ad" => fill.ads += 1,
                    "Duration" => clock = Some(String::new()),
                    _ => {}
                }
            }
            Event::Empty(element) => rooted |= element.local_name().as_ref() == "VAST",
            Event::Text(text) => {
                if let Some(clock) = &mut clock {
                    clock.push_str(&text.xml10_content());
                }
            }
            Event::End(_) => {
                open -= 1;
                if let Some(clock) = clock.take() {
                    fill.ms += clock_ms(clock.trim())?;
                }
            }
            Event::Eof => return (rooted && open == 0).then_some(fill),
            _ => {}
        }
    }
}

/// Reads `HH:MM:SS` or `HH:MM:SS.mmm`.
fn clock_ms(clock: &str) -> Option<u64> {
    let (whole, part) = clock.split_once('.').unwrap_or((clock, "0"));
    let mut numbers = whole.splitn(3, ':').map(|number| number.parse::<u64>().ok());
    let mut next = || numbers.next().flatten().filter(|&number| number < 1_000);
    let (hours, minutes, seconds) = (next()?, next()?, next()?);
    let ms = match part.len() {
        1..=3 => format!("{part:0<3}").parse::<u64>().ok()?,
        _ => return None,
    };
    Some(((hours * 60 + minutes) * 60 + seconds) * 1_000 + ms)
}

#[cfg(test)]
mod tests;

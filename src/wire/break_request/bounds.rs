//! Bounds a caller may set on the ads, in the forms of all doors.

use std::sync::Arc;

use crate::model::break_request::Stitching;
use crate::model::category::Category;
use crate::model::market::Lengths;
use crate::model::time::{MAX_BREAK, Seconds};

/// Returns the lengths from `min` to `max`, each with its rule for absence.
///
/// `None` when neither is given, or when they exclude everything.
pub(super) fn range(min: Option<u32>, max: Option<u32>) -> Option<Lengths> {
    if min.is_none() && max.is_none() {
        return None;
    }
    let longest = Seconds::nominal(MAX_BREAK);
    let min = Seconds(min.unwrap_or(1).max(1));
    let max = max.map_or(longest, Seconds).min(longest);
    (min <= max).then_some(Lengths::Range { min, max })
}

/// Keeps of VAST versions the inline ones, once each: a wrapper is not served (decision 10).
pub(super) fn inline_only(codes: &[i32]) -> Vec<i32> {
    INLINE.into_iter().filter(|code| codes.contains(code)).collect()
}

/// Reads a list of VAST versions: OpenRTB codes, or versions such as `4.2`, `4` or `vast3`.
///
/// `None` when a part is neither. A bare 4 is VAST 4, not the code of VAST 1.0 wrappers.
pub(super) fn vast_versions(text: &str) -> Option<Vec<i32>> {
    let mut codes = Vec::new();
    for part in list(text) {
        let part = part.to_ascii_lowercase();
        let version = part.strip_prefix("vast").unwrap_or(&part).trim();
        match version {
            "4" => codes.extend([7, 11, 13]),
            "2.0" => codes.push(2),
            "3.0" => codes.push(3),
            "4.0" => codes.push(7),
            "4.1" => codes.push(11),
            "4.2" => codes.push(13),
            code => codes.push(code.parse().ok().filter(|code| (1..=500).contains(code))?),
        }
    }
    Some(inline_only(&codes))
}

/// Reads a list of MIME types.
pub(super) fn mimes(text: &str) -> Option<Vec<Arc<str>>> {
    let types: Vec<Arc<str>> = list(text).take(MAX_LIST).map(Into::into).collect();
    types.iter().all(|name| name.contains('/') && name.is_ascii()).then_some(types)
}

/// Reads a blocked category: an id of IAB Content 1.0, or one of any taxonomy as `8:1002`.
///
/// Numbers alone mean something in several taxonomies, and so nothing here.
pub(super) fn category(text: &str) -> Option<Category> {
    let (taxonomy, id) = match text.split_once(':') {
        Some((taxonomy, id)) => (taxonomy.parse().ok().filter(|it| 0 < *it)?, id.to_owned()),
        None => (DEFAULT_TAXONOMY, text.to_ascii_uppercase()),
    };
    let known = taxonomy != DEFAULT_TAXONOMY || id.starts_with("IAB");
    (known && super::is_id(&id)).then(|| Category { taxonomy, id: id.into() })
}

/// Reads who stitches.
pub(super) fn stitching(text: &str) -> Option<Stitching> {
    match text {
        "server" => Some(Stitching::Server),
        "player" => Some(Stitching::Player),
        "client" => Some(Stitching::Client),
        _ => None,
    }
}

/// Reads where in the stream a break lies, as `startdelay`: by VAST's `[BREAKPOSITION]` or a word.
pub(super) fn position(text: &str) -> Option<i32> {
    match text {
        "1" | "pre" | "preroll" | "pre-roll" => Some(0),
        "2" | "mid" | "midroll" | "mid-roll" => Some(-1),
        "3" | "post" | "postroll" | "post-roll" => Some(-2),
        _ => None,
    }
}

/// Parts a list at its commas.
pub(super) fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty())
}

/// The taxonomy of categories whose `cattax` is absent: IAB Content 1.0.
pub(super) const DEFAULT_TAXONOMY: i32 = 1;

/// The inline versions of VAST, OpenRTB `protocols` codes.
const INLINE: [i32; 5] = [2, 3, 7, 11, 13];

/// The most entries of a list in a tag.
const MAX_LIST: usize = 64;

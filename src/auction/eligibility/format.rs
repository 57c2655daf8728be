//! Check 2: it is an ad of the kind, version and language offered.

use crate::auction::eligibility::allowed;
use crate::model::bid::{Bid, MarkupFacts};
use crate::model::plan::{Part, Terms};
use crate::model::reason::LossReason;

/// Holds a bid's ad against what its part plays.
///
/// Its `w` and `h` are not compared: a pod is played by a video player that scales, no size was
/// fixed, so `size` is never the reason.
pub(super) fn format(terms: &Terms, part: &Part, bid: &Bid) -> Result<(), LossReason> {
    allowed(bid.media_type.is_none_or(|kind| kind == VIDEO), LossReason::MediaType)?;
    let markup = bid.markup.as_ref().ok_or(LossReason::MarkupMissing)?;
    markup.defect.map_or(Ok(()), Err)?;
    allowed(markup.linear && plays_one_of(part, markup), LossReason::MediaType)?;
    allowed(protocols_offered(part, bid, markup), LossReason::Protocol)?;
    let supported = bid.apis.iter().chain(&markup.apis).all(|api| part.apis.contains(api));
    allowed(supported, LossReason::ApiUnsupported)?;
    allowed(!part.secure || !markup.insecure, LossReason::Insecure)?;
    allowed(language_offered(terms, bid), LossReason::Language)
}

/// Says whether the player takes one of the ad's media types; parameters after `;` do not count.
fn plays_one_of(part: &Part, markup: &MarkupFacts) -> bool {
    let taken = |mime: &str| {
        let plain = mime.split(';').next().unwrap_or_default().trim();
        part.mimes.iter().any(|taken| taken.eq_ignore_ascii_case(plain))
    };
    // Nearly all are written alike, and equal texts are told by length and one comparison.
    let same = |mime: &str| part.mimes.iter().any(|taken| **taken == *mime);
    part.mimes.is_empty()
        || markup.media_types.is_empty()
        || markup.media_types.iter().any(|mime| same(mime) || taken(mime))
}

/// Says whether both what the bid declares and what its markup states is an offered version.
///
/// InLine and Wrapper of one version have codes of their own; what the markup is was read from the
/// markup, so a bid that declares the other code of an offered version is taken.
fn protocols_offered(part: &Part, bid: &Bid, markup: &MarkupFacts) -> bool {
    let offers_version =
        |version| part.protocols.iter().any(|&code| version_of(code) == Some(version));
    let declared = bid.protocol.is_none_or(|code| {
        part.protocols.contains(&code) || version_of(code).is_some_and(offers_version)
    });
    declared && markup.version.is_none_or(offers_version)
}

/// Returns the VAST version that an AdCOM protocol code names.
fn version_of(code: i32) -> Option<(u8, u8)> {
    match code {
        1 | 4 => Some((1, 0)),
        2 | 5 => Some((2, 0)),
        3 | 6 => Some((3, 0)),
        7 | 8 => Some((4, 0)),
        11 | 12 => Some((4, 1)),
        13 | 14 => Some((4, 2)),
        15 | 16 => Some((4, 3)),
        _ => None,
    }
}

/// Says whether a creative's language is wanted; one without words ("xx") or unsaid always is.
///
/// An entry takes its narrower forms too: `en` takes `en-GB`.
fn language_offered(terms: &Terms, bid: &Bid) -> bool {
    let Some(language) = bid.language.as_deref() else {
        return true;
    };
    let narrows = |entry: &str| {
        let head = language.get(..entry.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(entry))
            && matches!(language.as_bytes().get(entry.len()), None | Some(b'-'))
    };
    terms.languages.is_empty()
        || language.eq_ignore_ascii_case("xx")
        || terms.languages.iter().any(|entry| narrows(entry))
}

/// `mtype` of video.
const VIDEO: i32 = 2;

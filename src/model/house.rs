//! A publisher's own ads, which play where nothing was sold: promos and slates.
//!
//! They cost nothing and pay nothing: no bidder, no price and no bill knows of them.

use std::sync::Arc;

use crate::model::time::{Millis, Seconds};

/// The most house ads of a placement: the choice among them is exact.
pub const MOST_HOUSE: usize = 16;

/// One ad of the publisher's own.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct HouseAd {
    /// The publisher's name for it; in one pod it plays once at most.
    pub id: Arc<str>,
    /// Nominal seconds it takes, at least 1.
    pub seconds: Seconds,
    /// Its own length.
    pub length: Millis,
    /// Its files, at least one where it was configured; a record keeps none.
    pub media: Vec<HouseMedia>,
    /// Where a click leads.
    pub click: Option<Arc<str>>,
    /// The publisher's addresses to call when it plays.
    pub impressions: Vec<Arc<str>>,
}

/// A file of a house ad.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HouseMedia {
    /// Where it is: https, or http on this machine.
    pub url: Arc<str>,
    /// Its MIME type.
    pub mime: Arc<str>,
    /// Width in pixels.
    pub width: Option<u32>,
    /// Height in pixels.
    pub height: Option<u32>,
    /// Kilobits a second.
    pub bitrate: Option<u32>,
}

impl HouseAd {
    /// Says whether it fits into so many seconds, and a caller can play it that takes these types,
    /// and where it is `secure` nothing but https.
    #[must_use]
    pub fn plays(&self, seconds: Seconds, secure: bool, takes: impl Fn(&str) -> bool) -> bool {
        self.seconds <= seconds
            && self.media.iter().any(|file| takes(&file.mime))
            && (!secure || self.is_secure())
    }

    /// Says whether all its addresses are https.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        let media = self.media.iter().map(|file| &file.url);
        let mut all = media.chain(&self.click).chain(&self.impressions);
        all.all(|url| url.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https:")))
    }
}

//! An impression on offer and what qualifies it.

use std::borrow::Cow;

use crate::audio::Audio;
use crate::banner::{Banner, Native};
use crate::deal::Pmp;
use crate::video::Video;

object! {
    /// An impression, or a pod of them, on offer (OpenRTB 2.6, section 3.2.4).
    pub struct Imp<'a> {
        /// Id, unique in the request.
        pub id: Cow<'a, str>,
        /// Measures of the place.
        pub metric: Option<Vec<Metric<'a>>>,
        /// Terms for a banner.
        pub banner: Option<Box<Banner<'a>>>,
        /// Terms for a video.
        pub video: Option<Box<Video<'a>>>,
        /// Terms for audio.
        pub audio: Option<Box<Audio<'a>>>,
        /// Terms for a native ad.
        pub native: Option<Box<Native<'a>>>,
        /// Deals on this impression.
        pub pmp: Option<Pmp<'a>>,
        /// Name of the player, SDK or stitcher.
        pub displaymanager: Option<Cow<'a, str>>,
        /// Version of the player, SDK or stitcher.
        pub displaymanagerver: Option<Cow<'a, str>>,
        /// Whether it is an interstitial or fills the screen; absent means no.
        pub instl: Option<bool>,
        /// The seller's id of the placement.
        pub tagid: Option<Cow<'a, str>>,
        /// Least price per thousand impressions; absent means 0.
        pub bidfloor: Option<f64>,
        /// Currency of the floors, ISO 4217; absent means USD.
        pub bidfloorcur: Option<Cow<'a, str>>,
        /// Whether a click opens the native browser rather than an embedded one.
        pub clickbrowser: Option<bool>,
        /// Whether assets must be HTTPS; absent is unknown.
        pub secure: Option<bool>,
        /// Frame busters supported.
        pub iframebuster: Option<Vec<Cow<'a, str>>>,
        /// Whether the viewer is rewarded for watching.
        pub rwdd: Option<bool>,
        /// Who stitches, see [`crate::list::ssai`]; absent means unknown.
        pub ssai: Option<i32>,
        /// Seconds that may pass between auction and impression; advisory.
        pub exp: Option<i32>,
        /// How many impressions one play is worth.
        pub qty: Option<Qty<'a>>,
        /// When it will be played, Unix milliseconds.
        pub dt: Option<f64>,
        /// How the place refreshes itself.
        pub refresh: Option<Refresh<'a>>,
    }
}

impl Imp<'_> {
    /// Returns the currency of its floors, deals excepted: `bidfloorcur`, or the default
    /// (section 3.2.4).
    pub fn currency(&self) -> &str {
        self.bidfloorcur.as_deref().unwrap_or("USD")
    }
}

object! {
    /// A measure of the place (OpenRTB 2.6, section 3.2.5).
    pub struct Metric<'a> {
        /// What is measured.
        pub r#type: Cow<'a, str> = "type",
        /// The measure; probabilities between 0 and 1.
        pub value: f64,
        /// Who measured; `EXCHANGE` for the exchange itself.
        pub vendor: Option<Cow<'a, str>>,
    }
}

object! {
    /// How many impressions one play is worth (OpenRTB 2.6, section 3.2.31).
    pub struct Qty<'a> {
        /// Impressions per play, possibly less than one.
        pub multiplier: f64,
        /// Who measured: 0 unknown, 1 vendor, 2 publisher, 3 exchange.
        pub sourcetype: Option<i32>,
        /// Domain of the vendor; required when `sourcetype` is 1.
        pub vendor: Option<Cow<'a, str>>,
    }
}

object! {
    /// How the place refreshes itself (OpenRTB 2.6, section 3.2.33).
    pub struct Refresh<'a> {
        /// What triggers a refresh.
        pub refsettings: Option<Vec<RefSettings<'a>>>,
        /// How often it was refreshed so far.
        pub count: Option<i32>,
    }
}

object! {
    /// A trigger of refreshes (OpenRTB 2.6, section 3.2.34).
    pub struct RefSettings<'a> {
        /// Kind: 0 unknown, 1 user, 2 event, 3 time; absent means 0.
        pub reftype: Option<i32>,
        /// Least seconds between refreshes.
        pub minint: Option<i32>,
    }
}

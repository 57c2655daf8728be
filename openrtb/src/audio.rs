//! Terms for audio.

use std::borrow::Cow;

use crate::banner::Banner;
use crate::deal::DurFloors;

object! {
    /// Terms for audio, or for a pod of it (OpenRTB 2.6, section 3.2.8).
    pub struct Audio<'a> {
        /// Media types the player takes.
        pub mimes: Vec<Cow<'a, str>>,
        /// Least seconds of one ad; excludes `rqddurs`.
        pub minduration: Option<i32>,
        /// Most seconds of one ad; excludes `rqddurs`.
        pub maxduration: Option<i32>,
        /// Seconds that may be filled; makes the impression a dynamic pod.
        pub poddur: Option<i32>,
        /// Kinds of markup taken, see [`crate::list::protocol`].
        pub protocols: Option<Vec<i32>>,
        /// Place in the stream: seconds from its start, 0 pre-roll, -1 mid-roll, -2 post-roll.
        pub startdelay: Option<i32>,
        /// The only durations of one ad, in seconds.
        pub rqddurs: Option<Vec<i32>>,
        /// Id of the pod, shared by all impressions of the break.
        pub podid: Option<Cow<'a, str>>,
        /// Place of the pod in the stream: 1 first, 0 any, -1 last.
        pub podseq: Option<i32>,
        /// Place among several impressions; deprecated, see `slotinpod`.
        pub sequence: Option<i32>,
        /// Place in the pod that the seller guarantees, see [`crate::list::slot`].
        pub slotinpod: Option<i32>,
        /// Least price per thousand impressions and second of ad.
        pub mincpmpersec: Option<f64>,
        /// Creative attributes that are blocked.
        pub battr: Option<Vec<i32>>,
        /// Seconds beyond `maxduration`: 0 none, -1 any.
        pub maxextended: Option<i32>,
        /// Least bit rate in kbit/s.
        pub minbitrate: Option<i32>,
        /// Most bit rate in kbit/s.
        pub maxbitrate: Option<i32>,
        /// 1 streaming, 2 progressive, 3 download; absent means all.
        pub delivery: Option<Vec<i32>>,
        /// Banners beside the audio.
        pub companionad: Option<Vec<Banner<'a>>>,
        /// Frameworks supported, see [`crate::list::api`]; one not listed is not supported.
        pub api: Option<Vec<i32>>,
        /// 1 static, 2 HTML, 3 iframe.
        pub companiontype: Option<Vec<i32>>,
        /// Most ads in a dynamic pod.
        pub maxseq: Option<i32>,
        /// Kind of feed.
        pub feed: Option<i32>,
        /// Whether the ad is stitched into the stream.
        pub stitched: Option<bool>,
        /// How loudness is normalised.
        pub nvol: Option<i32>,
        /// Floors by duration.
        pub durfloors: Option<Vec<DurFloors<'a>>>,
    }
}

impl Audio<'_> {
    /// Tells whether it sells a pod, or part of one, whose slots the buyers' bids shape
    /// (OpenRTB 2.6, implementation guidance, section 7.6).
    pub fn is_dynamic(&self) -> bool {
        self.poddur.is_some()
    }
}

//! Terms for a video.

use std::borrow::Cow;

use crate::banner::Banner;
use crate::deal::DurFloors;

object! {
    /// Terms for a video, or for a pod of them (OpenRTB 2.6, section 3.2.7).
    ///
    /// ```
    /// use openrtb::video::Video;
    ///
    /// let video: Video<'_> =
    ///     serde_json::from_str(r#"{"mimes":["video/mp4"],"poddur":60,"plcmt":"1"}"#)?;
    /// assert!(video.is_dynamic());
    /// assert_eq!(video.plcmt, Some(1));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub struct Video<'a> {
        /// Media types the player takes.
        pub mimes: Vec<Cow<'a, str>>,
        /// Least seconds of one ad; excludes `rqddurs`.
        pub minduration: Option<i32>,
        /// Most seconds of one ad; excludes `rqddurs`.
        pub maxduration: Option<i32>,
        /// Place in the stream: seconds from its start, 0 pre-roll, -1 mid-roll, -2 post-roll.
        pub startdelay: Option<i32>,
        /// Most ads in a dynamic pod.
        pub maxseq: Option<i32>,
        /// Seconds that may be filled; makes the impression a dynamic pod.
        pub poddur: Option<i32>,
        /// Kinds of markup taken, see [`crate::list::protocol`].
        pub protocols: Option<Vec<i32>>,
        /// Width of the player in device-independent pixels.
        pub w: Option<i32>,
        /// Height of the player in device-independent pixels.
        pub h: Option<i32>,
        /// Id of the pod, shared by all impressions of the break.
        pub podid: Option<Cow<'a, str>>,
        /// Place of the pod in the stream: 1 first, 0 any, -1 last.
        pub podseq: Option<i32>,
        /// The only durations of one ad, in seconds.
        pub rqddurs: Option<Vec<i32>>,
        /// Kind of placement; deprecated, see `plcmt`.
        pub placement: Option<i32>,
        /// Kind of placement, see [`crate::list::placement`].
        pub plcmt: Option<i32>,
        /// 1 linear, 2 non-linear; absent means both.
        pub linearity: Option<i32>,
        /// Whether the publisher lets the viewer skip.
        pub skip: Option<bool>,
        /// Only ads longer than this many seconds may be skipped.
        pub skipmin: Option<i32>,
        /// Seconds after which an ad may be skipped.
        pub skipafter: Option<i32>,
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
        /// Whether letterboxing is allowed; absent means yes.
        pub boxingallowed: Option<bool>,
        /// How playback starts; one element only.
        pub playbackmethod: Option<Vec<i32>>,
        /// What ends playback.
        pub playbackend: Option<i32>,
        /// 1 streaming, 2 progressive, 3 download; absent means all.
        pub delivery: Option<Vec<i32>>,
        /// Place on the screen.
        pub pos: Option<i32>,
        /// Banners beside the video.
        pub companionad: Option<Vec<Banner<'a>>>,
        /// Frameworks supported, see [`crate::list::api`]; one not listed is not supported.
        pub api: Option<Vec<i32>>,
        /// 1 static, 2 HTML, 3 iframe.
        pub companiontype: Option<Vec<i32>>,
        /// What may not repeat in the pod, see [`crate::list::dedupe`].
        pub poddedupe: Option<Vec<i32>>,
        /// Floors by duration.
        pub durfloors: Option<Vec<DurFloors<'a>>>,
    }
}

impl Video<'_> {
    /// Tells whether it sells a pod, or part of one, whose slots the buyers' bids shape
    /// (OpenRTB 2.6, implementation guidance, section 7.6).
    pub fn is_dynamic(&self) -> bool {
        self.poddur.is_some()
    }
}

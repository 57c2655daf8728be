//! Terms for banners, companions and native ads.

use std::borrow::Cow;

use crate::wire::scalar::Markup;

object! {
    /// Terms for a banner, or for one beside a video (OpenRTB 2.6, section 3.2.6).
    pub struct Banner<'a> {
        /// Sizes allowed.
        pub format: Option<Vec<Format<'a>>>,
        /// Width in device-independent pixels, where there is no `format`.
        pub w: Option<i32>,
        /// Height in device-independent pixels, where there is no `format`.
        pub h: Option<i32>,
        /// Kinds blocked: 1 XHTML text, 2 XHTML banner, 3 JavaScript, 4 iframe.
        pub btype: Option<Vec<i32>>,
        /// Creative attributes that are blocked.
        pub battr: Option<Vec<i32>>,
        /// Place on the screen.
        pub pos: Option<i32>,
        /// Media types taken.
        pub mimes: Option<Vec<Cow<'a, str>>>,
        /// Whether it sits in the top frame rather than an iframe.
        pub topframe: Option<bool>,
        /// Directions in which it may expand.
        pub expdir: Option<Vec<i32>>,
        /// Frameworks supported, see [`crate::list::api`].
        pub api: Option<Vec<i32>>,
        /// Id, for companions.
        pub id: Option<Cow<'a, str>>,
        /// Whether a companion is an end card rather than shown along with the video.
        pub vcm: Option<bool>,
    }
}

object! {
    /// A size allowed: `w` and `h`, or a ratio (OpenRTB 2.6, section 3.2.10).
    pub struct Format<'a> {
        /// Width in device-independent pixels.
        pub w: Option<i32>,
        /// Height in device-independent pixels.
        pub h: Option<i32>,
        /// Relative width.
        pub wratio: Option<i32>,
        /// Relative height.
        pub hratio: Option<i32>,
        /// Least width in device-independent pixels, with a ratio.
        pub wmin: Option<i32>,
    }
}

object! {
    /// Terms for a native ad (OpenRTB 2.6, section 3.2.9).
    pub struct Native<'a> {
        /// The request of the native specification, as text; an object is read as its text.
        pub request: Cow<'a, str> as Markup<'a>,
        /// Version of the native specification.
        pub ver: Option<Cow<'a, str>>,
        /// Frameworks supported, see [`crate::list::api`].
        pub api: Option<Vec<i32>>,
        /// Creative attributes that are blocked.
        pub battr: Option<Vec<i32>>,
    }
}

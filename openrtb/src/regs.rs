//! Regulations in force.

use std::borrow::Cow;

object! {
    /// Regulations in force (OpenRTB 2.6, section 3.2.3).
    pub struct Regs<'a> {
        /// Whether the viewer is a child under COPPA; absent is unknown.
        pub coppa: Option<bool>,
        /// Whether GDPR applies; absent is unknown.
        pub gdpr: Option<bool>,
        /// US privacy string.
        pub us_privacy: Option<Cow<'a, str>>,
        /// Global Privacy Platform string.
        pub gpp: Option<Cow<'a, str>>,
        /// Sections of `gpp` that apply.
        pub gpp_sid: Option<Vec<i32>>,
    }
}

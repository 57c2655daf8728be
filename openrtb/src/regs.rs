//! Regulations in force.

use std::borrow::Cow;

use crate::dsa::DsaRequest;
use crate::ext::{Value, lift};

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

impl Regs<'_> {
    /// Tells whether GDPR applies, from `gdpr` or, where that is absent, from its place in
    /// OpenRTB 2.5, `ext.gdpr`; `None` is unknown.
    pub fn gdpr_applies(&self) -> Option<bool> {
        self.gdpr.or_else(|| self.ext.as_ref()?.old("gdpr"))
    }

    /// Returns the US privacy string from `us_privacy` or, where that is absent, from its place in
    /// OpenRTB 2.5, `ext.us_privacy`.
    pub fn us_privacy_string(&self) -> Option<&str> {
        self.us_privacy
            .as_deref()
            .or_else(|| self.ext.as_ref()?.get("us_privacy").and_then(Value::as_str))
    }

    /// Tells whether the browser sent `Sec-GPC: 1` (community extension Global Privacy Control,
    /// `ext.gpc`).
    pub fn global_privacy_control(&self) -> bool {
        self.ext.as_ref().and_then(|ext| ext.old::<bool>("gpc")) == Some(true)
    }

    /// Returns what the publisher needs for the Digital Services Act (`ext.dsa`).
    pub fn dsa(&self) -> Option<DsaRequest<'_>> {
        self.ext.as_ref()?.parse("dsa")
    }

    /// Moves what stands in the places of OpenRTB 2.5 to those of 2.6.
    pub fn lift_ext(&mut self) {
        lift(&mut self.gdpr, &mut self.ext, "gdpr");
        lift(&mut self.us_privacy, &mut self.ext, "us_privacy");
    }
}

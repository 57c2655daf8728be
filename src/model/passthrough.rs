//! Opaque JSON about viewer, content and channel: made and read by `wire` only.
//!
//! `wire` applies the one table of privacy removals (decision 37) when it makes these pieces, so
//! nothing further down can leak what a bidder may not see.

/// Pieces of a bid request that the auction never looks into, as JSON texts of OpenRTB objects.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Passthrough {
    /// What the viewer's signals allow to pass on.
    pub class: PrivacyClass,
    /// `device`.
    pub device: Option<Box<str>>,
    /// `user`.
    pub user: Option<Box<str>>,
    /// `regs`.
    pub regs: Option<Box<str>>,
    /// `site`, `app` or `dooh`, with `publisher` and `content` inside.
    pub channel: Option<(Channel, Box<str>)>,
    /// `source.schain`, our own node appended; none when the incoming chain was not usable.
    pub schain: Option<Box<str>>,
    /// `source.tid` as the caller gave it.
    pub tid: Option<Box<str>>,
}

/// Which of the three distribution channels a request names.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Channel {
    /// A website.
    Site,
    /// An app; connected TV is one.
    App,
    /// Digital out of home.
    Dooh,
}

impl Channel {
    /// Returns the member name in a bid request.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Site => "site",
            Self::App => "app",
            Self::Dooh => "dooh",
        }
    }
}

/// What may be passed on about a viewer.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum PrivacyClass {
    /// Everything the publisher sent.
    Open,
    /// Nothing that names or places a person: the safe side, and the default.
    #[default]
    Restricted,
}

/// What the record keeps about a viewer: coarse, and erasable.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ViewerFacts {
    /// The address cut to /24 or /48.
    pub network: Option<Box<str>>,
    /// ISO 3166-1 alpha-3.
    pub country: Option<Box<str>>,
    /// OpenRTB `devicetype`.
    pub device_type: Option<u32>,
    /// `regs.gdpr`, as read.
    pub gdpr: Option<bool>,
    /// `regs.coppa`, as read.
    pub coppa: Option<bool>,
    /// `device.lmt`, as read.
    pub lmt: Option<bool>,
    /// `Sec-GPC` or `regs.ext.gpc`, as read.
    pub gpc: Option<bool>,
    /// Whether a US privacy string or section opts the viewer out.
    pub us_opt_out: Option<bool>,
}

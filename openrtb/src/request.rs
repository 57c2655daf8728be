//! The bid request.

use std::borrow::Cow;

use crate::device::Device;
use crate::imp::Imp;
use crate::inventory::{App, Dooh, Site};
use crate::regs::Regs;
use crate::source::Source;
use crate::user::User;

object! {
    /// A request for bids (OpenRTB 2.6, section 3.2.1).
    ///
    /// ```
    /// use openrtb::request::BidRequest;
    ///
    /// let text = r#"{"id":"r1","at":1,"tmax":200,"imp":[{"id":"1"}],"app":{"bundle":"b"}}"#;
    /// let request: BidRequest<'_> = serde_json::from_str(text)?;
    /// assert_eq!(request.imp.len(), 1);
    /// assert_eq!(request.tmax, Some(200));
    /// assert_eq!(request.test, None);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub struct BidRequest<'a> {
        /// Id given by the exchange; it may differ for each recipient.
        pub id: Cow<'a, str>,
        /// What is for sale, at least one.
        pub imp: Vec<Imp<'a>>,
        /// The website, if that is where the ads go.
        pub site: Option<Box<Site<'a>>>,
        /// The app, connected TV included, if that is where the ads go.
        pub app: Option<Box<App<'a>>>,
        /// The out-of-home screen, if that is where the ads go.
        pub dooh: Option<Box<Dooh<'a>>>,
        /// The viewer's device.
        pub device: Option<Box<Device<'a>>>,
        /// The viewer.
        pub user: Option<Box<User<'a>>>,
        /// Whether nothing of this will be billed; absent means it will.
        pub test: Option<bool>,
        /// Kind of auction, see [`crate::list::auction`]; absent means second price.
        pub at: Option<i32>,
        /// Milliseconds for the answer, the network's included.
        pub tmax: Option<i32>,
        /// The only seats that may bid.
        pub wseat: Option<Vec<Cow<'a, str>>>,
        /// Seats that may not bid.
        pub bseat: Option<Vec<Cow<'a, str>>>,
        /// Whether these are all impressions there are in this context.
        pub allimps: Option<bool>,
        /// Currencies in which may be bid, ISO 4217.
        pub cur: Option<Vec<Cow<'a, str>>>,
        /// Languages of creatives, ISO 639-1.
        pub wlang: Option<Vec<Cow<'a, str>>>,
        /// Languages of creatives, BCP 47.
        pub wlangb: Option<Vec<Cow<'a, str>>>,
        /// The only advertiser categories allowed.
        pub acat: Option<Vec<Cow<'a, str>>>,
        /// Advertiser categories that are blocked.
        pub bcat: Option<Vec<Cow<'a, str>>>,
        /// Taxonomy of `acat` and `bcat`, see [`crate::list::category_taxonomy`]; absent means 1.
        pub cattax: Option<i32>,
        /// Domains of advertisers that are blocked.
        pub badv: Option<Vec<Cow<'a, str>>>,
        /// Store ids of advertised apps that are blocked.
        pub bapp: Option<Vec<Cow<'a, str>>>,
        /// Where the request comes from.
        pub source: Option<Source<'a>>,
        /// Regulations in force.
        pub regs: Option<Regs<'a>>,
    }
}

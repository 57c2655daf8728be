//! The bid request.

use std::borrow::Cow;

use crate::content::Content;
use crate::device::Device;
use crate::imp::Imp;
use crate::inventory::{App, Dooh, Publisher, Site};
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

/// Where the ads of a request go (OpenRTB 2.6, section 3.1).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Channel<'r, 'a> {
    /// A website.
    Site(&'r Site<'a>),
    /// An app, connected TV included.
    App(&'r App<'a>),
    /// An out-of-home screen.
    Dooh(&'r Dooh<'a>),
}

impl<'a> BidRequest<'a> {
    /// Returns where the ads go: the first of `site`, `app` and `dooh`.
    ///
    /// ```
    /// use openrtb::request::{BidRequest, Channel};
    ///
    /// let text = r#"{"id":"r1","imp":[{"id":"1"}],"app":{"publisher":{"id":"pub-1"}}}"#;
    /// let request: BidRequest<'_> = serde_json::from_str(text)?;
    /// let channel = request.channel().expect("it names an app");
    /// assert!(matches!(channel, Channel::App(_)));
    /// assert_eq!(channel.publisher().and_then(|publisher| publisher.id.as_deref()), Some("pub-1"));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn channel(&self) -> Option<Channel<'_, 'a>> {
        let site = self.site.as_deref().map(Channel::Site);
        site.or_else(|| self.app.as_deref().map(Channel::App))
            .or_else(|| self.dooh.as_deref().map(Channel::Dooh))
    }

    /// Moves the supply chain, privacy signals and ids that stand in the `ext` places of
    /// OpenRTB 2.5 to those of 2.6, so that they are written there only.
    pub fn lift_ext(&mut self) {
        if let Some(source) = &mut self.source {
            source.lift_ext();
        }
        if let Some(regs) = &mut self.regs {
            regs.lift_ext();
        }
        if let Some(user) = &mut self.user {
            user.lift_ext();
        }
    }
}

impl<'r, 'a> Channel<'r, 'a> {
    /// Returns the publisher.
    pub fn publisher(self) -> Option<&'r Publisher<'a>> {
        match self {
            Self::Site(site) => site.publisher.as_ref(),
            Self::App(app) => app.publisher.as_ref(),
            Self::Dooh(dooh) => dooh.publisher.as_ref(),
        }
    }

    /// Returns what is shown.
    pub fn content(self) -> Option<&'r Content<'a>> {
        match self {
            Self::Site(site) => site.content.as_deref(),
            Self::App(app) => app.content.as_deref(),
            Self::Dooh(dooh) => dooh.content.as_deref(),
        }
    }
}

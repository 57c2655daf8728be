//! The bid response.

use std::borrow::Cow;

use crate::dsa::DsaBid;
use crate::non_bid::SeatNonBid;
use crate::wire::scalar::Markup;

object! {
    /// An answer to a request (OpenRTB 2.6, section 4.2.1).
    ///
    /// ```
    /// use openrtb::response::BidResponse;
    ///
    /// let text = r#"{"id":"r1","seatbid":[{"bid":[{"id":"b","impid":"1","price":9.5}]}]}"#;
    /// let response: BidResponse<'_> = serde_json::from_str(text)?;
    /// assert!(!response.is_no_bid());
    /// assert_eq!(serde_json::to_string(&response)?, text);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub struct BidResponse<'a> {
        /// Id of the request; absent only where there is no bid.
        pub id: Option<Cow<'a, str>>,
        /// Bids by seat.
        pub seatbid: Option<Vec<SeatBid<'a>>>,
        /// The bidder's id of this answer.
        pub bidid: Option<Cow<'a, str>>,
        /// Currency of all prices, ISO 4217; absent means USD.
        pub cur: Option<Cow<'a, str>>,
        /// Data to be left in the exchange's cookie.
        pub customdata: Option<Cow<'a, str>>,
        /// Why there is no bid, see [`crate::list::no_bid`].
        pub nbr: Option<i32>,
    }
}

object! {
    /// Bids of one seat (OpenRTB 2.6, section 4.2.2).
    pub struct SeatBid<'a> {
        /// The bids, each for one impression.
        pub bid: Vec<Bid<'a>>,
        /// The seat.
        pub seat: Option<Cow<'a, str>>,
        /// Whether all bids win or none; absent means each for itself.
        pub group: Option<bool>,
    }
}

object! {
    /// A bid (OpenRTB 2.6, section 4.2.3).
    pub struct Bid<'a> {
        /// The bidder's id.
        pub id: Cow<'a, str>,
        /// Id of the impression.
        pub impid: Cow<'a, str>,
        /// Price per thousand impressions. Required, but a bid without one is read, so that its
        /// reader can refuse it alone.
        pub price: Option<f64>,
        /// Address to call when it wins.
        pub nurl: Option<Cow<'a, str>>,
        /// Address to call when it is billed.
        pub burl: Option<Cow<'a, str>>,
        /// Address to call when it loses.
        pub lurl: Option<Cow<'a, str>>,
        /// Markup; an object is read as its text.
        pub adm: Option<Cow<'a, str>> as Markup<'a>,
        /// Id of an ad loaded before.
        pub adid: Option<Cow<'a, str>>,
        /// Domains advertised.
        pub adomain: Option<Vec<Cow<'a, str>>>,
        /// Store id of the app advertised.
        pub bundle: Option<Cow<'a, str>>,
        /// Address of a sample image.
        pub iurl: Option<Cow<'a, str>>,
        /// Campaign.
        pub cid: Option<Cow<'a, str>>,
        /// Creative.
        pub crid: Option<Cow<'a, str>>,
        /// Tactic.
        pub tactic: Option<Cow<'a, str>>,
        /// Taxonomy of `cat`; absent means 1, whatever the request's.
        pub cattax: Option<i32>,
        /// Categories.
        pub cat: Option<Vec<Cow<'a, str>>>,
        /// Creative attributes.
        pub attr: Option<Vec<i32>>,
        /// Frameworks the markup needs, see [`crate::list::api`].
        pub apis: Option<Vec<i32>>,
        /// Framework the markup needs; deprecated, see `apis`.
        pub api: Option<i32>,
        /// Kind of markup, see [`crate::list::protocol`].
        pub protocol: Option<i32>,
        /// 1 all audiences, 2 over 12, 3 mature.
        pub qagmediarating: Option<i32>,
        /// Language, ISO 639-1, `xx` for none; excludes `langb`.
        pub language: Option<Cow<'a, str>>,
        /// Language, BCP 47; excludes `language`.
        pub langb: Option<Cow<'a, str>>,
        /// Deal.
        pub dealid: Option<Cow<'a, str>>,
        /// Width in device-independent pixels.
        pub w: Option<i32>,
        /// Height in device-independent pixels.
        pub h: Option<i32>,
        /// Relative width.
        pub wratio: Option<i32>,
        /// Relative height.
        pub hratio: Option<i32>,
        /// Seconds the bidder will wait between auction and impression.
        pub exp: Option<i32>,
        /// Seconds the creative plays.
        pub dur: Option<i32>,
        /// Kind of ad, see [`crate::list::markup`].
        pub mtype: Option<i32>,
        /// The only place in the pod the bidder wants, see [`crate::list::slot`].
        pub slotinpod: Option<i32>,
    }
}

impl<'a> BidResponse<'a> {
    /// Tells whether it holds no bid, in whichever of the forms that mean so (OpenRTB 2.6,
    /// implementation guidance, section 7.1).
    pub fn is_no_bid(&self) -> bool {
        self.seatbid.iter().flatten().all(|seat| seat.bid.is_empty())
    }
    /// Returns the bids, each with the seat that makes it.
    pub fn bids(&self) -> impl Iterator<Item = (&SeatBid<'a>, &Bid<'a>)> {
        self.seatbid.iter().flatten().flat_map(|seat| seat.bid.iter().map(move |bid| (seat, bid)))
    }

    /// Returns the currency of all prices: `cur`, or the default (section 4.2.1).
    pub fn currency(&self) -> &str {
        self.cur.as_deref().unwrap_or("USD")
    }

    /// Returns the seats without a bid and why (community extension Seat Non Bid,
    /// `ext.seatnonbid`).
    pub fn seat_non_bids(&self) -> Option<Vec<SeatNonBid<'_>>> {
        self.ext.as_ref()?.parse("seatnonbid")
    }
}

impl Bid<'_> {
    /// Returns what the bidder declares for the Digital Services Act (`ext.dsa`).
    pub fn dsa(&self) -> Option<DsaBid<'_>> {
        self.ext.as_ref()?.parse("dsa")
    }
}

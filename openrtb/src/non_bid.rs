//! The community extension Seat Non Bid: why a seat has no bid in an answer.

use std::borrow::Cow;

object! {
    /// A seat and the impressions for which it has no bid (`response.ext.seatnonbid`).
    ///
    /// ```
    /// use openrtb::ext::Ext;
    /// use openrtb::list::non_bid;
    /// use openrtb::non_bid::{NonBid, SeatNonBid};
    /// use openrtb::response::BidResponse;
    ///
    /// let late = NonBid { impid: "1".into(), statuscode: non_bid::TIMEOUT, ext: None };
    /// let seat = SeatNonBid { seat: Some("acme".into()), nonbid: vec![late], ext: None };
    /// let mut ext = Ext::new();
    /// ext.set("seatnonbid", &[&seat])?;
    /// let response = BidResponse { ext: Some(ext), ..BidResponse::default() };
    /// assert_eq!(response.seat_non_bids(), Some(vec![seat]));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub struct SeatNonBid<'a> {
        /// The impressions without a bid.
        pub nonbid: Vec<NonBid<'a>>,
        /// The seat.
        pub seat: Option<Cow<'a, str>>,
    }
}

object! {
    /// An impression without a bid (`response.ext.seatnonbid[].nonbid`).
    pub struct NonBid<'a> {
        /// Id of the impression.
        pub impid: Cow<'a, str>,
        /// Why, see [`crate::list::non_bid`].
        pub statuscode: i32,
    }
}

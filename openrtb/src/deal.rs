//! Private deals, and floors by duration.

use std::borrow::Cow;

object! {
    /// The deals on an impression (OpenRTB 2.6, section 3.2.11).
    pub struct Pmp<'a> {
        /// Whether only bids on these deals are taken; absent means no.
        pub private_auction: Option<bool>,
        /// The deals.
        pub deals: Option<Vec<Deal<'a>>>,
    }
}

object! {
    /// A deal (OpenRTB 2.6, section 3.2.12).
    pub struct Deal<'a> {
        /// Id.
        pub id: Cow<'a, str>,
        /// Least price per thousand impressions; absent means 0, yet is no floor of its own.
        pub bidfloor: Option<f64>,
        /// Currency of the floors, ISO 4217; absent means USD, whatever the impression says.
        pub bidfloorcur: Option<Cow<'a, str>>,
        /// Kind of auction, see [`crate::list::auction`]; absent means that of the request.
        pub at: Option<i32>,
        /// The only seats that may bid; absent means all.
        pub wseat: Option<Vec<Cow<'a, str>>>,
        /// The only domains that may be advertised; absent means all.
        pub wadomain: Option<Vec<Cow<'a, str>>>,
        /// 1 when guaranteed: the bidder must bid.
        pub guar: Option<i32>,
        /// Least price per thousand impressions and second of ad.
        pub mincpmpersec: Option<f64>,
        /// Floors by duration.
        pub durfloors: Option<Vec<DurFloors<'a>>>,
    }
}

impl Deal<'_> {
    /// Returns the currency of its floors: `bidfloorcur`, or the default, which is not that of the
    /// impression (section 3.2.12).
    pub fn currency(&self) -> &str {
        self.bidfloorcur.as_deref().unwrap_or("USD")
    }
}

object! {
    /// A floor for ads of some durations (OpenRTB 2.6, section 3.2.35).
    pub struct DurFloors<'a> {
        /// Least seconds; absent is open.
        pub mindur: Option<i32>,
        /// Most seconds; absent is open.
        pub maxdur: Option<i32>,
        /// Least price per thousand impressions; absent means 0.
        pub bidfloor: Option<f64>,
    }
}

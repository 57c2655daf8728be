//! OpenRTB 2.6 objects (release 2.6-202606), borrowed from the input where they can be.
//!
//! Reads are tolerant, writes are strict. It holds no policy: whether a request is complete enough
//! to sell on, or a bid good enough to win, is for its caller to say. Start at
//! [`request::BidRequest`] and [`response::BidResponse`].
//!
//! # What is read
//!
//! Any reader of serde will do that reads JSON; serde_json and simd-json are tested to agree.
//!
//! - `null` is absence. An absent flag is unknown, so flags are `Option<bool>`; they are read from
//!   0 and 1, `true` and `false`, `"0"` and `"1"`.
//! - Integers are read from strings of digits and from decimals without a fraction; strings from
//!   integers; lists from a lone string or number. Prices and other decimals are read from numbers
//!   only.
//! - Enumerations stay integers, so that unknown values are no errors; [`list`] names the known.
//! - Unknown members are dropped; `ext` is kept by value.
//! - Refused are: a required member that is missing, a member that stands twice, an array for an
//!   object, nesting beyond [`ext::MAX_DEPTH`] levels, numbers out of range.
//!
//! # What is written
//!
//! The types of the specification: flags as 0 and 1, ids as strings, prices as numbers. Absent
//! members are not written, empty lists are.
//!
//! ```
//! use openrtb::request::BidRequest;
//!
//! let text = r#"{"id":7,"tmax":"200","test":false,"x":1,"imp":[{"id":"1","secure":true}]}"#;
//! let request: BidRequest<'_> = serde_json::from_str(text)?;
//! assert_eq!(
//!     serde_json::to_string(&request)?,
//!     r#"{"id":"7","imp":[{"id":"1","secure":1}],"test":0,"tmax":200}"#
//! );
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! An answer is built from literals:
//!
//! ```
//! use openrtb::list::markup;
//! use openrtb::response::{Bid, BidResponse, SeatBid};
//!
//! let bid = Bid {
//!     id: "b1".into(),
//!     impid: "1".into(),
//!     price: Some(9.25),
//!     dur: Some(30),
//!     mtype: Some(markup::VIDEO),
//!     ..Bid::default()
//! };
//! let seat = SeatBid { seat: Some("acme".into()), bid: vec![bid], ..SeatBid::default() };
//! let response = BidResponse {
//!     id: Some("r1".into()),
//!     seatbid: Some(vec![seat]),
//!     ..BidResponse::default()
//! };
//! assert!(!response.is_no_bid());
//! # let text = serde_json::to_string(&response)?;
//! # assert_eq!(serde_json::from_str::<BidResponse<'_>>(&text)?, response);
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! Objects can stand in a type of another protocol, still borrowed:
//!
//! ```
//! use openrtb::content::Content;
//!
//! #[derive(serde::Deserialize)]
//! struct Break<'a> {
//!     #[serde(borrow)]
//!     content: Option<Content<'a>>,
//! }
//!
//! let text = r#"{"content":{"title":"Cup Final","realtime":1}}"#;
//! let ad_break: Break<'_> = serde_json::from_str(text)?;
//! assert_eq!(ad_break.content.and_then(|content| content.realtime), Some(true));
//! # Ok::<(), serde_json::Error>(())
//! ```

#![warn(missing_docs)]

#[macro_use]
mod object;
mod wire;

pub mod audio;
pub mod banner;
pub mod content;
pub mod deal;
pub mod device;
pub mod dsa;
pub mod ext;
pub mod imp;
pub mod inventory;
pub mod list;
pub mod non_bid;
pub mod regs;
pub mod request;
pub mod response;
pub mod source;
pub mod user;
pub mod video;

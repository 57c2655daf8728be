//! Names of things, a type each, so that a seat is never passed for a bidder.
//!
//! Text ids are shared (`Arc<str>`), since every record, metric and answer repeats them. The
//! only source of new ids is `io::entropy`.

use std::fmt;
use std::sync::Arc;

/// Declares text ids; a function cannot make types.
macro_rules! text_ids {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Wraps a text that the border has checked.
            pub fn new(text: impl Into<Arc<str>>) -> Self {
                Self(text.into())
            }

            /// Returns the text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    )+};
}

text_ids! {
    /// Who sells.
    PublisherId;
    /// A publisher's named inventory; `tagid` on the wire.
    PlacementId;
    /// An endpoint we call.
    BidderId;
    /// A buyer behind a bidder; `seatbid.seat` on the wire.
    SeatId;
    /// Private terms between a publisher and seats.
    DealId;
    /// An ad break of one stream.
    BreakId;
    /// A live stream.
    StreamId;
    /// One viewer's playback, opaque, as the publisher names it.
    SessionId;
    /// The offer of a slot, or of a stretch of a pod.
    ImpId;
    /// A bidder's own name for its bid.
    BidId;
    /// A bidder's own name for its creative; `crid` on the wire.
    CreativeId;
}

/// One auction, a UUID of version 7; its text is `auc_` and 32 lowercase hex digits.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct AuctionId([u8; 16]);

impl AuctionId {
    /// Wraps the 16 bytes of a UUID.
    #[must_use]
    pub fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Returns the 16 bytes of the UUID.
    #[must_use]
    pub fn bytes(self) -> [u8; 16] {
        self.0
    }

    /// Reads the text form; the prefix `auc_` may be missing.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix("auc_").unwrap_or(text);
        if digits.len() != 32 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        u128::from_str_radix(digits, 16).ok().map(|number| Self(number.to_be_bytes()))
    }
}

impl fmt::Display for AuctionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // By hand: every sale writes it many times, and a padded number of 128 bits takes long.
        let mut text = *b"auc_00000000000000000000000000000000";
        for (pair, byte) in text[4..].chunks_exact_mut(2).zip(self.0) {
            pair[0] = HEX[usize::from(byte >> 4)];
            pair[1] = HEX[usize::from(byte & 15)];
        }
        f.write_str(std::str::from_utf8(&text).expect("digits are ASCII"))
    }
}

impl fmt::Debug for AuctionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

const HEX: &[u8; 16] = b"0123456789abcdef";

//! A chain of Wrappers, from a bid's markup to the one ad behind it (decision 10).
//!
//! It says where the next document is and, once that has come, what it was. Fetching is the
//! caller's. `compose` merges what each hop wants called into one document, outermost first.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::model::bid::{Bid, Reply};
use crate::model::ids::AuctionId;
use crate::model::market::Bidder;
use crate::model::reason::LossReason;
use crate::wire::macros::{self, Budget, Place, Values};
use crate::wire::notice;
use crate::wire::vast::read;
use crate::wire::vast::tree::{self, Element, Tree};

mod compose;

/// The most Wrappers of a chain; also the most documents fetched for a bid.
pub const MAX_DEPTH: usize = 5;

/// The longest document that a chain may become, in bytes: what a bid may bring itself.
pub const MAX_COMPOSED: usize = 64 * 1024;

/// A chain that is being followed.
#[derive(Debug)]
pub struct Chain {
    bidder: Arc<Bidder>,
    values: Values<'static>,
    cache_buster: String,
    /// The addresses that were given out.
    given: Vec<String>,
    /// One Wrapper that wants called what all so far want called.
    gathered: String,
    /// Whether the innermost Wrapper lets another one follow.
    may_go_on: bool,
}

/// What comes next.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Step {
    /// The document at this address, which was checked as a bidder's address.
    Fetch(String),
    /// Nothing: this is the ad, `InLine`, with all that the chain wants called.
    Ad(String),
}

/// Why a chain leads to no ad.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fault {
    /// An address breaks the rules for addresses that bidders supply.
    Address,
    /// More than `MAX_DEPTH` Wrappers, a circle, or one Wrapper more than the last allowed.
    Depth,
    /// The chain would become longer than `MAX_COMPOSED`.
    Size,
    /// A document is none that can be used, for this reason.
    Document(LossReason),
}

impl Fault {
    /// Returns the reason for which the bid is refused.
    #[must_use]
    pub fn reason(self) -> LossReason {
        match self {
            Self::Address | Self::Depth | Self::Size => LossReason::WrapperRefused,
            Self::Document(reason) => reason,
        }
    }
}

impl Chain {
    /// Begins with the markup of a bid; returns the chain and the first address.
    ///
    /// # Errors
    ///
    /// When the markup is no Wrapper, or its address may not be called.
    pub fn begin(
        auction: AuctionId,
        reply: &Reply,
        bid: &Bid,
        bidder: &Arc<Bidder>,
    ) -> Result<(Self, String), Fault> {
        let markup = &*bid.creative.markup;
        let mut chain = Self {
            bidder: Arc::clone(bidder),
            values: Values::of(auction, reply, bid).into_owned(),
            cache_buster: cache_buster(auction, bid),
            given: Vec::new(),
            gathered: String::new(),
            may_go_on: true,
        };
        let tree = parse(markup)?;
        let wrapper = match read::parts(&tree) {
            Ok(_) => return Err(Fault::Document(LossReason::WrapperRefused)),
            Err(reason) => wrapper(&tree, reason)?,
        };
        let address = chain.address(wrapper)?;
        markup.clone_into(&mut chain.gathered);
        Ok((chain, address))
    }

    /// Takes the document at the last address.
    ///
    /// # Errors
    ///
    /// When no ad can come of it.
    pub fn step(&mut self, document: &[u8]) -> Result<Step, Fault> {
        let document =
            str::from_utf8(document).map_err(|_| Fault::Document(LossReason::MarkupBroken))?;
        if document.trim().is_empty() {
            return Err(Fault::Document(LossReason::MarkupMissing));
        }
        let inner = parse(document)?;
        let gathered = std::mem::take(&mut self.gathered);
        let outer = parse(&gathered)?;
        match read::parts(&inner) {
            Ok(parts) => Ok(Step::Ad(short(compose::inline(&outer, inner.root(), parts))?)),
            Err(reason) => {
                let wrapper = wrapper(&inner, reason)?;
                if !self.may_go_on {
                    return Err(Fault::Depth);
                }
                let address = self.address(wrapper)?;
                self.gathered = short(compose::wrapper(&outer, inner.root(), wrapper))?;
                Ok(Step::Fetch(address))
            }
        }
    }

    /// Returns where a Wrapper leads, macros filled, and notes that it was given out.
    fn address(&mut self, wrapper: Element<'_, '_>) -> Result<String, Fault> {
        if self.given.len() == MAX_DEPTH {
            return Err(Fault::Depth);
        }
        self.may_go_on = !wrapper
            .attribute("followAdditionalWrappers")
            .is_some_and(|value| matches!(value.trim(), "false" | "0"));
        let url = wrapper.child("VASTAdTagURI").map(Element::text).unwrap_or_default();
        if url.is_empty() {
            return Err(Fault::Document(LossReason::MarkupBroken));
        }
        let lawful = |url: &str| notice::check_url(url, &self.bidder).map_err(|_| Fault::Address);
        lawful(&url)?;
        let filled = macros::substitute(&url, &self.values, Place::Url, &mut Budget::full());
        let filled = filled.map_err(|_| Fault::Address)?;
        let filled = fill_brackets(&filled, &self.cache_buster);
        lawful(&filled)?;
        if self.given.contains(&filled) {
            return Err(Fault::Depth);
        }
        self.given.push(filled.clone());
        Ok(filled)
    }
}

fn parse(document: &str) -> Result<Tree<'_>, Fault> {
    tree::parse(document).map_err(|_| Fault::Document(LossReason::MarkupBroken))
}

/// Returns the one Wrapper of a document that has one ad and no `InLine`.
fn wrapper<'t, 'a>(tree: &'t Tree<'a>, reason: LossReason) -> Result<Element<'t, 'a>, Fault> {
    if reason != LossReason::WrapperRefused {
        return Err(Fault::Document(reason));
    }
    let ad = tree.root().child("Ad").ok_or(Fault::Document(LossReason::MarkupBroken))?;
    let mut wrappers = ad.named("Wrapper");
    match (wrappers.next(), wrappers.next(), ad.child("InLine")) {
        (Some(wrapper), None, None) => Ok(wrapper),
        _ => Err(Fault::Document(LossReason::MarkupBroken)),
    }
}

fn short(document: String) -> Result<String, Fault> {
    if MAX_COMPOSED < document.len() { Err(Fault::Size) } else { Ok(document) }
}

/// Fills the macros of VAST in an address that we call ourselves.
///
/// Nothing is told about the viewer: what is not the cache buster is `-1`, VAST's word for unknown.
fn fill_brackets(url: &str, cache_buster: &str) -> String {
    let mut out = String::with_capacity(url.len());
    let mut rest = url;
    while let Some((before, after)) = rest.split_once('[') {
        out.push_str(before);
        let name = after.split(']').next().unwrap_or_default();
        let is_name = name.len() < after.len()
            && name.starts_with(|first: char| first.is_ascii_uppercase())
            && name.bytes().all(|it| it.is_ascii_uppercase() || it.is_ascii_digit() || it == b'_');
        if is_name {
            out.push_str(if name == "CACHEBUSTING" { cache_buster } else { "-1" });
            rest = &after[name.len() + 1..];
        } else {
            out.push('[');
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

/// Returns eight digits that no other bid's addresses hold.
fn cache_buster(auction: AuctionId, bid: &Bid) -> String {
    let hash = Sha256::digest(format!("{auction} {}", bid.id.as_str()));
    let number = hash[..8].iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    format!("{:08}", number % 100_000_000)
}

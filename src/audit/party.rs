//! Who is shown what of an auction (decision 23): a bidder its own, a publisher its own, an auditor
//! all but the viewer.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use crate::model::ids::{BidderId, PublisherId};
use crate::wire::record::disclosed::markup_name;
use crate::wire::record::read::{Record, RecordError};

/// Who is shown something: `bidder:<id>`, `publisher:<id>` or `auditor`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Party {
    /// A bidder of the market.
    Bidder(BidderId),
    /// A publisher.
    Publisher(PublisherId),
    /// Who checks the exchange.
    Auditor,
}

/// A text that names no party.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("neither bidder:<id>, publisher:<id> nor auditor")]
pub struct NoParty;

impl FromStr for Party {
    type Err = NoParty;

    fn from_str(text: &str) -> Result<Self, NoParty> {
        let id = |id: &str| {
            let fits = |it: char| !it.is_control() && !it.is_whitespace();
            // No bidder is called so: its sections would be the publisher's.
            let sound = (1..=MAX_ID).contains(&id.len()) && id.chars().all(fits) && id != "seller";
            sound.then(|| id.to_owned()).ok_or(NoParty)
        };
        match text.split_once(':') {
            Some(("bidder", text)) => Ok(Self::Bidder(BidderId::new(id(text)?))),
            Some(("publisher", text)) => Ok(Self::Publisher(PublisherId::new(id(text)?))),
            None if text == "auditor" => Ok(Self::Auditor),
            _ => Err(NoParty),
        }
    }
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bidder(id) => write!(f, "bidder:{id}"),
            Self::Publisher(id) => write!(f, "publisher:{id}"),
            Self::Auditor => f.write_str("auditor"),
        }
    }
}

/// What a party is shown of an auction.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Share {
    /// These sections, all of them.
    Sections(BTreeSet<String>),
    /// Nothing: it had no part in the auction.
    None,
}

impl Party {
    /// Returns the sections of an auction that the party is shown.
    ///
    /// # Errors
    ///
    /// When a section that says so is missing or not as it should be.
    pub fn share(&self, record: &Record) -> Result<Share, RecordError> {
        let mut names = BTreeSet::from(["head".to_owned(), "outcome".to_owned()]);
        match self {
            Self::Bidder(id) => {
                if !record.bidders().any(|bidder| bidder == id.as_str()) {
                    return Ok(Share::None);
                }
                names.extend(own(record, id)?);
                names.extend(wins(record, id)?.into_iter().map(markup_name));
            }
            Self::Publisher(id) => {
                if *record.asked()?.publisher != *id.as_str() {
                    return Ok(Share::None);
                }
                names.extend(sold(record)?);
            }
            Self::Auditor => {
                names.extend(sold(record)?);
                names.insert("ops".to_owned());
                for bidder in record.bidders() {
                    names.extend(own(record, &BidderId::new(bidder))?);
                }
            }
        }
        Ok(Share::Sections(names))
    }
}

/// Returns the numbers of the markup of a bidder's wins, as its own part tells them.
fn wins(record: &Record, bidder: &BidderId) -> Result<Vec<usize>, RecordError> {
    let fates = record.fates(bidder)?;
    let bids = fates.iter().flat_map(|fates| &fates.bids);
    Ok(bids.filter_map(|bid| Some(bid.fate.as_ref().ok()?.markup)).collect())
}

/// Returns what a bidder alone is shown, but for markup.
fn own(record: &Record, bidder: &BidderId) -> Result<Vec<String>, RecordError> {
    let mut names = vec![format!("bidder:{bidder}")];
    if !record.reply(bidder)?.bids.is_empty() {
        names.push(format!("outcome:{bidder}"));
    }
    Ok(names)
}

/// Returns what the publisher alone is shown.
fn sold(record: &Record) -> Result<Vec<String>, RecordError> {
    let mut names = vec!["seller".to_owned(), "outcome:seller".to_owned()];
    names.extend((1..=record.sales()?.wins.len()).map(markup_name));
    Ok(names)
}

/// The longest id of a party, in bytes.
const MAX_ID: usize = 200;

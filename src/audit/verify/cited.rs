//! The snapshots that records cite: whether they are there and came first, and with `--deep` whether
//! an auction was held on their terms.

use std::collections::BTreeMap;
use std::path::Path;

use crate::audit::lives::{Lives, Snapshot};
use crate::audit::verify::record::Found;
use crate::audit::verify::snapshot::{self, InForce};
use crate::audit::verify::{files, terms};
use crate::audit::walk::{Step, Walk};
use crate::io::journal::{JournalError, Stream};
use crate::model::plan::AuctionInput;
use crate::model::rates::RateSnapshot;
use crate::wire::explain::Asked;
use crate::wire::record::Kind;
use crate::wire::record::read::view::{View, view};
use crate::wire::record::read::{HeadFacts, Record};

/// What was looked up of the snapshots that a stream cites.
#[derive(Default)]
pub(super) struct Citations {
    /// The config looked up last: most auctions cite the same.
    config: Option<(u64, Snapshot)>,
    /// The rates looked up last.
    rates: Option<(u64, Snapshot)>,
    /// Configs as auctions are held against them, by index; none of one that cannot be read, or is
    /// not the one cited.
    configs: BTreeMap<Citation, Option<InForce>>,
    /// The same of rates.
    tables: BTreeMap<Citation, Option<Vec<RateSnapshot>>>,
}

/// Index in the money stream and record root.
type Citation = (u64, [u8; 32]);

impl Citations {
    /// Looks up what a record cites: its config, and the rates where there are any.
    pub(super) fn look_up(
        &mut self,
        stream: Stream,
        record: &View<'_>,
        lives: &mut Lives,
        found: &mut Found<'_>,
    ) -> Result<(), JournalError> {
        let head = record.head();
        if head.config.is_none() && record.kind == Kind::Auction {
            found.here("cfg", "it cites no config".to_owned());
        }
        let both = [(Cited::Config, head.config), (Cited::Rates, head.rates)];
        for (cited, citation) in both {
            let Some((index, root)) = citation else { continue };
            let last = match cited {
                Cited::Config => &mut self.config,
                Cited::Rates => &mut self.rates,
            };
            let known = last.filter(|(at, _)| *at == index).map(|(_, snapshot)| snapshot);
            let snapshot = match known {
                Some(snapshot) => Some(snapshot),
                None => {
                    if stream == Stream::Auction && lives.next() <= index {
                        // The exchange is at work.
                        lives.catch_up(found.data)?;
                    }
                    cited.find(lives, index)
                }
            };
            *last = snapshot.map(|snapshot| (index, snapshot)).or(*last);
            let (field, what) = cited.names();
            match snapshot {
                None if lives.is_lost(index) => {}
                None => {
                    let what = format!("money record {index} is no {what}, or is not there");
                    found.here(field, what);
                }
                Some(snapshot) if snapshot.root != root => {
                    let what = format!("the {what} at money record {index} has another root");
                    found.here(field, what);
                }
                Some(snapshot) if record.at.0.saturating_add(LEEWAY) < snapshot.at.0 => {
                    found.here(field, format!("the {what} at money record {index} came later"));
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// Holds an auction against the config and the rates that it cites. What it cites in vain was
    /// told when it was looked up.
    pub(super) fn compare(
        &mut self,
        head: &HeadFacts,
        asked: &Asked,
        input: &AuctionInput,
        found: &mut Found<'_>,
    ) -> Result<(), JournalError> {
        let Some(citation) = head.config else { return Ok(()) };
        let config = kept(&mut self.configs, citation, found.data, |record| {
            snapshot::read(record.config().ok()?)
        })?;
        let Some(config) = config else { return Ok(()) };
        for what in terms::faults(config, asked, input) {
            found.here("seller", what);
        }
        match head.rates {
            None if config.has_rates => {
                found.here("fx", "the config it cites has rates, and it cites none".to_owned());
            }
            None => {}
            Some(citation) => {
                let rates = kept(&mut self.tables, citation, found.data, |it| it.rates().ok())?;
                let fault = rates.and_then(|rates| terms::rate_fault(rates, input, asked.at));
                if let Some(what) = fault {
                    found.here("seller", what);
                }
            }
        }
        Ok(())
    }
}

/// Returns what is known of a cited record, and reads it when it is cited for the first time.
fn kept<'k, T>(
    known: &'k mut BTreeMap<Citation, Option<T>>,
    citation: Citation,
    data: &Path,
    read: impl FnOnce(&Record) -> Option<T>,
) -> Result<Option<&'k T>, JournalError> {
    if !known.contains_key(&citation) {
        if MOST <= known.len() {
            known.clear();
        }
        let record = money_record(data, citation)?;
        known.insert(citation, record.as_ref().and_then(read));
    }
    Ok(known.get(&citation).and_then(Option::as_ref))
}

/// Reads a record of the money stream; none where it is not the one cited.
fn money_record(data: &Path, (index, root): Citation) -> Result<Option<Record>, JournalError> {
    let mut walk = Walk::from(data, Stream::Money, index)?;
    let Some(Step::Record(frame)) = files::step(&mut walk, Stream::Money)? else {
        return Ok(None);
    };
    let record = view(frame.payload).ok().filter(|it| frame.index == index && it.root == root);
    Ok(record.map(View::into_record))
}

/// A snapshot that a head cites.
#[derive(Clone, Copy)]
enum Cited {
    Config,
    Rates,
}

impl Cited {
    fn find(self, lives: &Lives, index: u64) -> Option<Snapshot> {
        match self {
            Self::Config => lives.config(index),
            Self::Rates => lives.rates(index),
        }
    }

    /// Returns the field of the head, and what it names.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Config => ("cfg", "config"),
            Self::Rates => ("fx", "snapshot of rates"),
        }
    }
}

/// A sale takes its time before the market it is sold in: a reload may come between. In
/// milliseconds.
const LEEWAY: u64 = 10_000;
/// How many snapshots are kept at hand: the last few reloads.
const MOST: usize = 16;

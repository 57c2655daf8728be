//! What the figures of an auction must obey, whatever its bids were: seconds and bids are counted
//! right, fees are those of the schedule, each bid has its fate, and each winner pays what its bid,
//! its deal and its floor say.
//!
//! `verify` holds every record to it and `check` what a party is shown of one: a rule is held where
//! the sections that it compares are there. It reads the few fields it needs, and decides nothing.

use crate::auction::pricing::{clears, pays};
use crate::model::money::Cpm;
use crate::model::outcome::Outcome;
use crate::model::plan::AuctionInput;
use crate::wire::record::decided;
use crate::wire::record::outcome::read::{Counts, OwnWin, Sale, Sales};
use crate::wire::record::prices::{DealTerms, ForSale, Offered, Own, PartTerms, Unpaired};
use crate::wire::record::read::RecordError;
use crate::wire::record::read::view::View;

/// What is wrong with an auction: the section, and why.
pub(super) type Fault = (String, String);

/// What a record says for all to see that have a part in it, read once.
pub(super) struct Told<'a> {
    pub(super) counts: Option<Counts>,
    pub(super) seller: Option<ForSale<'a>>,
    pub(super) sales: Option<Sales<'a>>,
    faults: Vec<Fault>,
}

/// What was found of a record.
struct Figures<'a> {
    told: &'a Told<'a>,
    /// Of each sale, whether a bidder has won it.
    won: Vec<bool>,
    /// Bids of all bidders.
    bids: u64,
    faults: Vec<Fault>,
}

/// Reads what is told of an auction, as far as its sections are there.
pub(super) fn read<'a>(record: &'a View<'_>) -> Told<'a> {
    let mut faults = Vec::new();
    let counts = shown(record.counts(), &mut faults);
    let seller = shown(record.for_sale(), &mut faults);
    let sales = shown(record.sales(), &mut faults);
    Told { counts, seller, sales, faults }
}

/// Takes what is told of an auction from the decision, where its sections are what that gives.
pub(super) fn decided<'a>(input: &'a AuctionInput, outcome: &'a Outcome) -> Told<'a> {
    Told {
        counts: Some(decided::counts(input, outcome)),
        seller: Some(decided::for_sale(&input.plan)),
        sales: Some(decided::sales(input, outcome)),
        faults: Vec::new(),
    }
}

/// Says what is wrong with the figures of an auction's record, as far as its sections are there.
pub(super) fn faults(record: &View<'_>, told: &Told<'_>) -> Vec<Fault> {
    faults_of(record, told, record.own())
}

/// Says what is wrong with the same figures taken from the decision; `told` is its own.
pub(super) fn decided_faults(
    record: &View<'_>,
    told: &Told<'_>,
    input: &AuctionInput,
    outcome: &Outcome,
) -> Vec<Fault> {
    faults_of(record, told, decided::own(input, outcome).map(|(bidder, own)| (bidder, Ok(own))))
}

fn faults_of<'r>(
    record: &View<'_>,
    told: &Told<'_>,
    bidders: impl Iterator<Item = (&'r str, Result<Own<'r>, Unpaired>)>,
) -> Vec<Fault> {
    let won = vec![false; told.sales().len()];
    let mut figures = Figures { told, won, bids: 0, faults: told.faults.clone() };
    if told.seller.as_ref().is_some_and(|it| !it.rates.is_empty()) && record.head().rates.is_none()
    {
        figures.add("fx", "it has rates of exchange, and cites none".to_owned());
    }
    for (bidder, own) in bidders {
        figures.bidder(bidder, own);
    }
    figures.counts();
    figures.sales();
    // Whoever is shown what the exchange did is shown every bidder.
    if record.section("ops").is_some() {
        figures.whole();
    }
    figures.faults
}

impl<'a> Told<'a> {
    /// Returns what was sold.
    pub(super) fn sales(&self) -> &[Sale<'a>] {
        self.sales.as_ref().map_or(&[], |sales| &sales.wins)
    }
}

/// Returns what a section says, and notes one that does not say it.
fn shown<T>(read: Result<T, RecordError>, faults: &mut Vec<Fault>) -> Option<T> {
    match read {
        Ok(read) => Some(read),
        // Another check tells which sections there must be.
        Err(RecordError::Missing(_)) => None,
        Err(RecordError::Content(section)) => {
            faults.push((section.into(), UNREAD.to_owned()));
            None
        }
        Err(other) => {
            faults.push(("sections".to_owned(), other.to_string()));
            None
        }
    }
}

impl Figures<'_> {
    fn add(&mut self, section: impl Into<String>, what: String) {
        self.faults.push((section.into(), what));
    }

    /// Each second is sold, given to a house ad or unfilled, and told of once.
    fn counts(&mut self) {
        let told = self.told;
        let Some(Counts { house, sold, total, unfilled, .. }) = told.counts else { return };
        let parts = [sold, house, unfilled].map(|seconds| u64::from(seconds.0)).iter().sum();
        let total = u64::from(total.0);
        let mut equal = |what: &str, counted: u64, told: u64| {
            if counted != told {
                let what = format!("it counts {counted} s {what}, and they are {told} s");
                self.faults.push((COUNTS.to_owned(), what));
            }
        };
        equal("in all", total, parts);
        if let Some(seller) = &told.seller {
            equal("for sale", total, seller.seconds);
        }
        let Some(sales) = &told.sales else { return };
        equal("sold", u64::from(sold.0), sum(sales.wins.iter().map(|sale| sale.seconds.0)));
        equal("of house ads", u64::from(house.0), sales.house);
        let reasons = sales.unfilled.iter().map(|(seconds, _)| seconds.0);
        equal("unfilled", u64::from(unfilled.0), sum(reasons));
    }

    /// Fees are those of the schedule, and with the net they are the clearing price.
    fn sales(&mut self) {
        for sale in self.told.sales() {
            if let Some(what) = self.fee_fault(sale).or_else(|| self.floor_fault(sale)) {
                self.add(SALES, format!("ad {}: {what}", sale.sequence));
            }
        }
    }

    fn fee_fault(&self, sale: &Sale<'_>) -> Option<String> {
        let clearing = sale.clearing;
        let amounts = sale.fees.iter().map(|(_, fee)| fee).chain([&sale.net]);
        if amounts.map(|it| i128::from(it.micros())).sum::<i128>() != i128::from(clearing.micros())
        {
            return Some("net and fees are not the clearing price".to_owned());
        }
        let schedule = &self.told.seller.as_ref()?.fees;
        if !sale.fees.iter().map(|(name, _)| name).eq(schedule.iter().map(|(name, _)| name)) {
            return Some("its fees are not those of the schedule".to_owned());
        }
        let mut fees = sale.fees.iter().zip(schedule);
        fees.find_map(|((name, amount), (_, ppm))| {
            let fee = clearing.share(*ppm);
            let wrong = format_args!("fee {name:?} is {amount}, and {ppm} ppm are {fee}");
            (fee != *amount).then(|| wrong.to_string())
        })
    }

    /// Where the bid is not shown, the lowest floor is held that it may have had.
    fn floor_fault(&self, sale: &Sale<'_>) -> Option<String> {
        let Some(part) = self.told.seller.as_ref()?.parts.get(sale.part) else {
            return Some(format!("there is no part {}", sale.part));
        };
        let own = part.deals.iter().filter_map(|deal| deal.floor.as_ref());
        let floor = own.chain([&part.floor]).map(|floor| floor.at(sale.seconds)).min()?;
        (sale.clearing < floor).then(|| format!("it clears below its floor of {floor}"))
    }

    /// Each bid has its fate, and each winner pays what it must.
    fn bidder(&mut self, bidder: &str, own: Result<Own<'_>, Unpaired>) {
        let fates = || [OUTCOME_OF, bidder].concat();
        let own = match own {
            Ok(own) => own,
            Err(Unpaired::Bids) => {
                return self.add(["bidder:", bidder].concat(), UNREAD.to_owned());
            }
            Err(Unpaired::Fates) => return self.add(fates(), UNREAD.to_owned()),
            Err(Unpaired::Count) => {
                return self.add(fates(), "it has not one fate for each bid".to_owned());
            }
        };
        self.bids = self.bids.saturating_add(own.count);
        if let Some(bid) = &own.misnamed {
            self.add(fates(), format!("the fate of bid {bid} names another bid or imp"));
        }
        for (bid, win) in &own.wins {
            let fault =
                self.pay_fault(&own, bid, win).or_else(|| self.sale_fault(bidder, bid, win));
            if let Some(what) = fault {
                self.add(fates(), format!("bid {}: {what}", bid.id));
            }
        }
    }

    /// Says what is wrong with what a winner pays.
    fn pay_fault(&self, own: &Own<'_>, bid: &Offered<'_>, win: &OwnWin) -> Option<String> {
        let Some(price) = bid.price else { return Some("it won without a price".to_owned()) };
        let off = win.off.map_or(Cpm::ZERO, |(_, off)| off);
        if let Some((ppm, off)) = win.off.filter(|(ppm, off)| price.share(*ppm) != *off) {
            let right = price.share(ppm);
            return Some(format!("its discount is {off}, and {ppm} ppm of its price are {right}"));
        }
        let left = price.micros().checked_sub(off.micros()).and_then(Cpm::from_micros);
        let left = left.filter(|left| win.pay <= *left);
        let Some(left) = left else { return Some("it pays more than it bid".to_owned()) };
        if bid.seconds != Some(win.seconds) {
            return Some(format!("it is sold as {} s, and bid for other", win.seconds.0));
        }
        let same = bid.currency == own.currency;
        let Some(seller) = &self.told.seller else {
            let what = || format!("it pays {}, and clears at {}", win.pay, win.clearing);
            return (same && win.pay != win.clearing).then(what);
        };
        if seller.currency != own.currency {
            let (told, own) = (seller.currency, own.currency);
            return Some(format!("it is told of prices in {own}, and the auction's are in {told}"));
        }
        let rate = seller.rates.iter().find(|rate| !same && rate.from == bid.currency).copied();
        let offered = match rate {
            Some(rate) => rate.bid(left),
            None if same => left,
            None => return Some(format!("it bid in {}, without a rate", bid.currency)),
        };
        let Some(part) = seller.parts.get(win.part) else {
            return Some(format!("there is no part {}", win.part));
        };
        term_fault(seller, part, bid, win, offered).or_else(|| {
            let pay = pays(left, offered, win.clearing, rate);
            (win.pay != pay).then(|| format!("it pays {}, and should pay {pay}", win.pay))
        })
    }

    /// Says what the seller is told otherwise of a win.
    fn sale_fault(&mut self, bidder: &str, bid: &Offered<'_>, win: &OwnWin) -> Option<String> {
        self.told.sales.as_ref()?;
        let sales = self.told.sales();
        let place = win.markup.checked_sub(1);
        let sale = place.and_then(|place| Some((sales.get(place)?, self.won.get_mut(place)?)));
        let Some((sale, won)) =
            sale.filter(|(sale, _)| sale.bidder == bidder && sale.bid == bid.id)
        else {
            return Some(format!("sale {} is not its own", win.markup));
        };
        if std::mem::replace(won, true) {
            return Some(format!("sale {} is another bid's, too", win.markup));
        }
        if win.clearing != sale.clearing {
            return Some("bidder and seller are told different clearing prices".to_owned());
        }
        let own = (win.part, win.sequence, win.seconds, win.start, win.length);
        let told = (sale.part, sale.sequence, sale.seconds, sale.start, sale.length);
        (own != told).then(|| "bidder and seller are told different places or lengths".to_owned())
    }

    /// Holds what every bidder is told together against the rest.
    fn whole(&mut self) {
        let bids = self.bids;
        if let Some(counts) = self.told.counts.filter(|counts| counts.bids != bids) {
            self.add(COUNTS, format!("it counts {} bids, and there are {bids}", counts.bids));
        }
        if let Some(place) = self.won.iter().position(|won| !won) {
            self.add(SALES, format!("sale {} is no bidder's", place + 1));
        }
    }
}

/// Says what is wrong with a clearing price: its deal, its floor, or how such prices are found.
fn term_fault(
    seller: &ForSale<'_>,
    part: &PartTerms<'_>,
    bid: &Offered<'_>,
    win: &OwnWin,
    offered: Cpm,
) -> Option<String> {
    let deal = bid.deal.as_ref().map(|id| part.deals.iter().find(|deal| deal.id == *id));
    if deal == Some(None) {
        return Some("it names a deal that its part has not".to_owned());
    }
    let deal: Option<&DealTerms<'_>> = deal.flatten();
    let agreed = deal.map(|deal| deal.discount_ppm).filter(|ppm| *ppm != 0);
    if win.off.map(|(ppm, _)| ppm) != agreed {
        return Some("its discount is not that of its deal".to_owned());
    }
    let floor = deal.and_then(|deal| deal.floor.as_ref()).unwrap_or(&part.floor).at(win.seconds);
    let clearing = win.clearing;
    if clearing < floor {
        return Some(format!("it clears below its floor of {floor}"));
    }
    let pricing = deal.map_or(seller.pricing, |deal| deal.pricing);
    let right = clears(pricing, floor, offered, clearing);
    let wrong = || format!("it clears at {clearing}, and its bid and pricing give {right}");
    (right != clearing).then(wrong)
}

fn sum(seconds: impl Iterator<Item = u32>) -> u64 {
    seconds.map(u64::from).sum()
}

const COUNTS: &str = "outcome";
const OUTCOME_OF: &str = "outcome:";
const SALES: &str = "outcome:seller";
const UNREAD: &str = "it holds what it must not, or is missing";

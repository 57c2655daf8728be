//! Our calls out to bidders: which are due, with macros filled, and where they may go.
//!
//! Rules 1 to 3 for addresses that bidders supply are here, on the text and on the parsed URL; the
//! rules on resolved addresses are `io::notifier`'s.

use std::net::{IpAddr, Ipv4Addr};

use url::{Host, Url};

use crate::model::bid::{Bid, Reply};
use crate::model::ids::{BidId, BidderId};
use crate::model::market::Bidder;
use crate::model::money::Cpm;
use crate::model::outcome::{BidRef, Fate, Outcome};
use crate::model::plan::AuctionInput;
use crate::model::reason::LossReason;
use crate::wire::domain;
use crate::wire::macros::{self, Budget, Place, Values};

/// The longest address that a bidder may supply, in bytes, before macros are filled.
pub const MAX_URL: usize = 4096;

/// One call to make, once.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Notice {
    /// Who is told.
    pub bidder: BidderId,
    /// Of which of its bids.
    pub bid: BidId,
    /// What it is told.
    pub kind: NoticeKind,
    /// The address, macros filled, as a URL parser writes it.
    pub url: String,
    /// The market of the auction lifts the rules on what the address resolves to (decision 35).
    pub allow_loopback: bool,
}

/// What a notice tells.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NoticeKind {
    /// `nurl`: the bid won.
    Win,
    /// `lurl`: the bid lost.
    Loss,
}

/// The rule that an address of a bidder breaks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NoticeRule {
    /// Longer than `MAX_URL`.
    TooLong,
    /// A control character, white space or a backslash.
    Characters,
    /// A macro before the path: it could name any host.
    EarlyMacro,
    /// Not an absolute URL.
    Unparsable,
    /// Not https, nor http where that is allowed.
    Scheme,
    /// A user name or password.
    UserPart,
    /// Another port than the scheme's own.
    Port,
    /// An IP address in place of a name.
    LiteralHost,
    /// A host name with letters outside `[a-z0-9.-]`.
    HostCharacters,
    /// A host that is not the bidder's.
    ForeignHost,
}

/// Checks an address that a bidder supplied.
///
/// `allow_loopback` lifts the rules on scheme, port and literal host: then `localhost`, loopback
/// addresses and whatever is registered in the bidder's `domains` will do.
///
/// # Errors
///
/// The first rule it breaks.
pub fn check_url(url: &str, bidder: &Bidder) -> Result<(), NoticeRule> {
    if MAX_URL < url.len() {
        return Err(NoticeRule::TooLong);
    }
    let odd = |letter: char| letter.is_control() || letter.is_whitespace() || letter == '\\';
    // A fold without an early end, since the compiler makes wide instructions of it.
    let perhaps = |byte: u8| !(b'!'..=b'~').contains(&byte) || byte == b'\\';
    if url.bytes().fold(false, |found, byte| found | perhaps(byte)) && url.contains(odd) {
        return Err(NoticeRule::Characters);
    }
    let (_, after) = url.split_once("://").ok_or(NoticeRule::Unparsable)?;
    let authority = after.split('/').next().unwrap_or_default();
    let scheme = &url[..url.len() - after.len()];
    if authority.contains("${") || scheme.contains("${") {
        return Err(NoticeRule::EarlyMacro);
    }
    if is_plain(url, bidder) {
        return Ok(());
    }
    parsed(url, bidder).map(drop)
}

/// Says whether an address keeps the rules of `parsed`, as far as that shows without parsing it:
/// nothing behind a plain host and port makes an address unparsable.
///
/// A bidder's answer names three addresses a bid, and few of them are ever called.
fn is_plain(url: &str, bidder: &Bidder) -> bool {
    let (after, own_port) = match url.strip_prefix("https://") {
        Some(after) => (after, "443"),
        None if bidder.allow_loopback => match url.strip_prefix("http://") {
            Some(after) => (after, "80"),
            None => return false,
        },
        None => return false,
    };
    let end = after.bytes().position(|byte| matches!(byte, b'/' | b'?' | b'#'));
    let authority = end.map_or(after, |end| &after[..end]);
    let host = match authority.split_once(':') {
        Some((host, port)) if port == own_port => host,
        Some((host, port)) if bidder.allow_loopback => {
            let digits = port.bytes().all(|byte| byte.is_ascii_digit());
            if !digits || port.parse::<u16>().is_err() {
                return false;
            }
            host
        }
        Some(_) => return false,
        None => authority,
    };
    match host.parse::<Ipv4Addr>() {
        Ok(address) => literal(address.into(), bidder).is_ok(),
        Err(_) => domain::is_plain(host) && is_ours(host, bidder).is_ok(),
    }
}

/// Returns the win notices of an auction, in play order.
///
/// A notice whose macros are too many or grow too much is dropped, as is one that is no longer a
/// legal address with its macros filled.
#[must_use]
pub fn wins(input: &AuctionInput, outcome: &Outcome) -> Vec<Notice> {
    let mut notices = Vec::new();
    for win in &outcome.wins {
        let Some((reply, bid)) = bid(input, win.bid.reply, win.bid.bid) else { continue };
        let Some(url) = bid.creative.win_url.as_deref() else { continue };
        let values = Values::of(input.draw.auction, reply, bid).won(bid, win);
        notices.extend(notice(input, (reply, bid), NoticeKind::Win, url, &values));
    }
    notices
}

/// Returns the loss notices of an auction, in the order of its replies.
///
/// A loser is told its reason and, of `minimums`, what would have tied; where that is not known or
/// price was not the reason, the macro is empty. Of what came after the most bids no address is
/// kept: its bidder is not called hundreds of times for a response that was too long.
#[must_use]
pub fn losses(
    input: &AuctionInput,
    outcome: &Outcome,
    minimums: &[Vec<Option<Cpm>>],
) -> Vec<Notice> {
    let mut notices = Vec::new();
    for (at, reason, url) in losers(input, outcome) {
        let Some((reply, bid)) = bid(input, at.reply, at.bid) else { continue };
        let known = minimums.get(at.reply).and_then(|bids| bids.get(at.bid));
        let needed = known.copied().flatten();
        let values = Values::of(input.draw.auction, reply, bid).lost(reason, needed);
        notices.extend(notice(input, (reply, bid), NoticeKind::Loss, url, &values));
    }
    notices
}

/// Says whether any loser asks in its `lurl` what would have won: only then is it worth knowing.
#[must_use]
pub fn asks_minimums(input: &AuctionInput, outcome: &Outcome) -> bool {
    losers(input, outcome).any(|(_, _, url)| macros::asks_min_to_win(url))
}

impl NoticeRule {
    /// Returns its name in logs and cases.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::TooLong => "too_long",
            Self::Characters => "characters",
            Self::EarlyMacro => "early_macro",
            Self::Unparsable => "unparsable",
            Self::Scheme => "scheme",
            Self::UserPart => "user_part",
            Self::Port => "port",
            Self::LiteralHost => "literal_host",
            Self::HostCharacters => "host_characters",
            Self::ForeignHost => "foreign_host",
        }
    }
}

/// Returns each lost bid that has a `lurl`, with its reason, in the order of the replies.
fn losers<'a>(
    input: &'a AuctionInput,
    outcome: &'a Outcome,
) -> impl Iterator<Item = (BidRef, LossReason, &'a str)> {
    let replies = input.replies.iter().zip(&outcome.fates).enumerate();
    replies.flat_map(|(reply, (answer, fates))| {
        let bids = answer.bids.iter().zip(fates).enumerate();
        bids.filter_map(move |(bid, (offer, fate))| match fate {
            Fate::Won(_) => None,
            Fate::Lost(reason) => {
                let url = offer.creative.loss_url.as_deref()?;
                Some((BidRef { reply, bid }, *reason, url))
            }
        })
    })
}

fn bid(input: &AuctionInput, reply: usize, bid: usize) -> Option<(&Reply, &Bid)> {
    let reply = input.replies.get(reply)?;
    Some((reply, reply.bids.get(bid)?))
}

fn notice(
    input: &AuctionInput,
    (reply, bid): (&Reply, &Bid),
    kind: NoticeKind,
    url: &str,
    values: &Values<'_>,
) -> Option<Notice> {
    let filled = macros::substitute(url, values, Place::Url, &mut Budget::full()).ok()?;
    // What is called is what was checked: the filled address, as the parser writes it.
    let bidder = &input.offer(reply)?.bidder;
    let url = parsed(&filled, bidder).ok()?.into();
    let allow_loopback = bidder.allow_loopback;
    Some(Notice { bidder: bidder.id.clone(), bid: bid.id.clone(), kind, url, allow_loopback })
}

/// Parses an address and checks all that only the parsed form can show.
fn parsed(url: &str, bidder: &Bidder) -> Result<Url, NoticeRule> {
    let url = Url::parse(url).map_err(|_| NoticeRule::Unparsable)?;
    let own_port = match url.scheme() {
        "https" => 443,
        "http" if bidder.allow_loopback => 80,
        _ => return Err(NoticeRule::Scheme),
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err(NoticeRule::UserPart);
    }
    if url.port_or_known_default() != Some(own_port) && !bidder.allow_loopback {
        return Err(NoticeRule::Port);
    }
    match url.host() {
        Some(Host::Domain(host)) => is_ours(host, bidder)?,
        Some(Host::Ipv4(address)) => literal(address.into(), bidder)?,
        Some(Host::Ipv6(address)) => literal(address.into(), bidder)?,
        None => return Err(NoticeRule::Unparsable),
    }
    Ok(url)
}

fn is_ours(host: &str, bidder: &Bidder) -> Result<(), NoticeRule> {
    let host = host.strip_suffix('.').unwrap_or(host);
    let plain = |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    if !host.bytes().all(|letter| plain(letter) || matches!(letter, b'.' | b'-')) {
        return Err(NoticeRule::HostCharacters);
    }
    let below = |domain: &str| {
        host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    let loopback = bidder.allow_loopback && host == "localhost";
    let own = bidder.domains.iter().any(|domain| !domain.is_empty() && below(domain));
    if own || loopback { Ok(()) } else { Err(NoticeRule::ForeignHost) }
}

fn literal(address: IpAddr, bidder: &Bidder) -> Result<(), NoticeRule> {
    if !bidder.allow_loopback {
        return Err(NoticeRule::LiteralHost);
    }
    let registered = |text: String| bidder.domains.iter().any(|domain| **domain == *text);
    if address.is_loopback() || registered(address.to_string()) {
        Ok(())
    } else {
        Err(NoticeRule::ForeignHost)
    }
}

#[cfg(test)]
mod tests;

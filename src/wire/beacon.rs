//! The sealed token of a beacon address (decision 42).
//!
//! It carries all that booking an impression needs, so that any node can book it without a lookup,
//! and neither publisher nor player reads a price. Whether it is the first use of its key is the
//! money journal's to say.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use sha2::{Digest, Sha256};

use crate::model::ids::{AuctionId, BidId, BidderId, DealId, PublisherId, SeatId};
use crate::model::money::{Amount, Currency};
use crate::model::time::{Millis, UnixMillis};

/// The longest token that is looked at, in characters.
pub const MAX_TOKEN: usize = 1024;

/// How long after its expiry a token still counts: clocks differ.
pub const GRACE: Millis = Millis(60_000);

/// The longest a token may have left to live.
pub const MAX_LIFE: Millis = Millis(24 * 3_600_000);

/// What a beacon reports.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Kind {
    /// The ad began: the billable event.
    Impression,
    /// `start`.
    Start,
    /// `firstQuartile`.
    FirstQuartile,
    /// `midpoint`.
    Midpoint,
    /// `thirdQuartile`.
    ThirdQuartile,
    /// `complete`.
    Complete,
    /// The viewer clicked.
    Click,
    /// The player could not play it.
    Error,
}

/// What a token says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Token {
    /// What happened.
    pub kind: Kind,
    /// When it stops counting, in seconds since 1970.
    pub expiry_s: u32,
    /// In which auction the ad was sold.
    pub auction: AuctionId,
    /// The ad's place in the pod, from 1.
    pub slot: u16,
    /// What one impression costs, gross.
    pub price: Amount,
    /// The currency of `price`.
    pub currency: Currency,
    /// The fee schedule that splits the price, as `schedule` names it.
    pub fees: [u8; 8],
    /// Who pays.
    pub bidder: BidderId,
    /// The seat that bought.
    pub seat: Option<SeatId>,
    /// Who is paid.
    pub publisher: PublisherId,
    /// The deal it was sold under.
    pub deal: Option<DealId>,
    /// The bid that won.
    pub bid: BidId,
}

/// What all tokens of one ad say: those of its kinds differ in nothing else.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Claims<'a> {
    /// When they stop counting, in seconds since 1970.
    pub expiry_s: u32,
    /// In which auction the ad was sold.
    pub auction: AuctionId,
    /// The ad's place in the pod, from 1.
    pub slot: u16,
    /// What one impression costs, gross.
    pub price: Amount,
    /// The currency of `price`.
    pub currency: Currency,
    /// The fee schedule that splits the price, as `schedule` names it.
    pub fees: [u8; 8],
    /// Who pays.
    pub bidder: &'a BidderId,
    /// The seat that bought.
    pub seat: Option<&'a SeatId>,
    /// Who is paid.
    pub publisher: &'a PublisherId,
    /// The deal it was sold under.
    pub deal: Option<&'a DealId>,
    /// The bid that won.
    pub bid: &'a BidId,
}

/// Why a token does not count.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BeaconError {
    /// It is not a token of this version.
    #[error("beacon token: not one of ours")]
    Malformed,
    /// None of our keys opens it; the text is that of `Malformed`, so that it tells nothing.
    #[error("beacon token: not one of ours")]
    Forged,
    /// It came after its expiry and grace.
    #[error("beacon token: expired")]
    Expired,
}

/// The keys that seal and open tokens: one seals, all open.
pub struct Keyring {
    current: u8,
    keys: Vec<(u8, LessSafeKey)>,
}

impl Keyring {
    /// Returns a keyring; `older` keys only open. Of two keys with one id the first counts.
    #[must_use]
    pub fn new(current: (u8, [u8; 32]), older: Vec<(u8, [u8; 32])>) -> Self {
        let id = current.0;
        let cipher = |key: [u8; 32]| {
            let key = UnboundKey::new(&CHACHA20_POLY1305, &key).expect("the cipher takes 32 bytes");
            LessSafeKey::new(key)
        };
        let keys = std::iter::once(current).chain(older);
        Self { current: id, keys: keys.map(|(id, key)| (id, cipher(key))).collect() }
    }

    fn key(&self, id: u8) -> Option<&LessSafeKey> {
        self.keys.iter().find(|(other, _)| *other == id).map(|(_, key)| key)
    }
}

/// Shows which keys there are, never the keys.
impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ids: Vec<u8> = self.keys.iter().map(|(id, _)| *id).collect();
        f.debug_struct("Keyring").field("current", &self.current).field("ids", &ids).finish()
    }
}

/// Seals the tokens of an auction, ad by ad.
///
/// What can be prepared once is: the keyed state of the nonces, the bytes that the tokens of an ad
/// share, and the memory they are sealed in.
pub struct Sealer<'k> {
    id: u8,
    key: &'k LessSafeKey,
    /// Keyed; a nonce begins with a copy.
    nonces: Hmac<Sha256>,
    slot: u16,
    /// What the tokens of the ad say, the kind left open.
    body: Vec<u8>,
    /// The token that is being sealed.
    token: Vec<u8>,
}

impl<'k> Sealer<'k> {
    /// Returns a sealer with the keyring's current key. The nonces of tokens come from `nonce_key`,
    /// slot and kind, so the key must be the auction's own.
    #[must_use]
    pub fn new(keyring: &'k Keyring, nonce_key: &[u8; 32]) -> Self {
        let key = keyring.key(keyring.current).expect("a keyring holds its current key");
        let nonces = <Hmac<Sha256> as Mac>::new_from_slice(nonce_key);
        let nonces = nonces.expect("HMAC takes a key of any length");
        let (body, token) = (Vec::with_capacity(ROOM), Vec::with_capacity(ROOM));
        Self { id: keyring.current, key, nonces, slot: 0, body, token }
    }

    /// Takes up the next ad: no two of an auction have the same slot.
    pub fn turn_to(&mut self, claims: &Claims<'_>) {
        self.slot = claims.slot;
        self.body.clear();
        write(claims, &mut self.body);
    }

    /// Returns the length of each of the ad's tokens, in characters.
    #[must_use]
    pub fn token_length(&self) -> usize {
        base64::encoded_len(AROUND + self.body.len(), false).expect("a token is short")
    }

    /// Appends the ad's token of a kind to a text.
    pub fn seal(&mut self, kind: Kind, text: &mut String) {
        let nonce = self.nonce(kind);
        self.seal_with(kind, nonce, text);
    }

    /// Returns the nonce of a token: no two of an auction's share slot and kind.
    fn nonce(&self, kind: Kind) -> [u8; 12] {
        let [high, low] = self.slot.to_be_bytes();
        let digest = self.nonces.clone().chain_update([high, low, kind.code()]).finalize();
        *digest.into_bytes().first_chunk().expect("a SHA-256 has 32 bytes")
    }

    /// Seals a token; the nonce must never serve twice under one key.
    fn seal_with(&mut self, kind: Kind, nonce: [u8; 12], text: &mut String) {
        let (head, token) = ([VERSION, self.id], &mut self.token);
        token.clear();
        for piece in [&head[..], &nonce, &[kind.code()], &self.body] {
            token.extend_from_slice(piece);
        }
        let sealed = &mut token[head.len() + nonce.len()..];
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag = self.key.seal_in_place_separate_tag(nonce, Aad::from(head), sealed);
        token.extend_from_slice(
            tag.expect("a token is far shorter than the cipher's limit").as_ref(),
        );
        URL_SAFE_NO_PAD.encode_string(token, text);
    }
}

/// Opens a token.
///
/// # Errors
///
/// The first that applies of: not a token, not ours, expired.
pub fn open(keyring: &Keyring, text: &str, now: UnixMillis) -> Result<Token, BeaconError> {
    if MAX_TOKEN < text.len() {
        return Err(BeaconError::Malformed);
    }
    let whole = URL_SAFE_NO_PAD.decode(text).map_err(|_| BeaconError::Malformed)?;
    let (head, rest) = whole.split_first_chunk::<2>().ok_or(BeaconError::Malformed)?;
    let (nonce, rest) = rest.split_first_chunk::<12>().ok_or(BeaconError::Malformed)?;
    if rest.len() < TAG || head[0] != VERSION {
        return Err(BeaconError::Malformed);
    }
    let key = keyring.key(head[1]).ok_or(BeaconError::Forged)?;
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let mut rest = rest.to_vec();
    let body = key.open_in_place(nonce, Aad::from(head), &mut rest);
    let body = body.map_err(|_| BeaconError::Forged)?;
    let token = read(body).ok_or(BeaconError::Malformed)?;
    let expiry = UnixMillis(u64::from(token.expiry_s) * 1000);
    if now.plus(MAX_LIFE).plus(GRACE) < expiry {
        return Err(BeaconError::Malformed);
    }
    if expiry.plus(GRACE) < now { Err(BeaconError::Expired) } else { Ok(token) }
}

impl Kind {
    /// All kinds with their codes.
    pub const ALL: [(Self, u8); 8] = [
        (Self::Impression, 1),
        (Self::Start, 2),
        (Self::FirstQuartile, 3),
        (Self::Midpoint, 4),
        (Self::ThirdQuartile, 5),
        (Self::Complete, 6),
        (Self::Click, 16),
        (Self::Error, 17),
    ];

    /// Returns its code in tokens and keys.
    #[must_use]
    pub fn code(self) -> u8 {
        let entry = Self::ALL.iter().find(|(kind, _)| *kind == self);
        entry.expect("the table holds every kind").1
    }

    /// Returns its name in metrics and records.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Impression => "impression",
            Self::Start => "start",
            Self::FirstQuartile => "first_quartile",
            Self::Midpoint => "midpoint",
            Self::ThirdQuartile => "third_quartile",
            Self::Complete => "complete",
            Self::Click => "click",
            Self::Error => "error",
        }
    }
}

/// Writes what stands behind the kind.
fn write(claims: &Claims<'_>, body: &mut Vec<u8>) {
    body.extend(claims.expiry_s.to_be_bytes());
    body.extend(claims.auction.bytes());
    body.extend(claims.slot.to_be_bytes());
    body.extend(claims.price.nanos().to_be_bytes());
    body.extend(claims.currency.bytes());
    body.extend(claims.fees);
    let (seat, deal) =
        (claims.seat.map_or("", SeatId::as_str), claims.deal.map_or("", DealId::as_str));
    let publisher = claims.publisher.as_str();
    for name in [claims.bidder.as_str(), seat, publisher, deal, claims.bid.as_str()] {
        let name = short(name);
        body.push(u8::try_from(name.len()).expect("a short name is at most MAX_NAME bytes"));
        body.extend_from_slice(name.as_bytes());
    }
}

/// Returns a name that fits: one longer than `MAX_NAME` stands as `sha256:` and its digest, so
/// that five of them never make a token longer than `MAX_TOKEN`.
fn short(name: &str) -> Cow<'_, str> {
    if name.len() <= MAX_NAME {
        return Cow::Borrowed(name);
    }
    let digest = Sha256::digest(name);
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    Cow::Owned(format!("sha256:{hex}"))
}

fn read(body: &[u8]) -> Option<Token> {
    let mut rest = body;
    let kind = take::<1>(&mut rest)?[0];
    let kind = Kind::ALL.iter().find(|(_, code)| *code == kind)?.0;
    let expiry_s = u32::from_be_bytes(take(&mut rest)?);
    let auction = AuctionId::new(take(&mut rest)?);
    let slot = u16::from_be_bytes(take(&mut rest)?);
    let price = Amount::from_nanos(i64::from_be_bytes(take(&mut rest)?));
    let currency = Currency::new(std::str::from_utf8(&take::<3>(&mut rest)?).ok()?)?;
    let fees = take(&mut rest)?;
    let bidder = BidderId::new(name(&mut rest)?);
    let seat = Some(name(&mut rest)?).filter(|seat| !seat.is_empty()).map(SeatId::new);
    let publisher = PublisherId::new(name(&mut rest)?);
    let deal = Some(name(&mut rest)?).filter(|deal| !deal.is_empty()).map(DealId::new);
    let bid = BidId::new(name(&mut rest)?);
    let token = Token {
        kind,
        expiry_s,
        auction,
        slot,
        price,
        currency,
        fees,
        bidder,
        seat,
        publisher,
        deal,
        bid,
    };
    rest.is_empty().then_some(token)
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, after) = rest.split_first_chunk::<N>()?;
    *rest = after;
    Some(*taken)
}

fn name<'b>(rest: &mut &'b [u8]) -> Option<&'b str> {
    let length = usize::from(take::<1>(rest)?[0]);
    let (taken, after) = rest.split_at_checked(length)?;
    *rest = after;
    std::str::from_utf8(taken).ok()
}

/// The layout of decision 42.
const VERSION: u8 = 2;

/// The longest name that stands as it is, in bytes.
const MAX_NAME: usize = 128;

/// The cipher's tag, in bytes.
const TAG: usize = 16;

/// What a token has besides its body: version, key id, nonce, kind and tag.
const AROUND: usize = 2 + 12 + 1 + TAG;

/// Room for a token of names as they are, in bytes.
const ROOM: usize = 256;

#[cfg(test)]
mod tests;

//! The published vector, every way to break it, and the clock.

use crate::wire::record::seller::fee_schedule_id;
use std::array::from_fn;

use crate::model::ids::{AuctionId, BidId, BidderId, DealId, PublisherId, SeatId};
use crate::model::money::{Amount, Currency, Fee, FeeSchedule};
use crate::model::time::UnixMillis;
use crate::wire::beacon::{
    BeaconError, Claims, GRACE, Keyring, Kind, MAX_LIFE, MAX_TOKEN, Sealer, Token, open,
};

/// The vector published with the layout.
const VECTOR: &str = "AgdAQUJDREVGR0hJSkv5PSlUUkthPXZVjXz2YTLNpe5QXBH8Q2_-DNJa8uQ6P6P3mHIlT2fwDWcrJgk5i5\
                      yAYmm5ixSgHtvAbQrmlgCeq2QbYspax4QlV3ft";

const EXPIRY: UnixMillis = UnixMillis(1_767_232_800_000);

#[test]
fn the_vector_seals_and_opens() {
    let nonce = from_fn(|at| 0x40 + u8::try_from(at).unwrap());
    assert_eq!(seal(&keyring(), &token(), nonce), VECTOR);
    assert_eq!(open(&keyring(), VECTOR, UnixMillis(EXPIRY.0 - 1)), Ok(token()));
}

#[test]
fn an_older_key_opens_and_never_seals() {
    let rotated = Keyring::new((8, [8; 32]), vec![(7, key())]);
    assert_eq!(open(&rotated, VECTOR, EXPIRY), Ok(token()));
    let sealed = seal(&rotated, &token(), [0; 12]);
    assert_eq!(open(&rotated, &sealed, EXPIRY), Ok(token()));
    assert_eq!(open(&keyring(), &sealed, EXPIRY), Err(BeaconError::Forged));
}

#[test]
fn any_changed_character_is_refused() {
    for at in 0..VECTOR.len() {
        for other in ['A', '_', '=', '+', ' ', 'é'] {
            let mut changed = VECTOR.to_owned();
            changed.replace_range(at..=at, &other.to_string());
            if changed != VECTOR {
                let error = open(&keyring(), &changed, EXPIRY).unwrap_err();
                assert!(matches!(error, BeaconError::Malformed | BeaconError::Forged), "{changed}");
            }
        }
        let error = open(&keyring(), &VECTOR[..at], EXPIRY).unwrap_err();
        assert!(matches!(error, BeaconError::Malformed | BeaconError::Forged), "cut at {at}");
    }
    assert_eq!(open(&keyring(), &format!("{VECTOR}A"), EXPIRY), Err(BeaconError::Malformed));
    let long = "A".repeat(MAX_TOKEN + 1);
    assert_eq!(open(&keyring(), &long, EXPIRY), Err(BeaconError::Malformed));
}

#[test]
fn malformed_and_forged_read_the_same() {
    assert_eq!(BeaconError::Malformed.to_string(), BeaconError::Forged.to_string());
    assert!(!format!("{:?}", keyring()).contains("31"), "no key byte is shown");
}

#[test]
fn a_token_counts_until_its_expiry_and_grace() {
    assert_eq!(open(&keyring(), VECTOR, EXPIRY.plus(GRACE)), Ok(token()));
    let late = UnixMillis(EXPIRY.plus(GRACE).0 + 1);
    assert_eq!(open(&keyring(), VECTOR, late), Err(BeaconError::Expired));
    let early = UnixMillis(EXPIRY.0 - MAX_LIFE.0 - GRACE.0);
    assert_eq!(open(&keyring(), VECTOR, early), Ok(token()));
    let too_early = UnixMillis(early.0 - 1);
    assert_eq!(open(&keyring(), VECTOR, too_early), Err(BeaconError::Malformed));
}

#[test]
fn every_kind_and_the_longest_names_fit() {
    for (kind, code) in Kind::ALL {
        assert_eq!(kind.code(), code);
        let long = "x".repeat(128);
        let token = Token {
            kind,
            bidder: BidderId::new(&*long),
            seat: Some(SeatId::new(&*long)),
            publisher: PublisherId::new(&*long),
            deal: Some(DealId::new(&*long)),
            bid: BidId::new(&*long),
            ..token()
        };
        let sealed = seal(&keyring(), &token, [1; 12]);
        assert!(sealed.len() <= MAX_TOKEN);
        assert_eq!(open(&keyring(), &sealed, EXPIRY), Ok(token));
    }
}

#[test]
fn a_longer_name_stands_as_its_digest() {
    let token = Token { bid: BidId::new("x".repeat(129)), ..token() };
    let opened = open(&keyring(), &seal(&keyring(), &token, [1; 12]), EXPIRY).unwrap();
    assert!(opened.bid.as_str().starts_with("sha256:"), "{}", opened.bid);
    assert_eq!(opened.bid.as_str().len(), 71);
}

/// Computed apart: `printf '\0\2\1' | openssl dgst -sha256 -mac HMAC -macopt hexkey:0505…05`.
#[test]
fn a_nonce_is_an_hmac_of_slot_and_kind() {
    let (keyring, token) = (keyring(), token());
    let mut sealer = Sealer::new(&keyring, &[5; 32]);
    sealer.turn_to(&claims(&token));
    assert_eq!(sealer.nonce(Kind::Impression), NONCE);
}

#[test]
fn nonces_differ_by_slot_and_kind() {
    let (keyring, token) = (keyring(), token());
    let mut sealer = Sealer::new(&keyring, &[5; 32]);
    let mut of_slot = |slot| {
        sealer.turn_to(&Claims { slot, ..claims(&token) });
        Kind::ALL.map(|(kind, _)| sealer.nonce(kind))
    };
    let mut nonces: Vec<[u8; 12]> = (0..300).flat_map(&mut of_slot).collect();
    nonces.sort_unstable();
    let all = nonces.len();
    nonces.dedup();
    assert_eq!(nonces.len(), all);
}

/// Computed apart: `printf '[{"name":"exchange","ppm":150000}]' | sha256sum`.
#[test]
fn a_schedule_is_named_by_its_canonical_json() {
    let fee = Fee { name: "exchange".into(), ppm: 150_000 };
    let fees = FeeSchedule::new(vec![fee]).unwrap();
    assert_eq!(fee_schedule_id(&fees), SCHEDULE);
}

const NONCE: [u8; 12] = [0x27, 0x84, 0x78, 0x64, 0x52, 0x56, 0xa3, 0x11, 0xbe, 0xf9, 0xb1, 0x5f];
const SCHEDULE: [u8; 8] = [0x70, 0xca, 0xeb, 0xca, 0xe7, 0x21, 0x2b, 0xe9];

fn key() -> [u8; 32] {
    from_fn(|at| u8::try_from(at).unwrap())
}

fn keyring() -> Keyring {
    Keyring::new((7, key()), Vec::new())
}

/// Seals one token, after another of the same ad.
fn seal(keyring: &Keyring, token: &Token, nonce: [u8; 12]) -> String {
    let mut sealer = Sealer::new(keyring, &[9; 32]);
    sealer.turn_to(&claims(token));
    sealer.seal(Kind::Click, &mut String::new());
    let mut text = String::new();
    sealer.seal_with(token.kind, nonce, &mut text);
    assert_eq!(text.len(), sealer.token_length());
    text
}

fn claims(token: &Token) -> Claims<'_> {
    Claims {
        expiry_s: token.expiry_s,
        auction: token.auction,
        slot: token.slot,
        price: token.price,
        currency: token.currency,
        fees: token.fees,
        bidder: &token.bidder,
        seat: token.seat.as_ref(),
        publisher: &token.publisher,
        deal: token.deal.as_ref(),
        bid: &token.bid,
    }
}

fn token() -> Token {
    Token {
        kind: Kind::Impression,
        expiry_s: 1_767_232_800,
        auction: AuctionId::parse("018f3c2e9a7b7c4d8e5f001122334455").unwrap(),
        slot: 2,
        price: Amount::from_nanos(18_400_000),
        currency: Currency::USD,
        fees: from_fn(|at| u8::try_from(at + 1).unwrap()),
        bidder: BidderId::new("acme"),
        seat: Some(SeatId::new("a1")),
        publisher: PublisherId::new("pub-1"),
        deal: None,
        bid: BidId::new("b1"),
    }
}

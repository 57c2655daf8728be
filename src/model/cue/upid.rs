//! The printable form of a UPID, the name a message gives to content.
//!
//! UPIDs come from outside. The text made here is plain ASCII without control characters; it is
//! still foreign text and has to be escaped wherever it is written.

use std::fmt::Write;

/// Returns the printable form, `None` when there are no bytes.
///
/// What does not fit its declared type is shown as `0x` and hexadecimal digits.
#[must_use]
pub fn text(upid_type: u8, bytes: &[u8]) -> Option<String> {
    if bytes.is_empty() {
        return None;
    }
    let text = match upid_type {
        ISCI_OLD | ISCI | AD_ID | TID | ADI | ADS | URI => ascii(bytes),
        AIRING_ID => bytes.try_into().ok().map(|bytes| u64::from_be_bytes(bytes).to_string()),
        EIDR => eidr(bytes),
        MPU => managed(bytes),
        MID => Some(several(bytes)),
        UUID => uuid(bytes),
        _ => None,
    };
    Some(text.unwrap_or_else(|| format!("0x{}", hex(bytes))))
}

/// Returns the parts of a list of UPIDs (type 13) as type and bytes; stops where it is broken.
pub fn parts(bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let [upid_type, length, tail @ ..] = rest else { return None };
        let value = tail.get(..usize::from(*length))?;
        rest = tail.get(usize::from(*length)..)?;
        Some((*upid_type, value))
    })
}

/// Returns lowercase hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        write!(text, "{byte:02x}").expect("writing to a String cannot fail");
    }
    text
}

fn ascii(bytes: &[u8]) -> Option<String> {
    if !bytes.iter().all(|byte| matches!(byte, b' '..=b'~')) {
        return None;
    }
    std::str::from_utf8(bytes).ok().map(str::to_owned)
}

/// Writes the compact binary form of an EIDR as people write it, with its check character.
fn eidr(bytes: &[u8]) -> Option<String> {
    let bytes: [u8; 12] = bytes.try_into().ok()?;
    let prefix = u16::from_be_bytes([bytes[0], bytes[1]]);
    let digits = hex(&bytes[2..]).to_ascii_uppercase();
    let mut text = format!("10.{prefix}/");
    for start in (0..digits.len()).step_by(4) {
        text.push_str(&digits[start..start + 4]);
        text.push('-');
    }
    text.push(check_character(&digits)?);
    Some(text)
}

/// Returns the check character of ISO 7064, MOD 37,36.
fn check_character(digits: &str) -> Option<char> {
    let mut product = 36;
    for digit in digits.chars() {
        let sum = (product + digit.to_digit(36)?) % 36;
        product = if sum == 0 { 36 } else { sum } * 2 % 37;
    }
    char::from_digit((37 - product) % 36, 36).map(|digit| digit.to_ascii_uppercase())
}

/// Writes a private UPID as its registered identifier, a colon and what follows.
fn managed(bytes: &[u8]) -> Option<String> {
    let (identifier, private) = bytes.split_at_checked(4)?;
    let identifier = ascii(identifier)?;
    let private = ascii(private).unwrap_or_else(|| format!("0x{}", hex(private)));
    Some(format!("{identifier}:{private}"))
}

/// Writes a list of UPIDs; a list never holds a list, so an inner one is shown as bytes.
fn several(bytes: &[u8]) -> String {
    let texts: Vec<String> = parts(bytes)
        .filter_map(|(upid_type, value)| match upid_type {
            MID => Some(format!("0x{}", hex(value))),
            _ => text(upid_type, value),
        })
        .collect();
    texts.join(";")
}

fn uuid(bytes: &[u8]) -> Option<String> {
    let bytes: [u8; 16] = bytes.try_into().ok()?;
    let digits = hex(&bytes);
    let groups = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]];
    Some(groups.join("-"))
}

const ISCI_OLD: u8 = 0x01;
const ISCI: u8 = 0x02;
const AD_ID: u8 = 0x03;
const TID: u8 = 0x07;
const AIRING_ID: u8 = 0x08;
const ADI: u8 = 0x09;
const EIDR: u8 = 0x0A;
const MPU: u8 = 0x0C;
/// A list of UPIDs.
pub const MID: u8 = 0x0D;
const ADS: u8 = 0x0E;
const URI: u8 = 0x0F;
const UUID: u8 = 0x10;

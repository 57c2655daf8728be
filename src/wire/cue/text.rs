//! Bytes written as text: base64 and hexadecimal, as tolerant as senders are careless.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::wire::cue::Carriage;
use crate::wire::cue::error::CueError;

/// Reads bytes from hexadecimal digits (with or without `0x`) or base64.
///
/// Base64 may use the URL-safe alphabet, lack its padding and hold whitespace. A space is first
/// dropped; [`from_tag`] first reads it as a plus.
///
/// # Errors
///
/// `Encoding`, when the text is neither.
pub fn bytes(text: &str) -> Result<(Vec<u8>, Carriage), CueError> {
    let text = text.trim();
    if let Some(digits) = hex_digits(text) {
        return hex(&digits).map(|bytes| (bytes, Carriage::Hex));
    }
    base64(text).map(|bytes| (bytes, Carriage::Base64))
}

/// Reads bytes from a query value, where a plus was decoded to a space.
///
/// # Errors
///
/// `Encoding`, when the text is neither hexadecimal nor base64.
pub fn from_tag(text: &str) -> Result<Vec<u8>, CueError> {
    let text = text.trim();
    match hex_digits(text) {
        Some(digits) => hex(&digits),
        None => base64(&text.replace(' ', "+")),
    }
}

/// Returns the digits without prefix and whitespace when the text is hexadecimal.
fn hex_digits(text: &str) -> Option<Vec<u8>> {
    let prefixed = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let digits: Vec<u8> =
        prefixed.unwrap_or(text).bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let is_hex = prefixed.is_some() || digits.iter().all(u8::is_ascii_hexdigit);
    (is_hex && !digits.is_empty()).then_some(digits)
}

fn hex(digits: &[u8]) -> Result<Vec<u8>, CueError> {
    if !digits.len().is_multiple_of(2) {
        let text = format!("{} hexadecimal digits are an odd number", digits.len());
        return Err(CueError::Encoding(text.into()));
    }
    let value = |digit: u8| {
        char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok()).ok_or_else(|| {
            CueError::Encoding(format!("byte {digit:#04x} is no hexadecimal digit").into())
        })
    };
    digits.chunks_exact(2).map(|pair| Ok(value(pair[0])? << 4 | value(pair[1])?)).collect()
}

fn base64(text: &str) -> Result<Vec<u8>, CueError> {
    let symbols: Vec<u8> = text
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            _ => byte,
        })
        .collect();
    if symbols.is_empty() {
        return Err(CueError::Encoding("the message is empty".into()));
    }
    TOLERANT
        .decode(symbols)
        .map_err(|error| CueError::Encoding(format!("not base64: {error}").into()))
}

/// Padding may be missing, and unused bits of the last symbol may be set.
const TOLERANT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

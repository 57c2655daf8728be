//! What stands for other bytes in a text of canonical JSON: escapes, and hex.

/// Reads the rest of a text that has an escape at `from`, up to its quote; returns it and how many
/// bytes it takes with the quote. None when it has no end, or is not spelled in the canonical way.
pub(super) fn unescaped(rest: &str, from: usize) -> Option<(String, usize)> {
    let mut text = rest.get(..from)?.to_owned();
    let mut left = rest.get(from..)?;
    loop {
        let mut characters = left.chars();
        match characters.next()? {
            '"' => break,
            '\\' => {
                let (character, after) = escape(characters.as_str())?;
                text.push(character);
                left = after;
            }
            '\0'..=' ' if !left.starts_with(' ') => return None,
            character => {
                text.push(character);
                left = characters.as_str();
            }
        }
    }
    Some((text, rest.len() - left.len() + 1))
}

/// Returns the bytes that exactly so many digits of lowercase hex stand for.
pub(in crate::wire::record) fn unhex<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    let pairs = digits.as_chunks().0;
    let (mut bytes, mut all) = ([0; N], 0);
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        let (high, low) = (VALUES[usize::from(*high)], VALUES[usize::from(*low)]);
        *byte = high << 4 | low & 0x0f;
        all |= high | low;
    }
    (digits.len() == 2 * N && all < NONE).then_some(bytes)
}

/// Reads what follows a backslash, in the one spelling that is canonical.
fn escape(rest: &str) -> Option<(char, &str)> {
    let mut characters = rest.chars();
    let character = match characters.next()? {
        'b' => '\u{8}',
        't' => '\t',
        'n' => '\n',
        'f' => '\u{c}',
        'r' => '\r',
        plain @ ('"' | '\\') => plain,
        'u' => {
            let (code, rest) = characters.as_str().split_at_checked(4)?;
            let [b'0', b'0', high, low] = code.as_bytes() else { return None };
            let byte = digit(*high)? << 4 | digit(*low)?;
            let short = matches!(byte, 0x08 | b'\t' | b'\n' | 0x0c | b'\r');
            return (byte < 0x20 && !short).then_some((char::from(byte), rest));
        }
        _ => return None,
    };
    Some((character, characters.as_str()))
}

/// Returns the value of a lowercase hex digit.
const fn digit(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'a'..=b'f' => Some(character - b'a' + 10),
        _ => None,
    }
}

/// The value of each character as a hex digit: many are looked at before it matters whether one is
/// none.
static VALUES: [u8; 256] = {
    let mut values = [NONE; 256];
    let mut character = 0_u8;
    loop {
        if let Some(value) = digit(character) {
            values[character as usize] = value;
        }
        if character == u8::MAX {
            break values;
        }
        character += 1;
    }
};
/// A bit that no value has.
const NONE: u8 = 0x10;

//! Texts and numbers as JSON writes them: straight into the bytes of an answer or a record.
//!
//! Texts are escaped in runs, in the shortest form (RFC 8785), which is also what serde writes.

/// Appends a text with its quotes.
#[inline]
pub(super) fn quoted(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    escaped(text, out);
    out.push(b'"');
}

/// Appends what stands between the quotes.
#[inline]
pub(super) fn escaped(text: &str, out: &mut Vec<u8>) {
    let mut rest = text.as_bytes();
    loop {
        let (run, after) = rest.split_at(plain(rest));
        out.extend_from_slice(run);
        let Some((special, after)) = after.split_first() else { return };
        escape(*special, out);
        rest = after;
    }
}

/// Returns how many bytes stand before the first that cannot stand in a JSON text as it is.
#[inline]
pub(super) fn plain(bytes: &[u8]) -> usize {
    // Eight at a time: the lowest marked byte is the first special one; marks above it may be wrong.
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const TOPS: u64 = u64::from_le_bytes([0x80; 8]);
    let below = |word: u64, bound: u8| word.wrapping_sub(ONES * u64::from(bound)) & !word & TOPS;
    let mut length = 0;
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        let word = u64::from_le_bytes(*word);
        let (quote, slash) = (word ^ (ONES * u64::from(b'"')), word ^ (ONES * u64::from(b'\\')));
        let special = below(word, 0x20) | below(quote, 1) | below(slash, 1);
        if special != 0 {
            let bits = usize::try_from(special.trailing_zeros()).expect("it is below 64");
            return length + bits / 8;
        }
        length += 8;
    }
    let special = |byte: &u8| *byte < 0x20 || *byte == b'"' || *byte == b'\\';
    length + rest.iter().position(special).unwrap_or(rest.len())
}

/// Returns a number in digits, written at the end of `room`.
#[inline]
pub(super) fn decimal(number: u64, room: &mut [u8; 20]) -> &str {
    std::str::from_utf8(digits(number, room)).expect("digits are ASCII")
}

/// Returns the digits of a number, written at the end of `room`.
#[inline]
pub(super) fn digits(mut number: u64, room: &mut [u8; 20]) -> &[u8] {
    let mut start = room.len();
    loop {
        start -= 1;
        room[start] = b'0' + u8::try_from(number % 10).expect("a digit is below 10");
        number /= 10;
        if number == 0 {
            return &room[start..];
        }
    }
}

/// Appends a character that cannot stand as it is.
fn escape(byte: u8, out: &mut Vec<u8>) {
    let short = match byte {
        b'"' | b'\\' => byte,
        0x08 => b'b',
        b'\t' => b't',
        b'\n' => b'n',
        0x0c => b'f',
        b'\r' => b'r',
        _ => {
            let (high, low) = (usize::from(byte >> 4), usize::from(byte & 15));
            return out.extend_from_slice(&[b'\\', b'u', b'0', b'0', DIGITS[high], DIGITS[low]]);
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

/// The digits of lowercase hex.
pub(super) const DIGITS: &[u8; 16] = b"0123456789abcdef";

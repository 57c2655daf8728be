//! How cases spell bytes: text with escapes, repetitions, gzip and chunks.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

/// Reads `\r`, `\n`, `\t`, `\0`, `\xHH`, `\\`; `<<text*9>>` is nine times text, `<<gzip text>>` that
/// in gzip, `<<chunk text>>` that as one chunk. What stands in brackets may hold brackets.
pub(super) fn bytes(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if let Some(inner) = rest.strip_prefix("<<") {
            let end = closing(inner);
            bytes.extend(special(&inner[..end]));
            rest = &inner[end + 2..];
        } else if let Some(escape) = rest.strip_prefix('\\') {
            let (byte, length) = match escape.as_bytes()[0] {
                b'r' => (b'\r', 1),
                b'n' => (b'\n', 1),
                b't' => (b'\t', 1),
                b'0' => (0, 1),
                b'\\' => (b'\\', 1),
                b'x' => (u8::from_str_radix(&escape[1..3], 16).unwrap(), 3),
                other => panic!("no escape \\{}", char::from(other)),
            };
            bytes.push(byte);
            rest = &escape[length..];
        } else {
            let mut buffer = [0; 4];
            bytes.extend_from_slice(first.encode_utf8(&mut buffer).as_bytes());
            rest = &rest[first.len_utf8()..];
        }
    }
    bytes
}

/// Writes bytes so that a person can read them.
pub(super) fn text(bytes: &[u8]) -> String {
    match bytes {
        [first, .., _] if 40 < bytes.len() && bytes.iter().all(|byte| byte == first) => {
            format!("<<{}*{}>>", first.escape_ascii(), bytes.len())
        }
        _ => bytes.escape_ascii().to_string(),
    }
}

/// Puts bytes into one member of gzip.
pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Puts bytes into one chunk.
pub(super) fn chunk(bytes: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}

fn closing(text: &str) -> usize {
    let mut depth = 1;
    let mut at = 0;
    while at + 1 < text.len() {
        match &text.as_bytes()[at..at + 2] {
            b"<<" => (depth, at) = (depth + 1, at + 2),
            b">>" => {
                depth -= 1;
                if depth == 0 {
                    return at;
                }
                at += 2;
            }
            _ => at += 1,
        }
    }
    panic!("no end of <<{text}");
}

fn special(text: &str) -> Vec<u8> {
    if let Some(inner) = text.strip_prefix("gzip ") {
        return gzip(&bytes(inner));
    }
    if let Some(inner) = text.strip_prefix("chunk ") {
        return chunk(&bytes(inner));
    }
    let (inner, times) = text.rsplit_once('*').unwrap();
    bytes(inner).repeat(times.parse().unwrap())
}

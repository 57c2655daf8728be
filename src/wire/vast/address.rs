//! What kind of address a text is, as a player would read it.

/// The scheme of an address.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Scheme {
    /// `https:`.
    Https,
    /// `http:`.
    Http,
    /// `javascript:`, `data:` or `file:`, which no player may be handed.
    Forbidden,
    /// Another scheme, or none: not an address we pass on.
    Other,
}

/// Returns the scheme of a text, skipping what a URL parser skips: leading controls and spaces,
/// tabs and line ends anywhere.
#[must_use]
pub fn scheme(text: &str) -> Scheme {
    // As nearly every address is written.
    if text.is_empty() {
        return Scheme::Other;
    }
    if text.starts_with("https:") {
        return Scheme::Https;
    }
    let mut name = [0; LONGEST];
    let mut length = 0;
    let bytes = text.trim_start_matches(|letter: char| letter <= ' ').bytes();
    for byte in bytes.filter(|byte| !matches!(byte, b'\t' | b'\n' | b'\r')) {
        match byte {
            b':' => return named(&name[..length]),
            _ if LONGEST <= length => return Scheme::Other,
            _ => {
                name[length] = byte.to_ascii_lowercase();
                length += 1;
            }
        }
    }
    Scheme::Other
}

fn named(name: &[u8]) -> Scheme {
    match name {
        b"https" => Scheme::Https,
        b"http" => Scheme::Http,
        b"javascript" | b"data" | b"file" | b"vbscript" => Scheme::Forbidden,
        _ => Scheme::Other,
    }
}

/// Says whether a trimmed text can be passed on as an address: http or https with a host, and no
/// control characters.
#[must_use]
pub fn usable(text: &str) -> bool {
    let after = |prefix: &str| {
        text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
            && text[prefix.len()..].starts_with(|first: char| !matches!(first, '/' | '?' | '#'))
    };
    (after("https://") || after("http://")) && !has_controls(text)
}

/// Says whether a text holds control characters, past ASCII too.
#[must_use]
pub fn has_controls(text: &str) -> bool {
    // A fold without an early end, since the compiler makes wide instructions of it.
    let odd = |byte: u8| !(b' '..=b'~').contains(&byte);
    text.bytes().fold(false, |found, byte| found | odd(byte)) && text.contains(char::is_control)
}

/// The longest name that `scheme` knows.
const LONGEST: usize = "javascript".len();

#[cfg(test)]
mod tests;

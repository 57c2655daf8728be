//! What counts as an advertiser's domain: one reading for bids and for what is blocked.
//!
//! Both sides of a comparison come through here, so that no spelling of a domain escapes a block.

use std::borrow::Cow;

use url::Host;

/// Returns a domain as it is compared: lowercase ASCII, international names as `xn--`.
///
/// Of a web address only its host counts: scheme, user, port and all from the path on are cut, as
/// are space around it and one dot at its end. None for what then is no domain, such as an address
/// or text with an empty label.
#[must_use]
pub fn plain(text: &str) -> Option<Cow<'_, str>> {
    if is_plain(text) {
        return Some(Cow::Borrowed(text));
    }
    parsed(text).map(Cow::Owned)
}

/// Returns the domain of any spelling.
fn parsed(text: &str) -> Option<String> {
    let host = host(text.trim())?;
    if MAX_HOST < host.len() {
        return None;
    }
    let Ok(Host::<String>::Domain(mut domain)) = Host::parse(host) else { return None };
    if domain.ends_with('.') {
        domain.pop();
    }
    is_domain(&domain).then_some(domain)
}

/// Says whether a text is a domain as it is compared already, as far as that shows at once.
#[must_use]
pub fn is_plain(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let label = |label: &str| {
        // What begins like an international name must be checked as one.
        (1..=63).contains(&label.len()) && label.bytes().all(letter) && !label.starts_with("xn--")
    };
    // A last label of digits would be a number's.
    let last = text.rsplit('.').next().unwrap_or_default();
    text.len() <= 253
        && last.starts_with(|first: char| first.is_ascii_lowercase())
        && text.split('.').all(label)
}

/// Cuts the host out of what may be a web address.
fn host(text: &str) -> Option<&str> {
    let scheme = |scheme: &str| {
        let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
        scheme.bytes().all(letter)
    };
    let text = match text.split_once("://") {
        Some((before, rest)) if scheme(before) => rest,
        _ => text.strip_prefix("//").unwrap_or(text),
    };
    let authority = text.split(['/', '\\', '?', '#']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    match host.split_once(':') {
        None => Some(host),
        Some((host, port)) => port.parse::<u16>().is_ok().then_some(host),
    }
}

/// Says whether an ASCII text has the form of a domain.
fn is_domain(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let label = |label: &str| (1..=63).contains(&label.len()) && label.bytes().all(letter);
    text.len() <= 253 && text.split('.').all(label)
}

/// The longest host that is looked at, in bytes: a longer one is no domain in any spelling.
const MAX_HOST: usize = 2048;

#[cfg(test)]
mod tests;

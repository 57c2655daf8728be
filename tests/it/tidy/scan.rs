//! Finds paths in Rust source without a parser: comments and strings blanked, groups opened.

/// Returns the text with comments, strings and characters blanked, line by line as it was.
pub(super) fn code(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let length = opaque(&text.as_bytes()[at..]).min(bytes.len() - at);
        for byte in bytes[at..at + length].iter_mut().filter(|byte| **byte != b'\n') {
            *byte = b' ';
        }
        at += length.max(1);
    }
    String::from_utf8(bytes).expect("whole characters were blanked")
}

/// Returns every path that starts with `root`: its line and the parts behind, groups opened.
pub(super) fn paths(code: &str, root: &str) -> Vec<(usize, Vec<String>)> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices(root) {
        let before = code[..at].bytes().next_back().unwrap_or(b' ');
        let rest = &code[at + root.len()..];
        let line = code[..at].matches('\n').count() + 1;
        if is_word(before) || before == b':' || before == b'.' {
            continue;
        }
        if let Some(rest) = rest.strip_prefix("::") {
            found.extend(branches(rest).into_iter().map(|path| (line, path)));
        } else if code[..at].ends_with("use ") && rest.starts_with([';', ' ']) {
            found.push((line, vec![String::new()]));
        }
    }
    found
}

/// Returns the parts behind a `::`; of a group, one list for each of its members.
fn branches(rest: &str) -> Vec<Vec<String>> {
    let Some(group) = rest.strip_prefix('{') else {
        let length = rest.bytes().take_while(|byte| is_word(*byte)).count();
        let (part, rest) = rest.split_at(length);
        let tails = rest.strip_prefix("::").map_or_else(|| vec![Vec::new()], branches);
        let joined = tails.into_iter().map(|tail| [vec![part.to_owned()], tail].concat());
        return joined.collect();
    };
    let (mut depth, mut start, mut all) = (0_usize, 0, Vec::new());
    for (at, letter) in group.char_indices() {
        let ends = depth == 0 && matches!(letter, ',' | '}');
        if ends {
            all.extend(branches(group[start..at].trim()));
            start = at + 1;
        }
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            _ => {}
        }
    }
    all
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Returns the bytes of the comment, string or character that starts here, 0 when none does.
fn opaque(rest: &[u8]) -> usize {
    let until = |from: usize, end: &[u8]| {
        let found = rest[from..].windows(end.len()).position(|window| window == end);
        found.map_or(rest.len(), |at| from + at + end.len())
    };
    let hashes = rest.iter().skip(1).take_while(|byte| **byte == b'#').count();
    match rest {
        [b'/', b'/', ..] => rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len()),
        [b'/', b'*', ..] => until(2, b"*/"),
        [b'r', ..] if rest.get(1 + hashes) == Some(&b'"') => {
            let end = [&b"\""[..], &b"#".repeat(hashes)].concat();
            until(2 + hashes, &end)
        }
        [b'"', ..] => {
            let mut at = 1;
            while at < rest.len() && rest[at] != b'"' {
                at += if rest[at] == b'\\' { 2 } else { 1 };
            }
            at + 1
        }
        [b'\'', b'\\', ..] => until(3, b"'"),
        [b'\'', first, ..] => {
            let width = first.leading_ones().max(1) as usize;
            if rest.get(1 + width) == Some(&b'\'') { width + 2 } else { 0 }
        }
        _ => 0,
    }
}

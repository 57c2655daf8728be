//! What comes in through the three doors, and what goes out to bidders.
//!
//! A case is a file: what is known of the caller, an empty line, the query or body, `---`, and
//! what it becomes. `UPDATE_EXPECT=1` rewrites what is below the dashes.

pub(crate) mod canary;
mod hostile;
mod imp;
mod market;
mod outgoing;
mod terms;

use std::fmt::Write;
use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use breakwater::model::break_request::{Asked, BreakRequest};
use breakwater::model::ids::PublisherId;
use breakwater::model::market::Market;
use breakwater::model::time::UnixMillis;
use breakwater::wire::break_request::{Caller, Credential, Refusal, native, openrtb, tag};

#[test]
fn requests_become_what_their_cases_say() {
    let market = market::market();
    let mut wrong = Vec::new();
    let mut seen = 0;
    for folder in ["tags", "native", "openrtb"] {
        for path in cases(&data(folder)) {
            seen += 1;
            wrong.extend(run(&path, &market));
        }
    }
    assert!(40 < seen, "only {seen} cases were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Runs a case, and returns what is wrong with it.
fn run(path: &Path, market: &Market) -> Option<String> {
    let text = fs::read_to_string(path).unwrap();
    let (given, expected) = text.split_once("\n---\n").unwrap_or((&text, ""));
    let (known, document) = given.split_once("\n\n").unwrap();
    let became = show(&ask(known, document.trim_end_matches('\n'), market));
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(path, format!("{}\n---\n{became}", given.trim_end_matches('\n'))).unwrap();
        return None;
    }
    let same = became.trim_end() == expected.trim_end();
    (!same).then(|| format!("{}\nexpected\n{expected}\nbecame\n{became}", path.display()))
}

/// Puts a request through its door, as a caller of whom `known` tells.
fn ask(known: &str, document: &str, market: &Market) -> Result<BreakRequest, Refusal> {
    let mut caller = caller();
    let own = terms::of_case(known, caller.arrived_at);
    let market = own.as_ref().unwrap_or(market);
    let mut door = "";
    for line in known.lines().filter(|line| !line.starts_with('#')) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "door" => door = rest,
            "peer" => caller.peer = rest.parse().unwrap(),
            "agent" => caller.user_agent = Some(rest),
            "gpc" => caller.gpc = true,
            "rates" | "pricing" => {}
            "playback" => caller.playback_session = Some(rest),
            "key" => caller.credential = Credential::Publisher(PublisherId::new(rest)),
            "loopback" => caller.credential = Credential::Loopback,
            _ => panic!("no such word: {word}"),
        }
    }
    match door {
        "tag" => tag::tag(&document.replace('\n', ""), &caller, market),
        "native" => native::native(document.as_bytes(), &caller, market),
        "openrtb" => openrtb::openrtb(document.as_bytes(), &caller, market),
        _ => panic!("no such door: {door}"),
    }
}

/// Returns a caller of whom nothing is known but its address.
fn caller() -> Caller<'static> {
    Caller {
        arrived_at: UnixMillis(1_763_668_504_000),
        peer: IpAddr::from([198, 51, 100, 7]),
        user_agent: None,
        gpc: false,
        playback_session: None,
        credential: Credential::None,
    }
}

/// Prints a request line by line, leaving out what is absent.
fn show(read: &Result<BreakRequest, Refusal>) -> String {
    let request = match read {
        Ok(request) => request,
        Err(refusal) => return format!("refused {} {refusal}\n", refusal.status),
    };
    let mut out = String::new();
    let ad_break = &request.ad_break;
    line(&mut out, "request", request.request_id.as_ref());
    let weak = if ad_break.weak { " weak" } else { "" };
    writeln!(out, "placement {} of {}", request.placement.id, request.publisher.id).unwrap();
    writeln!(out, "break {}{weak}", ad_break.id).unwrap();
    let length = (ad_break.length.0, ad_break.length_source);
    writeln!(out, "length {} {:?} offset {}", length.0, length.1, ad_break.offset.0).unwrap();
    line(&mut out, "stream", ad_break.stream.as_ref());
    line(&mut out, "start", ad_break.start.map(|start| start.0));
    if let Some(signal) = &ad_break.signal {
        let (type_id, upid) = (signal.type_id, signal.upid.as_deref());
        writeln!(out, "signal {} type {type_id:?} upid {upid:?}", signal.event_id).unwrap();
    }
    line(&mut out, "session", request.session.as_ref());
    line(&mut out, "patience", request.patience.map(|patience| patience.0));
    writeln!(out, "stitching {:?}", request.stitching).unwrap();
    line(&mut out, "asked", asked(&request.asked));
    request.imps.iter().for_each(|it| imp::show(&mut out, it));
    show_passthrough(&mut out, request);
    for (word, said) in [("test", request.test), ("explain", request.explain)] {
        line(&mut out, word, said.then_some("yes"));
    }
    line(&mut out, "unbuilt", (!request.unbuilt.is_empty()).then(|| request.unbuilt.join(" ")));
    let faults = request.faults;
    if faults.unreplaced_macros + faults.unreadable != 0 {
        let (macros, unreadable) = (faults.unreplaced_macros, faults.unreadable);
        writeln!(out, "faults {macros} unreplaced {unreadable} unreadable").unwrap();
    }
    out
}

fn show_passthrough(out: &mut String, request: &BreakRequest) {
    let pieces = &request.passthrough;
    writeln!(out, "class {:?}", pieces.class).unwrap();
    line(out, "device", pieces.device.as_ref());
    line(out, "user", pieces.user.as_ref());
    line(out, "regs", pieces.regs.as_ref());
    if let Some((channel, piece)) = &pieces.channel {
        line(out, channel.name(), Some(piece));
    }
    line(out, "schain", pieces.schain.as_ref());
    line(out, "tid", pieces.tid.as_ref());
    line(out, "viewer", bare(&format!("{:?}", request.viewer)));
}

fn line<T: std::fmt::Display>(out: &mut String, word: &str, value: Option<T>) {
    if let Some(value) = value {
        writeln!(out, "{word} {value}").unwrap();
    }
}

/// Prints the bounds that are set.
fn asked(asked: &Asked) -> Option<String> {
    bare(&format!("{asked:?}"))
}

/// Returns the members of a printed struct that say something.
fn bare(text: &str) -> Option<String> {
    let inside = text.split_once(" { ")?.1.strip_suffix(" }")?;
    let mut said = format!(", {inside}, ");
    loop {
        let empty =
            [": None, ", ": [], "].into_iter().filter_map(|it| Some((said.find(it)?, it.len())));
        let Some((end, length)) = empty.min() else { break };
        let start = said[..end].rfind(", ").unwrap();
        said.replace_range(start + 2..end + length, "");
    }
    let said = said.trim_matches([',', ' ']);
    (!said.is_empty()).then(|| said.to_owned())
}

fn data(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/wire").join(folder)
}

fn cases(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
    paths.sort();
    paths
}

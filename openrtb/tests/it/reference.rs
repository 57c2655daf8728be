//! Documents that others published, which do not lie in this tree.

use std::fs;
use std::path::Path;

use openrtb::request::BidRequest;
use serde_json::{Map, Value};

use crate::files::{Kind, documents, kind, rewrite};

/// Members that the published documents have and no object of the specification does.
const UNDEFINED: [&str; 8] = [
    "content-on-demand.live",
    "request-dooh-video-qty-deal.device.eids",
    "request-dooh-video-qty-deal.device.geo.long",
    "request-dooh-video-qty-deal.device.ifa_type",
    "request-dooh-video-qty-deal.dooh.venuetax",
    "request-dooh-video-qty-deal.dooh.venuetypeid",
    "request-video-with-companions.imp[].video.apis",
    "response-pod-hybrid.seatbid[].bid[].podid",
];

#[test]
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn published_documents_are_read() {
    let Some(reference) = std::env::var_os("BREAKWATER_REFERENCE") else {
        eprintln!("skipped: BREAKWATER_REFERENCE does not say where the documents are");
        return;
    };
    let mut lost = Vec::new();
    for path in documents(&Path::new(&reference).join("openrtb-examples")) {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let document: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        if name.starts_with("leap-") {
            // Not OpenRTB: another interface, whose documents need only be JSON here.
            continue;
        }
        // One fragment of a request is named for the content in it.
        let kind = if document.get("app").is_some() { Kind::Request } else { kind(&path) };
        let document = if kind == Kind::Request { completed(document) } else { document };
        let text = document.to_string();
        let written = rewrite(kind, &text).unwrap_or_else(|error| panic!("{name}: {error}"));
        compare(name, &document, &serde_json::from_str(&written).unwrap(), &mut lost);
        if name == "request-schain-resold-legacy-location" {
            let request: BidRequest<'_> = serde_json::from_str(&text).unwrap();
            assert_eq!(request.source.unwrap().supply_chain().unwrap().nodes.len(), 2);
        }
    }
    lost.sort();
    lost.dedup();
    assert_eq!(lost, UNDEFINED);
}

/// Gives a fragment the two members without which it is no request.
fn completed(document: Value) -> Value {
    let Value::Object(mut members) = document else { panic!("not an object") };
    members.entry("id").or_insert_with(|| "fragment".into());
    members.entry("imp").or_insert_with(|| Value::Array(Vec::new()));
    Value::Object(members)
}

/// Notes the members that were read and not written; the others must be the same, tolerance apart.
fn compare(path: &str, read: &Value, written: &Value, lost: &mut Vec<String>) {
    match (read, written) {
        (Value::Object(read), Value::Object(written)) => {
            compare_members(path, read, written, lost);
        }
        (Value::Array(read), Value::Array(written)) => {
            assert_eq!(read.len(), written.len(), "{path}");
            for (read, written) in read.iter().zip(written) {
                compare(&format!("{path}[]"), read, written, lost);
            }
        }
        (Value::Number(read), Value::Number(written)) => {
            assert_eq!(read.as_f64(), written.as_f64(), "{path}");
        }
        (Value::String(read), Value::Number(_)) => assert_eq!(*read, written.to_string(), "{path}"),
        (Value::Number(_), Value::String(written)) => {
            assert_eq!(read.to_string(), *written, "{path}");
        }
        (Value::String(_), Value::Array(written)) => {
            assert_eq!(*written, std::slice::from_ref(read), "{path}");
        }
        _ => assert_eq!(read, written, "{path}"),
    }
}

fn compare_members(
    path: &str,
    read: &Map<String, Value>,
    written: &Map<String, Value>,
    lost: &mut Vec<String>,
) {
    for (name, value) in read {
        let path = format!("{path}.{name}");
        match written.get(name) {
            Some(written) => compare(&path, value, written, lost),
            None => lost.push(path),
        }
    }
    for name in written.keys() {
        assert!(read.contains_key(name), "{path}.{name} was written, not read");
    }
}

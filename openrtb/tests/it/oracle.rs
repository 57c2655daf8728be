//! An independent linter accepts what this crate writes.

use std::fs;

use rtblint_core::{
    OpenRtbVersion, Severity, validate_bid_request_for_version, validate_bid_response_for_version,
};

use crate::files::{Kind, documents, kind, own, rewrite};

/// Errors that the linter finds though the document is as meant: file, rule, reason.
const KNOWN: [(&str, &str, &str); 9] = [
    ("request-loose", "openrtb.field.moved", "`ext` is written back, old places included"),
    (
        "request-loose",
        "openrtb.eid.field_required",
        "the document lacks what the table leaves open",
    ),
    ("response-loose", "openrtb.field.required", "the document has a bid without a price"),
    ("response-loose", "openrtb.native.field_required", "the document's native ad is a stub"),
    ("response-loose", "openrtb.native.asset.subtype_required", "as above"),
    ("response-no-seats", "openrtb.response.seatbid_or_nbr.required", NO_BID),
    ("response-seat-without-bids", "openrtb.field.required", NO_BID),
    ("response-nothing", "openrtb.field.required", NO_BID),
    ("response-nothing", "openrtb.response.seatbid_or_nbr.required", NO_BID),
];

const NO_BID: &str =
    "the implementation guidance, section 7.1, counts it among the forms of no bid";

#[test]
fn the_linter_accepts_what_is_written() {
    let mut unknown = Vec::new();
    let mut met = [false; KNOWN.len()];
    for path in documents(&own("valid")) {
        let kind = kind(&path);
        let written = rewrite(kind, &fs::read_to_string(&path).unwrap()).unwrap();
        let version = OpenRtbVersion::V2_6_202606;
        let found = match kind {
            Kind::Request => validate_bid_request_for_version(version, &written),
            Kind::Response => validate_bid_response_for_version(version, &written),
            Kind::Content | Kind::Source => continue,
        };
        let name = path.file_stem().unwrap().to_str().unwrap();
        for issue in found.issues.iter().filter(|issue| issue.severity == Severity::Error) {
            match KNOWN.iter().position(|(file, rule, _)| *file == name && *rule == issue.id) {
                Some(index) => met[index] = true,
                None => unknown.push(format!("{name}: {issue:?}")),
            }
        }
    }
    assert!(unknown.is_empty(), "{unknown:#?}");
    for (index, (file, rule, reason)) in KNOWN.iter().enumerate() {
        assert!(met[index], "{file}: {rule} is no longer found ({reason})");
    }
}

//! Where documents lie, and what kind each is by its name.

use std::fs;
use std::path::{Path, PathBuf};

use openrtb::content::Content;
use openrtb::request::BidRequest;
use openrtb::response::BidResponse;
use openrtb::source::Source;

/// Does the work of [`rewrite`] for one type: a function cannot name "this type, borrowed from
/// that text".
macro_rules! rewrite_as {
    ($type:ident, $text:expr) => {{
        let text: &str = $text;
        let mut bytes = text.as_bytes().to_vec();
        let by_simd = simd_json::serde::from_slice::<$type<'_>>(&mut bytes);
        let by_serde = serde_json::from_str::<$type<'_>>(text);
        assert_eq!(by_serde.is_ok(), by_simd.is_ok(), "{by_serde:?} but {by_simd:?}");
        by_serde.map(|document| {
            assert_eq!(Some(&document), by_simd.as_ref().ok());
            let written = serde_json::to_string(&document).unwrap();
            assert_eq!(serde_json::from_str::<$type<'_>>(&written).unwrap(), document);
            written
        })
    }};
}

/// What a document is read as.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Request,
    Response,
    Content,
    Source,
}

/// Reads a document as its type and writes it again; through serde_json and simd-json, which must
/// agree. The error is serde_json's.
pub(crate) fn rewrite(kind: Kind, text: &str) -> Result<String, serde_json::Error> {
    match kind {
        Kind::Request => rewrite_as!(BidRequest, text),
        Kind::Response => rewrite_as!(BidResponse, text),
        Kind::Content => rewrite_as!(Content, text),
        Kind::Source => rewrite_as!(Source, text),
    }
}

/// Returns the kind that the name of a file begins with.
pub(crate) fn kind(path: &Path) -> Kind {
    let name = path.file_name().unwrap().to_str().unwrap();
    match name.split(['-', '.']).next() {
        Some("request") => Kind::Request,
        Some("response" | "nobid") => Kind::Response,
        Some("content") => Kind::Content,
        Some("source") => Kind::Source,
        _ => panic!("{name}: the name does not say what it is"),
    }
}

/// Returns the documents of a folder, sorted, those that say what is written left out.
pub(crate) fn documents(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .filter(|path| !path.to_str().unwrap().ends_with(".written.json"))
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "{} has no documents", folder.display());
    paths
}

/// Returns a folder of this crate's own documents.
pub(crate) fn own(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(folder)
}

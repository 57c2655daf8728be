//! `breakwater audit check`: a bundle, checked with the log's key and nothing else.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use serde::Serialize;
use serde_json::json;
use tlog::note::VerifierKey;

use crate::audit::bundle::MAX_BUNDLE;
use crate::audit::check;
use crate::audit::tale::{self, Tale};
use crate::cli::audit::page;
use crate::cli::{Format, NEGATIVE, OK};

/// Options of `audit check`.
#[derive(Args, Debug)]
pub struct Options {
    /// The bundle; `-` reads standard input
    file: PathBuf,
    /// The log's key: the text `name+id+key`, or a file that holds it
    #[arg(long, value_parser = key, value_name = "VKEY")]
    key: VerifierKey,
    /// How to answer
    #[arg(long, default_value = "text")]
    format: Format,
}

/// What a program is told of a bundle that holds.
#[derive(Serialize)]
struct Document<'a> {
    verdict: &'static str,
    findings: [(); 0],
    /// The key it was checked with, which always was given.
    key: &'a str,
    #[serde(flatten)]
    tale: &'a Tale,
}

/// Checks a bundle and says what it proves; 0 when it holds, 3 when not.
///
/// # Errors
///
/// When the file cannot be read.
pub fn run(options: &Options) -> anyhow::Result<u8> {
    let bytes = read(&options.file).with_context(|| format!("read {}", options.file.display()))?;
    let told = check::check(&bytes, &options.key)
        .and_then(|checked| tale::tell(&checked).map_err(check::CheckError::from));
    let key = options.key.to_string();
    let mut stdout = io::stdout().lock();
    match (&told, options.format) {
        (Ok(tale), Format::Text) => write!(stdout, "{}", page::page(tale, &key))?,
        (Ok(tale), Format::Json) => {
            let document = Document { verdict: "holds", findings: [], key: &key, tale };
            writeln!(stdout, "{}", serde_json::to_string(&document)?)?;
        }
        (Err(error), Format::Text) => {
            writeln!(stdout, "The bundle does not hold: {error}\nkey        {key}, as given")?;
        }
        (Err(error), Format::Json) => {
            let file = options.file.display().to_string();
            let findings = json!([{ "file": file, "what": error.to_string() }]);
            writeln!(
                stdout,
                "{}",
                json!({ "verdict": "broken", "findings": findings, "key": key })
            )?;
        }
    }
    Ok(if told.is_ok() { OK } else { NEGATIVE })
}

/// Reads a bundle, and one byte more than any has, so that a longer one is refused as such.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let limit = u64::try_from(MAX_BUNDLE).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        io::stdin().lock().take(limit).read_to_end(&mut bytes)?;
    } else {
        File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// Reads a key from its text, or from the file that a path names.
pub(super) fn key(text: &str) -> Result<VerifierKey, String> {
    if let Some(key) = VerifierKey::parse(text.trim()) {
        return Ok(key);
    }
    let mut held = String::new();
    let file = File::open(text).map_err(|_| "neither a key nor a file that holds one")?;
    let read = file.take(MAX_KEY).read_to_string(&mut held);
    read.map_err(|error| format!("read the key: {error}"))?;
    VerifierKey::parse(held.trim()).ok_or_else(|| "the file holds no key".to_owned())
}

/// A name of 253 bytes, an id and a key are far below.
const MAX_KEY: u64 = 4096;

//! `breakwater reload`: a running exchange reads its config again.

use std::io::{self, Write};

use clap::Args;
use serde_json::Value;

use crate::cli::remote::{self, Admin, Answer};
use crate::cli::{Common, FAILED, Format, NEGATIVE, OK, UNREACHABLE};

/// Options of `reload`.
#[derive(Args, Debug)]
pub struct Options {
    #[command(flatten)]
    admin: Admin,
    /// How to answer
    #[arg(long, default_value = "text")]
    format: Format,
}

/// Asks for a reload; 0 when the file is in force, 3 when it was refused and nothing changed.
///
/// # Errors
///
/// When the config that is named cannot be read, or the answer not written.
pub fn run(common: &Common, options: &Options) -> anyhow::Result<u8> {
    let authority = options.admin.authority(common)?;
    let Some(answer) = remote::post(&authority, "/v1/reload", options.format, tell)? else {
        return Ok(UNREACHABLE);
    };
    Ok(match answer.status {
        200 => OK,
        409 | 422 => NEGATIVE,
        _ => FAILED,
    })
}

fn tell(answer: &Answer) -> io::Result<()> {
    match answer.status {
        200 => done(answer),
        _ => refused(answer),
    }
}

fn done(answer: &Answer) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let Answer { body, .. } = answer;
    let (generation, record) = (&body["generation"], &body["record"]);
    if answer.text("result") == "unchanged" {
        return writeln!(out, "ok: nothing changed, generation {generation} stays in force");
    }
    writeln!(out, "ok: generation {generation} is in force, money record {record}")?;
    writeln!(out, "config sha256 {}", answer.text("hash"))?;
    for what in ["added", "changed", "removed", "unconnected"] {
        let ids = body["bidders"][what].as_array().into_iter().flatten();
        let ids: Vec<&str> = ids.filter_map(Value::as_str).collect();
        if !ids.is_empty() {
            writeln!(out, "bidders {what}: {}", ids.join(", "))?;
        }
    }
    Ok(())
}

fn refused(answer: &Answer) -> io::Result<()> {
    let mut err = io::stderr().lock();
    for problem in answer.body["problems"].as_array().into_iter().flatten() {
        let text = |key: &str| problem[key].as_str().unwrap_or_default();
        let (line, column) = (&problem["line"], &problem["column"]);
        writeln!(err, "{line}:{column} {} {}", text("code"), text("message"))?;
        writeln!(err, "    {}", text("help"))?;
    }
    match answer.text("detail") {
        "" => writeln!(err, "refused: {}", answer.refusal()),
        detail => writeln!(err, "refused: {detail}; the config in force stays"),
    }
}

//! `breakwater audit export`: rows of auctions or bids, as JSON lines or CSV.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use crate::audit::export::{self, Case, ExportError, Query, Seen, auctions, bids};
use crate::audit::party::Party;
use crate::audit::times;
use crate::cli::audit::file::{self, Made};
use crate::cli::audit::{Folder, NO_AUCTION, journal, misused};
use crate::cli::{Common, NEGATIVE, OK};
use crate::model::time::UnixMillis;
use crate::wire::record::read::RecordError;

/// Options of `audit export`.
#[derive(Args, Debug)]
pub struct Options {
    /// What a row is: `auctions` or `bids`
    #[arg(long, default_value = "auctions", value_parser = rows)]
    rows: Rows,
    /// `jsonl` or `csv`
    #[arg(long, default_value = "jsonl", value_parser = layout)]
    format: Layout,
    /// Whose rows: `bidder:<id>`, `publisher:<id>` or `auditor`
    #[arg(long = "for", default_value = "auditor", value_name = "PARTY")]
    party: Party,
    /// Records made from here on: RFC 3339, Unix milliseconds, a day or a month (2026-11), UTC
    #[arg(long, value_parser = from, value_name = "T")]
    from: Option<UnixMillis>,
    /// Records made before an instant, or up to the end of a day or month
    #[arg(long, value_parser = to, value_name = "T")]
    to: Option<UnixMillis>,
    /// Where to write the rows; without it, or with `-`, to standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    folder: Folder,
}

/// What a row is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Rows {
    Auctions,
    Bids,
}

/// How rows are written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Layout {
    JsonLines,
    Csv,
}

/// Writes rows; 0 when all were written, 3 when a record is not as it was written.
///
/// # Errors
///
/// When the config or the journal cannot be read, or rows not be written.
pub fn run(common: &Common, options: &Options) -> anyhow::Result<u8> {
    if options.rows == Rows::Bids && matches!(options.party, Party::Publisher(_)) {
        let what = "rows of bids are their bidder's to see: export them for a bidder or an auditor";
        writeln!(io::stderr().lock(), "{what}")?;
        return Ok(NEGATIVE);
    }
    if let (Some(from), Some(to)) = (options.from, options.to)
        && to <= from
    {
        return Ok(misused("--from is not before --to: no record is of that time")?);
    }
    let Some(data) = journal(common, &options.folder)? else { return Ok(NEGATIVE) };
    let written = match file::output(options.output.as_ref()) {
        None => write(&data, options, &mut io::stdout().lock())?,
        Some(file) => {
            // Whoever finds the file finds all rows in it.
            let mut made = Made::begin(file)?;
            let written = write(&data, options, &mut made)?;
            if written.is_some() {
                made.finish()?;
            }
            written
        }
    };
    let Some((rows, seen)) = written else { return Ok(NEGATIVE) };
    let pruned = match seen.first {
        0 => String::new(),
        first => format!("; kept from record {first} on: what was before is not among them"),
    };
    writeln!(io::stderr().lock(), "{}{pruned}", summary(options, rows, seen))?;
    Ok(OK)
}

/// Says how many rows were written, and of none why.
fn summary(options: &Options, rows: u64, seen: Seen) -> String {
    let Seen { recorded, in_time, theirs, .. } = seen;
    let place = match file::output(options.output.as_ref()) {
        Some(file) => format!(" to {}", file.display()),
        None => String::new(),
    };
    let party = &options.party;
    let why = match (rows, recorded, in_time, theirs) {
        (1.., ..) => return format!("{rows} rows of {theirs} auctions written{place}"),
        (_, 0, ..) => NO_AUCTION.to_owned(),
        (_, _, 0, _) => format!("none of the {recorded} auctions in the journal is of that time"),
        (_, _, _, 0) => {
            format!("{party} had no part in any of {in_time} auctions: is that its id?")
        }
        (..) => format!("no bids in {theirs} auctions"),
    };
    format!("no rows written{place}: {why}")
}

/// Writes all rows and returns how many, and of what; none when a record is not as it was written,
/// which is told.
fn write(
    data: &Path,
    options: &Options,
    out: &mut dyn Write,
) -> anyhow::Result<Option<(u64, Seen)>> {
    let query = Query { party: options.party.clone(), from: options.from, to: options.to };
    let mut out = BufWriter::new(out);
    if options.format == Layout::Csv {
        let header = match options.rows {
            Rows::Auctions => auctions::HEADER,
            Rows::Bids => bids::HEADER,
        };
        line(&mut out, header)?;
    }
    let mut rows = 0;
    let exported = export::export(data, &query, |case| {
        rows += rows_of(case, options, &mut out)?;
        Ok::<_, RowError>(())
    });
    match exported {
        Ok(seen) => {
            out.flush()?;
            Ok(Some((rows, seen)))
        }
        Err(ExportError::Write(RowError::Write(error))) => Err(error.into()),
        Err(error @ ExportError::Write(RowError::Record { .. })) => damaged(error, &mut out),
        Err(error) if error.is_damage() => damaged(error, &mut out),
        Err(error) => Err(error.into()),
    }
}

/// Tells of a record that is not as it was written, behind the rows before it.
fn damaged<T>(error: ExportError<RowError>, out: &mut impl Write) -> anyhow::Result<Option<T>> {
    out.flush()?;
    writeln!(io::stderr().lock(), "{:#}", anyhow::Error::from(error))?;
    Ok(None)
}

/// Why there is no row of an auction.
#[derive(Debug, thiserror::Error)]
enum RowError {
    /// Its record does not hold what a row needs.
    #[error("auction stream: the record at index {index} cannot be read")]
    Record { index: u64, source: RecordError },
    /// It cannot be written.
    #[error(transparent)]
    Write(#[from] io::Error),
}

/// Writes the rows of an auction and returns how many.
fn rows_of(case: &Case<'_>, options: &Options, out: &mut impl Write) -> Result<u64, RowError> {
    match options.rows {
        Rows::Auctions => {
            let index = case.index;
            let row = auctions::row(case).map_err(|source| RowError::Record { index, source })?;
            match options.format {
                Layout::JsonLines => json(out, &row)?,
                Layout::Csv => line(out, &row.cells())?,
            }
            Ok(1)
        }
        Rows::Bids => {
            let rows = bids::rows(case);
            rows.iter().try_for_each(|row| match options.format {
                Layout::JsonLines => json(out, row),
                Layout::Csv => line(out, &row.cells()),
            })?;
            Ok(u64::try_from(rows.len()).unwrap_or(u64::MAX))
        }
    }
}

fn json(out: &mut impl Write, row: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, row)?;
    out.write_all(b"\n")
}

/// Writes a line of CSV (RFC 4180), ended by a newline alone.
fn line(out: &mut impl Write, cells: &[impl AsRef<str>]) -> io::Result<()> {
    for (at, cell) in cells.iter().enumerate() {
        let cell = cell.as_ref();
        if at != 0 {
            out.write_all(b",")?;
        }
        if cell.contains([',', '"', '\r', '\n']) {
            write!(out, "\"{}\"", cell.replace('"', "\"\""))?;
        } else {
            out.write_all(cell.as_bytes())?;
        }
    }
    out.write_all(b"\n")
}

fn rows(text: &str) -> Result<Rows, String> {
    match text {
        "auctions" => Ok(Rows::Auctions),
        "bids" => Ok(Rows::Bids),
        "impressions" => Err("impressions come with the money work, which books them".into()),
        _ => Err("neither auctions nor bids".into()),
    }
}

fn layout(text: &str) -> Result<Layout, String> {
    match text {
        "jsonl" => Ok(Layout::JsonLines),
        "csv" => Ok(Layout::Csv),
        "parquet" => Err("parquet comes with the archive of a cluster; take jsonl or csv".into()),
        _ => Err("neither jsonl nor csv".into()),
    }
}

fn from(text: &str) -> Result<UnixMillis, String> {
    times::begin(text).ok_or_else(|| NO_TIME.to_owned())
}

fn to(text: &str) -> Result<UnixMillis, String> {
    times::end(text).ok_or_else(|| NO_TIME.to_owned())
}

const NO_TIME: &str =
    "not a time: RFC 3339, Unix milliseconds, a day (2026-11-30) or a month (2026-11)";

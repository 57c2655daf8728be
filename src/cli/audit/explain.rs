//! `breakwater audit explain`: one auction as a person would tell it.

use std::io::{self, Write};

use clap::Args;
use serde::Serialize;

use crate::audit::replay::{self, Explained};
use crate::cli::audit::{Folder, NO_AUCTION, Named, damaged, journal, missing, named};
use crate::cli::{Common, Format, NEGATIVE, OK};
use crate::wire::explain::{Explanation, text};

/// Options of `audit explain`.
#[derive(Args, Debug)]
pub struct Options {
    /// The auction, by id, or `latest`
    #[arg(value_parser = named)]
    id: Named,
    #[command(flatten)]
    folder: Folder,
    /// How to answer
    #[arg(long, default_value = "text")]
    format: Format,
}

/// What a program is told.
#[derive(Serialize)]
struct Document<'a> {
    verdict: &'static str,
    index: u64,
    differing: &'a [String],
    #[serde(flatten)]
    told: &'a Explanation,
}

/// Decides a recorded auction again and explains it; 0 when it comes out as recorded, 3 when not,
/// or when the journal does not hold it.
///
/// # Errors
///
/// When the config or the journal cannot be read.
pub fn run(common: &Common, options: &Options) -> anyhow::Result<u8> {
    let Some(data) = journal(common, &options.folder)? else { return Ok(NEGATIVE) };
    let id = match options.id {
        Named::Latest => None,
        Named::Id(id) => Some(id),
    };
    let explained = match replay::explain(&data, id) {
        Ok(explained) => explained,
        Err(error) if error.is_damage() => return Ok(damaged(error, options.format)?),
        Err(error) => return Err(error.into()),
    };
    let Some(explained) = explained else {
        let what =
            id.map_or_else(|| NO_AUCTION.to_owned(), |id| format!("{id} is not in the journal"));
        return Ok(missing(&what, options.format)?);
    };
    print(&explained, options.format)?;
    Ok(if explained.differing.is_empty() { OK } else { NEGATIVE })
}

fn print(explained: &Explained, format: Format) -> io::Result<()> {
    let Explained { told, index, differing } = explained;
    let mut stdout = io::stdout().lock();
    match format {
        Format::Text => {
            let sections = differing.join(", ");
            let record = match differing.is_empty() {
                true => "Decided again, it is equal to its record.".to_owned(),
                false => format!("Decided again, it differs from its record in: {sections}"),
            };
            write!(stdout, "{}\n{record}\n", text::text(told))
        }
        Format::Json => {
            let verdict = if differing.is_empty() { "holds" } else { "broken" };
            let document = Document { verdict, index: *index, differing, told };
            let text = serde_json::to_string(&document)?;
            writeln!(stdout, "{text}")
        }
    }
}

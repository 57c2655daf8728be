//! `breakwater drain`: a running exchange stops in order.

use std::io::{self, Write};
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;

use crate::cli::remote::{self, Admin, Answer};
use crate::cli::serve::HARD_STOP;
use crate::cli::{Common, FAILED, Format, NEGATIVE, OK, UNREACHABLE};

/// Options of `drain`.
#[derive(Args, Debug)]
pub struct Options {
    #[command(flatten)]
    admin: Admin,
    /// Wait until it has ended
    #[arg(long)]
    wait: bool,
    /// How to answer
    #[arg(long, default_value = "text")]
    format: Format,
}

/// Asks for the drain; 0 when it is under way, or over with `--wait`.
///
/// # Errors
///
/// When the config that is named cannot be read, or the answer not written.
pub fn run(common: &Common, options: &Options) -> anyhow::Result<u8> {
    let authority = options.admin.authority(common)?;
    let Some(answer) = remote::post(&authority, "/v1/drain", options.format, tell)? else {
        return Ok(UNREACHABLE);
    };
    match answer.status {
        202 if options.wait => wait(&authority),
        202 => Ok(OK),
        409 => Ok(NEGATIVE),
        _ => Ok(FAILED),
    }
}

fn tell(answer: &Answer) -> io::Result<()> {
    match answer.status {
        202 => writeln!(io::stdout().lock(), "ok: draining"),
        _ => writeln!(io::stderr().lock(), "refused: {}", answer.refusal()),
    }
}

/// Waits until nobody listens any more.
fn wait(authority: &str) -> anyhow::Result<u8> {
    let end = Instant::now() + HARD_STOP * 2;
    while remote::is_there(authority) {
        if end <= Instant::now() {
            writeln!(io::stderr().lock(), "error: the exchange at {authority} still listens")?;
            return Ok(FAILED);
        }
        thread::park_timeout(LOOK);
    }
    Ok(OK)
}

/// Between two looks.
const LOOK: Duration = Duration::from_millis(50);

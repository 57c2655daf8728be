//! `breakwater demo`: the exchange, simulated bidders and a simulated live match in one process.
//!
//! `schedule` says what happens, `live` plays it, `audience` asks over HTTP, `books` reads what the
//! exchange recorded, `summary` says what it came to. The exchange is the one that `run` starts.

use std::fs::DirBuilder;
use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use loadtest::bidder::counters::Counts;
use tokio::time::{Instant, sleep};

use crate::audit::verify;
use crate::cli::demo::assertion::Assertion;
use crate::cli::demo::audience::{Line, PLACEMENT};
use crate::cli::demo::books::Books;
use crate::cli::demo::ending::{Ending, Endings};
use crate::cli::demo::live::Live;
use crate::cli::demo::summary::{Seen, Summary};
use crate::cli::serve::{self, Running};
use crate::cli::{Common, Format, INTERRUPTED, NEGATIVE, OK};
use crate::config::settings;
use crate::io::{descriptors, entropy};

pub mod assertion;
pub mod audience;
pub mod bidders;
pub mod books;
pub mod draws;
pub mod ending;
pub mod live;
pub mod schedule;
pub mod summary;

/// Options of `demo`.
#[derive(Args, Debug)]
pub struct Options {
    /// Settles breaks, lengths, viewers and bidders
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// How many times faster than life the stream runs; deadlines stay real
    #[arg(long, default_value = "20", value_name = "X", value_parser = speed)]
    speed: f64,
    /// End after this real time, such as 30s or 2m; without it on Ctrl-C
    #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
    lasts: Option<Duration>,
    /// The data folder; without it a fresh one, which is kept
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Exit 3 unless it holds at the end, as fill>=0.9; of fill, sold, breaks, late; repeatable
    #[arg(long = "assert", value_name = "EXPR", value_parser = assertion::parse)]
    assertions: Vec<Assertion>,
    /// The traffic listener [default: 127.0.0.1:8080, or any free port]
    #[arg(long, value_name = "ADDRESS")]
    traffic: Option<SocketAddr>,
    /// The admin listener [default: 127.0.0.1:9090, or any free port]
    #[arg(long, value_name = "ADDRESS")]
    admin: Option<SocketAddr>,
    /// How to sum up; with json all else goes to stderr
    #[arg(long, default_value = "text")]
    format: Format,
}

/// Runs the demo; 3 when an assertion or anything in the data folder does not hold.
///
/// # Errors
///
/// When a listener or the data folder cannot be had, or the journal cannot be read.
pub fn run(common: &Common, options: &Options) -> anyhow::Result<u8> {
    if let Some(config) = &common.config {
        tracing::warn!(config = %config.display(), "the demo makes its own config; not read");
    }
    let mut out: Box<dyn Write + Send> = match options.format {
        Format::Text => Box::new(io::stdout()),
        Format::Json => Box::new(io::stderr()),
    };
    let data = match &options.data {
        Some(data) => data.clone(),
        None => fresh_folder()?,
    };
    let traffic = listener(options.traffic, settings::TRAFFIC)?;
    let admin = listener(options.admin, settings::ADMIN)?;
    let bidders = bidders::start(options.seed)?;
    let loaded = bidders::config(&bidders, traffic.address, admin.address, &data)?;
    descriptors::raise();
    // Whoever took a port since it was found makes this fail and say which.
    let running = match serve::start(loaded) {
        Ok(running) => running,
        Err(error) => return serve::damaged(error),
    };
    introduce(&mut *out, options, &data, &running)?;
    for moved in [traffic, admin].iter().filter_map(|it| it.instead_of) {
        writeln!(out, "({moved} is taken, so the demo listens on a free port.)\n")?;
    }
    let ended = play(options, &data, running, &mut *out);
    let notices = bidders.stop().into_iter().fold(Counts::default(), Counts::plus);
    let (ending, seen, mut books) = ended?;
    books.catch_up()?;
    // The exchange has stopped, so that everything is signed.
    let deep = verify::Options { deep: true, ..verify::Options::default() };
    let audit = verify::verify(&data, &deep, &mut |_| {})?;
    let summary = Summary { seed: options.seed, seen, tally: books.total(), notices, audit };
    conclude(&summary, options, &mut *out)?;
    Ok(match ending {
        _ if !summary.audit.holds() => NEGATIVE,
        Ending::Interrupted => INTERRUPTED,
        Ending::Time if summary.holds(&options.assertions) => OK,
        Ending::Time => NEGATIVE,
    })
}

/// Plays the match and stops the exchange in order, whatever came of it.
fn play(
    options: &Options,
    data: &Path,
    running: Running,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<(Ending, Seen, Books)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut endings = Endings::new(options.lasts.map(|lasts| Instant::now() + lasts))?;
        let stream = format!("match-{}", options.seed);
        let mut live = Live {
            seed: options.seed,
            speed: options.speed,
            line: Arc::new(Line::new(running.traffic())),
            books: Books::open(data, &stream)?,
            seen: Seen::default(),
            stream,
        };
        let played = live.play(&mut endings, out).await;
        let shared = Arc::clone(running.shared());
        let stopping = tokio::spawn(running.stop());
        tokio::select! {
            stopped = stopping => stopped.context("the exchange did not stop in order")?,
            _ = endings.told() => anyhow::bail!("told twice: stopped at once"),
            () = sleep(serve::HARD_STOP) => anyhow::bail!("the exchange did not stop in time"),
        }
        if let Some(failure) = shared.journal.failure() {
            anyhow::bail!("the journal could not be written: {failure}");
        }
        Ok((played?, live.seen, live.books))
    })
}

/// Says where everything is, and what to try.
fn introduce(
    out: &mut dyn Write,
    options: &Options,
    data: &Path,
    running: &Running,
) -> io::Result<()> {
    let Options { seed, speed, .. } = options;
    let (traffic, admin) = (running.traffic(), running.admin());
    let program = std::env::args().next().unwrap_or_else(|| "breakwater".to_owned());
    let (program, folder) = (quoted(&program), quoted(&data.display().to_string()));
    writeln!(out, "A live match, its viewers and six bidders meet at an exchange.")?;
    writeln!(out, "Seed {seed}; the stream runs {speed} times as fast as life.\n")?;
    writeln!(out, "  traffic  http://{traffic}")?;
    writeln!(out, "  admin    http://{admin}")?;
    writeln!(out, "  data     {}\n", data.display())?;
    writeln!(out, "Try, in another terminal:\n")?;
    let tag = format!("/v1/vast?placement={PLACEMENT}&session=me&break=1&duration=30");
    writeln!(out, "  curl 'http://{traffic}{tag}'")?;
    writeln!(out, "  curl -s http://{admin}/metrics | grep -E 'break_seconds|revenue'")?;
    writeln!(out, "  {program} audit verify --deep --data {folder}\n")
}

fn conclude(summary: &Summary, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out)?;
    writeln!(out, "{}", summary.text(&options.assertions))?;
    if options.format == Format::Json {
        writeln!(io::stdout().lock(), "{}", summary.json(&options.assertions))?;
    }
    Ok(())
}

/// An address to listen on.
#[derive(Clone, Copy, Debug)]
struct Listener {
    address: SocketAddr,
    /// The usual one, when it was taken.
    instead_of: Option<SocketAddr>,
}

/// Finds an address: the one asked for, else the usual one, else that with any free port.
///
/// Beacon addresses are made from it, so its port is settled before the exchange starts.
fn listener(asked: Option<SocketAddr>, usual: SocketAddr) -> io::Result<Listener> {
    let address = asked.unwrap_or(usual);
    let found = TcpListener::bind(address).and_then(|listener| listener.local_addr());
    match found {
        Ok(address) => Ok(Listener { address, instead_of: None }),
        Err(error) if asked.is_none() && error.kind() == io::ErrorKind::AddrInUse => {
            let free = TcpListener::bind((usual.ip(), 0))?;
            Ok(Listener { address: free.local_addr()?, instead_of: Some(usual) })
        }
        Err(error) => Err(io::Error::new(error.kind(), format!("listener {address}: {error}"))),
    }
}

/// Makes a folder of its own under the system's temporary one, for this user only.
fn fresh_folder() -> anyhow::Result<PathBuf> {
    let name = format!("breakwater-demo-{}", entropy::name());
    let folder = std::env::temp_dir().join(name);
    DirBuilder::new()
        .mode(0o700)
        .create(&folder)
        .with_context(|| format!("data folder {}", folder.display()))?;
    Ok(folder)
}

/// Returns a word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Reads a length of time: a whole number and `ms`, `s`, `m` or `h`; at most a day.
fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is not a length of time such as 30s, 500ms, 2m or 1h");
    let at = text.find(|it: char| !it.is_ascii_digit()).ok_or_else(wrong)?;
    let (number, unit) = text.split_at(at);
    let unit = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(wrong()),
    };
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let millis = number.saturating_mul(unit);
    if (1..=LONGEST_MS).contains(&millis) {
        Ok(Duration::from_millis(millis))
    } else {
        Err(format!("{text:?} is not between 1ms and 24h"))
    }
}

/// Reads a speed.
fn speed(text: &str) -> Result<f64, String> {
    let speed: Option<f64> = text.parse().ok();
    speed
        .filter(|speed| (SLOWEST..=FASTEST).contains(speed))
        .ok_or_else(|| format!("{text:?} is not a number from {SLOWEST} to {FASTEST}"))
}

/// A day.
const LONGEST_MS: u64 = 86_400_000;

/// A break every twenty minutes of real time.
const SLOWEST: f64 = 0.1;

/// More than a break a second would only ask for the next before the last is answered.
const FASTEST: f64 = 100.0;

#[cfg(test)]
mod tests;

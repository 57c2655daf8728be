//! The commands, a file each: what they read, what they print, and their exit code.
//!
//! Data goes to stdout, talk to stderr. Exit codes: 0 ok, 1 failed while running, 2 usage, 3 ran
//! fine with a negative verdict (also a data folder that is damaged or locked), 4 no exchange there,
//! 130 interrupted.

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::cli::cue::{CueFormat, CueInput};
use crate::wire::cue::Crc;

pub mod audit;
pub mod cue;
pub mod demo;
pub mod drain;
pub mod life;
pub mod load;
pub mod logs;
pub mod reload;
pub mod remote;
pub mod serve;
pub mod validate;

/// The command ran and all is well.
pub const OK: u8 = 0;
/// It failed while running.
pub const FAILED: u8 = 1;
/// Exit code: the command line asks for what cannot be.
pub const USAGE: u8 = 2;
/// It ran, and what it found is bad.
pub const NEGATIVE: u8 = 3;
/// The exchange that it talks to is not there.
pub const UNREACHABLE: u8 = 4;
/// It was interrupted.
pub const INTERRUPTED: u8 = 130;
/// Whoever read its answer went away: as if SIGPIPE had ended it, so that no verdict is taken
/// for given.
pub const HUNG_UP: u8 = 141;

/// The command line.
#[derive(Debug, Parser)]
#[command(
    name = "breakwater",
    version,
    about = "The open exchange for live ad breaks",
    before_help = "Examples:\n  breakwater demo --for 30s\n  breakwater run -c breakwater.toml",
    max_term_width = 100
)]
pub struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

/// Options of every command.
#[derive(Args, Debug)]
pub struct Common {
    /// The config file; without one, the embedded quickstart
    #[arg(short, long, global = true, env = "BREAKWATER_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Say more; twice for everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Say less; twice for errors only
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub quiet: u8,
    /// The form of log lines; json unless stderr is a terminal
    #[arg(long, global = true, env = "BREAKWATER_LOG_FORMAT", value_name = "FORMAT")]
    pub log_format: Option<Format>,
    /// Colours on stderr; auto also honours NO_COLOR
    #[arg(long, global = true, env = "BREAKWATER_COLOR", default_value = "auto")]
    pub color: Color,
}

/// When messages have colours.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl Color {
    /// Says whether what goes to stderr has colours.
    #[must_use]
    pub fn on_stderr(self) -> bool {
        let refused = || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        match self {
            Self::Auto => io::stderr().is_terminal() && !refused(),
            Self::Always => true,
            Self::Never => false,
        }
    }
}

/// How a command answers.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Format {
    /// For people; may change.
    Text,
    /// For programs; stable.
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start the exchange
    Run,
    /// Exchange, simulated bidders and a simulated live match; needs nothing else
    Demo(demo::Options),
    /// Check a config as `run` would; every problem at once
    Validate(validate::Options),
    /// Have a running exchange read its config again; exit 3 when the old one stays
    Reload(reload::Options),
    /// Have a running exchange stop in order
    Drain(drain::Options),
    /// Read SCTE-35 messages
    #[command(subcommand)]
    Cue(CueCommand),
    /// Read the journal of a data folder; no server needed
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Print the version
    Version,
}

#[derive(Debug, Subcommand)]
enum CueCommand {
    /// Say what one message says and what it does to a break; exit 3 when it is invalid
    Decode {
        /// The message in any carriage; `-` or nothing reads standard input
        message: Option<String>,
        /// How to answer
        #[arg(long, default_value = "json")]
        format: Format,
        /// Take a message whose checksum is wrong
        #[arg(long)]
        lenient_crc: bool,
    },
}

#[derive(Debug, Subcommand)]
enum AuditCommand {
    /// Decide recorded auctions again and compare; exit 3 when one differs
    Replay(audit::replay::Options),
    /// Tell one recorded auction as a person would
    Explain(audit::explain::Options),
    /// Verify records, trees, tiles and checkpoints; exit 3 when something is wrong
    Verify(audit::verify::Options),
    /// Tell starts without stops and numbers without records; exit 3 for any that is not explained
    Gaps(audit::gaps::Options),
    /// Delete auctions that are kept no longer; what is left still verifies
    Prune(audit::prune::Options),
    /// Delete what old auctions tell of viewers; everything still verifies
    Erase(audit::erase::Options),
    /// Prove one auction to a party: a bundle of what it may see, and nothing of anybody else
    Prove(audit::prove::Options),
    /// Check a bundle offline; exit 3 when it does not hold
    Check(audit::check::Options),
    /// Rows of auctions or bids, as far as a party may see them
    Export(audit::export::Options),
}

/// Says whether a command ended because nobody reads its answer any more: nothing to complain of.
#[must_use]
pub fn is_hung_up(error: &anyhow::Error) -> bool {
    let closed = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
    error.chain().any(|cause| cause.downcast_ref().is_some_and(closed))
}

/// Runs the command line and returns the exit code.
///
/// # Errors
///
/// What ended the command; its chain is for people to read.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> anyhow::Result<u8> {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            error.print()?;
            return Ok(u8::try_from(error.exit_code()).unwrap_or(FAILED));
        }
    };
    let common = cli.common;
    match cli.command {
        Command::Run => {
            logs::start(&common, tracing::Level::INFO);
            serve::run(&common)
        }
        Command::Demo(options) => {
            logs::start(&common, tracing::Level::WARN);
            demo::run(&common, &options)
        }
        Command::Validate(options) => validate::run(&common, &options),
        Command::Reload(options) => reload::run(&common, &options),
        Command::Drain(options) => drain::run(&common, &options),
        Command::Cue(CueCommand::Decode { message, format, lenient_crc }) => {
            let format = match format {
                Format::Text => CueFormat::Text,
                Format::Json => CueFormat::Json,
            };
            let crc = if lenient_crc { Crc::Lenient } else { Crc::Strict };
            let input = CueInput { message, format, crc };
            Ok(cue::decode(&input, io::stdin().lock(), io::stdout().lock())?)
        }
        Command::Audit(AuditCommand::Replay(options)) => {
            logs::start(&common, tracing::Level::WARN);
            audit::replay::run(&common, &options)
        }
        Command::Audit(AuditCommand::Explain(options)) => {
            logs::start(&common, tracing::Level::WARN);
            audit::explain::run(&common, &options)
        }
        Command::Audit(AuditCommand::Verify(options)) => {
            logs::start(&common, tracing::Level::WARN);
            audit::verify::run(&common, &options)
        }
        Command::Audit(AuditCommand::Gaps(options)) => {
            logs::start(&common, tracing::Level::WARN);
            audit::gaps::run(&common, &options)
        }
        Command::Audit(AuditCommand::Prune(options)) => {
            logs::start(&common, tracing::Level::WARN);
            audit::prune::run(&common, &options)
        }
        Command::Audit(AuditCommand::Erase(options)) => {
            logs::start(&common, tracing::Level::WARN);
            audit::erase::run(&common, &options)
        }
        Command::Audit(AuditCommand::Prove(options)) => {
            logs::start(&common, tracing::Level::WARN);
            audit::prove::run(&common, &options)
        }
        Command::Audit(AuditCommand::Check(options)) => audit::check::run(&options),
        Command::Audit(AuditCommand::Export(options)) => {
            logs::start(&common, tracing::Level::WARN);
            audit::export::run(&common, &options)
        }
        Command::Version => {
            writeln!(io::stdout().lock(), "{}", crate::exchange::shared::BUILD)?;
            Ok(OK)
        }
    }
}

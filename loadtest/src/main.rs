//! The `loadtest` command: flags to a run, and the only exit.

use std::{
    fmt::Display,
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use clap::{Parser, Subcommand, ValueEnum};
use loadtest::{
    fleet::{self, Fleet, FleetError},
    run::{self, Done, RunError},
    scenario::{Reach, Scenario},
};
use tokio::{
    runtime,
    signal::unix::{SignalKind, signal},
};

/// Publishers and bidders over real sockets, for any OpenRTB 2.6 exchange.
#[derive(Debug, Parser)]
#[command(version, before_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs a scenario, open or closed loop, and reports verdicts, latency and cost.
    Run {
        /// The scenario's file.
        scenario: PathBuf,
        /// Where to send the load, in place of the scenario's target.url.
        #[arg(long, value_name = "URL")]
        target: Option<String>,
        /// The process whose CPU time and memory are divided by the auctions.
        #[arg(long)]
        pid: Option<u32>,
        /// The form of the report on stdout.
        #[arg(long, value_enum, default_value_t = Summary::Text)]
        summary: Summary,
        /// Allows a target that is not on this machine.
        #[arg(long)]
        i_own_the_target: bool,
    },
    /// Runs simulated bidders alone, one JSON line each on stdout, until interrupted.
    Bidders {
        /// The list of bidders.
        file: PathBuf,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Summary {
    Text,
    Json,
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Run { scenario, target, pid, summary, i_own_the_target } => {
            let reach = if i_own_the_target { Reach::Anywhere } else { Reach::Loopback };
            read_plan(&scenario, target, reach)
                .and_then(|plan| run::run(plan, pid).map_err(Failure::run))
                .and_then(|report| show(&report, summary))
        }
        Command::Bidders { file } => bidders(&file),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure { code, message }) => {
            // Nobody is left to tell when stderr is closed.
            let _ = writeln!(io::stderr(), "loadtest: {message}");
            ExitCode::from(code)
        }
    }
}

/// An exit code with its reason.
struct Failure {
    code: u8,
    message: String,
}

impl Failure {
    fn new(code: u8, error: &dyn std::error::Error) -> Self {
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            message.push_str(&format!(": {cause}"));
            source = cause.source();
        }
        Self { code, message }
    }

    fn run(error: RunError) -> Self {
        let code = match &error {
            RunError::Unreachable { .. } => UNREACHABLE,
            RunError::NoProcess(_) => USAGE,
            RunError::Fleet(_)
            | RunError::Process(_)
            | RunError::NothingAnswered { .. }
            | RunError::OpenLoop
            | RunError::Thread(_) => FAILED,
        };
        Self::new(code, &error)
    }

    fn io(what: impl Display, error: &io::Error) -> Self {
        Self { code: FAILED, message: format!("{what}: {error}") }
    }
}

fn read_plan(
    path: &std::path::Path,
    target: Option<String>,
    reach: Reach,
) -> Result<loadtest::scenario::Plan, Failure> {
    let scenario = Scenario::read(path).and_then(|mut scenario| {
        if let Some(url) = target {
            scenario.target.url = url;
        }
        scenario.check(reach)
    });
    scenario.map_err(|error| Failure::new(USAGE, &error))
}

fn show(done: &Done, summary: Summary) -> Result<(), Failure> {
    let text = match (summary, done) {
        (Summary::Text, Done::Closed(report)) => report.to_string(),
        (Summary::Text, Done::Open(report)) => report.to_string(),
        (Summary::Json, _) => {
            serde_json::to_string(done).expect("a report has text keys and finite numbers")
        }
    };
    writeln!(io::stdout(), "{text}").map_err(|error| Failure::io("writing the report", &error))
}

fn bidders(path: &std::path::Path) -> Result<(), Failure> {
    let fleet = Fleet::read(path).map_err(|error| Failure::new(USAGE, &error))?;
    fleet::members(&fleet.entries).map_err(|error| Failure::new(USAGE, &error))?;
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::io("starting the runtime", &error))?;
    runtime.block_on(serve(&fleet))
}

async fn serve(fleet: &Fleet) -> Result<(), Failure> {
    let failed = |error: io::Error| Failure::io("listening for signals", &error);
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let running = fleet::start(&fleet.entries, fleet.seed).await;
    let running = running.map_err(|error: FleetError| Failure::new(FAILED, &error))?;
    for bidder in &running {
        let line = serde_json::to_string(&fleet::listening(bidder))
            .expect("two texts and a number become JSON");
        writeln!(io::stdout(), "{line}")
            .map_err(|error| Failure::io("writing an address", &error))?;
    }
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    for bidder in running {
        bidder.stop().await;
    }
    Ok(())
}

const EXAMPLES: &str = "\
Examples:
  loadtest run loadtest/scenarios/ten-bidders.toml --target http://127.0.0.1:8080 --summary json
  loadtest bidders loadtest/scenarios/cast.toml
";

/// Exit code: failed while running.
const FAILED: u8 = 1;
/// Exit code: wrong usage, a faulty scenario included.
const USAGE: u8 = 2;
/// Exit code: the target takes no connection.
const UNREACHABLE: u8 = 4;

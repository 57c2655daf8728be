//! The `loadtest` command: flags to a run, and the only exit.

use std::{
    fmt::Display,
    io::{self, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Parser, Subcommand, ValueEnum};
use loadtest::{
    bars::child,
    bidder::tls::certificate_pem,
    fleet::{self, Fleet, FleetError},
    floor::{self, Floor, Way},
    page,
    run::{self, Done, RunError},
    scenario::{Reach, Scenario},
};
use rustix::process::{Resource, getrlimit, setrlimit};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use tokio::{
    runtime,
    signal::unix::{SignalKind, signal},
};

mod bars_command;

/// Publishers and bidders over real sockets, for any OpenRTB 2.6 exchange.
#[derive(Debug, Parser)]
#[command(version, before_help = EXAMPLES)]
struct Arguments {
    /// Runs on this core only, so that what is measured can have the others.
    #[arg(long, global = true, value_name = "NUMBER")]
    core: Option<usize>,
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
        /// Writes a page with charts beside the report.
        #[arg(long, value_name = "FILE")]
        html: Option<PathBuf>,
        /// Allows a target that is not on this machine.
        #[arg(long)]
        i_own_the_target: bool,
    },
    /// Measures the project's bars with an exchange of its own, one after the other.
    Bars(bars_command::Bars),
    /// Serves the physical limit: a bare fan-out of the caller's bytes to the bidders.
    Floor {
        /// The scenario whose bidders are asked, at the ports it names.
        #[arg(required_unless_present = "bidder")]
        scenario: Option<PathBuf>,
        /// Which way the bytes go.
        #[arg(long, value_enum)]
        http: Http,
        /// Asks over TLS; needs --certificate.
        #[arg(long, requires = "certificate")]
        tls: bool,
        /// The bidders' certificate (`loadtest bidders --certificate FILE` writes it).
        #[arg(long, value_name = "FILE")]
        certificate: Option<PathBuf>,
        /// A bidder's address, in place of the scenario's; may be repeated.
        #[arg(long, value_name = "ADDRESS")]
        bidder: Vec<SocketAddr>,
        /// Where callers find it; port 0 takes a free one, which is printed.
        #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
        listen: SocketAddr,
        /// Connections to each bidder opened before the first caller comes.
        #[arg(long, value_name = "COUNT", default_value_t = 32)]
        warm: usize,
    },
    /// Runs simulated bidders alone, one JSON line each on stdout, until interrupted.
    Bidders {
        /// The list of bidders.
        file: PathBuf,
        /// Where to write the certificate of those that speak TLS.
        #[arg(long, value_name = "FILE")]
        certificate: Option<PathBuf>,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Http {
    Hyper,
    Epoll,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Summary {
    Text,
    Json,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(core) = arguments.core
        && !child::pin(core)
    {
        // Nobody is left to tell when stderr is closed.
        let _ = writeln!(io::stderr(), "loadtest: --core {core}: there is no such core here");
        return ExitCode::from(USAGE);
    }
    raise_descriptors();
    let done = match arguments.command {
        Command::Run { scenario, target, pid, summary, html, i_own_the_target } => {
            let reach = if i_own_the_target { Reach::Anywhere } else { Reach::Loopback };
            read_plan(&scenario, target, reach)
                .and_then(|plan| run::run(plan, pid).map_err(Failure::run))
                .and_then(|report| show(&report, summary, html.as_deref()))
        }
        Command::Bars(arguments) => bars_command::command(arguments),
        Command::Floor { scenario, http, tls, certificate, bidder, listen, warm } => {
            let way = match http {
                Http::Hyper => Way::Hyper,
                Http::Epoll => Way::Epoll,
            };
            let certificate = certificate.filter(|_| tls);
            floor(scenario.as_deref(), certificate.as_deref(), bidder).and_then(
                |(bidders, certificate)| {
                    let floor = Floor { way, listen, bidders, warm, certificate };
                    floor::serve(&floor).map_err(|error| Failure::new(FAILED, &error))
                },
            )
        }
        Command::Bidders { file, certificate } => bidders(&file, certificate.as_deref()),
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

/// Raises the soft limit on descriptors to the hard one: connections are what a load tool has.
fn raise_descriptors() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // Where it stays as it is, connections past it are errors of the run.
    let _ = setrlimit(Resource::Nofile, limit);
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
            // Some errors say all that their cause says.
            let cause_text = cause.to_string();
            if !message.ends_with(&cause_text) {
                message.push_str(&format!(": {cause_text}"));
            }
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
    path: &Path,
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

fn show(done: &Done, summary: Summary, html: Option<&Path>) -> Result<(), Failure> {
    if let Some(file) = html {
        let page = page::run(done);
        std::fs::write(file, page).map_err(|error| Failure::io("writing the page", &error))?;
    }
    let text = match (summary, done) {
        (Summary::Text, Done::Closed(report)) => report.to_string(),
        (Summary::Text, Done::Open(report)) => report.to_string(),
        (Summary::Json, _) => {
            serde_json::to_string(done).expect("a report has text keys and finite numbers")
        }
    };
    writeln!(io::stdout(), "{text}").map_err(|error| Failure::io("writing the report", &error))
}

/// Returns where the bidders of a floor listen, and the certificate they show.
fn floor(
    scenario: Option<&Path>,
    certificate: Option<&Path>,
    mut bidders: Vec<SocketAddr>,
) -> Result<(Vec<SocketAddr>, Option<CertificateDer<'static>>), Failure> {
    let usage = |message: String| Failure { code: USAGE, message };
    if let Some(path) = scenario.filter(|_| bidders.is_empty()) {
        let scenario = Scenario::read(path).map_err(|error| Failure::new(USAGE, &error))?;
        let members = fleet::members(&scenario.bidders);
        for (character, port) in members.map_err(|error| Failure::new(USAGE, &error))? {
            if port == 0 {
                let message = format!("bidder {:?} of the scenario has no port", character.id);
                return Err(usage(message));
            }
            bidders.push(SocketAddr::from(([127, 0, 0, 1], port)));
        }
    }
    if bidders.is_empty() {
        return Err(usage("nobody is asked: the scenario has no [[bidder]]".to_owned()));
    }
    let read = |path: &Path| {
        CertificateDer::from_pem_file(path)
            .map_err(|error| usage(format!("certificate {}: {error}", path.display())))
    };
    Ok((bidders, certificate.map(read).transpose()?))
}

fn bidders(path: &Path, certificate: Option<&Path>) -> Result<(), Failure> {
    if let Some(file) = certificate {
        std::fs::write(file, certificate_pem())
            .map_err(|error| Failure::io("writing the certificate", &error))?;
    }
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
  loadtest bars --quick --only goodput
";

/// Exit code: failed while running.
const FAILED: u8 = 1;
/// Exit code: wrong usage, a faulty scenario included.
const USAGE: u8 = 2;
/// Exit code: the target takes no connection.
const UNREACHABLE: u8 = 4;

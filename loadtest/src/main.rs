//! The `loadtest` command: flags to a run, and the only exit.

use std::{
    fmt::Display,
    io::{self, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Parser, Subcommand, ValueEnum};
use loadtest::{
    bars::{
        self,
        child::{self, Children},
        scenario::Bar,
        verdict::{Standing, Verdict},
    },
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
    sync::oneshot,
};

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
    Bars(Bars),
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

#[derive(Debug, Args)]
struct Bars {
    /// Only bars of this name; may be repeated.
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Short runs, whose verdicts are only indicative.
    #[arg(long)]
    quick: bool,
    /// Lists the bars and measures none.
    #[arg(long)]
    list: bool,
    /// The exchange to start; absent: target/release/breakwater, or target/debug/breakwater.
    #[arg(long, value_name = "PATH")]
    breakwater: Option<PathBuf>,
    /// Where data folders are made, and removed again: on the disk to be measured.
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// The form of the verdicts on stdout.
    #[arg(long, value_enum, default_value_t = Summary::Text)]
    summary: Summary,
    /// Writes a page with charts beside the verdicts.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
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
    if let Some(core) = arguments.core {
        child::pin(core);
    }
    raise_descriptors();
    let done = match arguments.command {
        Command::Run { scenario, target, pid, summary, html, i_own_the_target } => {
            let reach = if i_own_the_target { Reach::Anywhere } else { Reach::Loopback };
            read_plan(&scenario, target, reach)
                .and_then(|plan| run::run(plan, pid).map_err(Failure::run))
                .and_then(|report| show(&report, summary, html.as_deref()))
        }
        Command::Bars(arguments) => bars(arguments),
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

/// Measures bars on a thread of its own, while this one waits for a signal.
fn bars(arguments: Bars) -> Result<(), Failure> {
    let all = bars::all().map_err(|error| Failure::new(USAGE, &error))?;
    let names = || all.iter().map(|bar| bar.name.as_str()).collect::<Vec<_>>().join(", ");
    if let Some(name) = arguments.only.iter().find(|name| all.iter().all(|it| it.name != **name)) {
        let message = format!("no bar is called {name:?}; there are {}", names());
        return Err(Failure { code: USAGE, message });
    }
    let chosen = |bar: &Bar| arguments.only.is_empty() || arguments.only.contains(&bar.name);
    let chosen: Vec<Bar> = all.iter().filter(|bar| chosen(bar)).cloned().collect();
    if arguments.list {
        for bar in &chosen {
            print(&format!("{:<12} {:<8} {}", bar.name, bars::kind(bar), bar.bar))?;
        }
        return Ok(());
    }
    let children = Children::default();
    let options = bars::Options {
        breakwater: breakwater(arguments.breakwater.clone())?,
        folder: arguments.folder.clone().unwrap_or_else(std::env::temp_dir),
        quick: arguments.quick,
        children: children.clone(),
    };
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::io("starting the runtime", &error))?;
    let (done, measured) = oneshot::channel();
    let thread = std::thread::Builder::new().name("load".to_owned()).spawn(move || {
        // Nobody listens any more once a signal came.
        let _ = done.send(measure(&chosen, &options, &arguments));
    });
    thread.map_err(|error| Failure::io("starting the load thread", &error))?;
    runtime.block_on(async {
        let failed = |error: io::Error| Failure::io("listening for signals", &error);
        let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
        let interrupted = || {
            children.kill_all();
            Err(Failure { code: INTERRUPTED, message: "interrupted".to_owned() })
        };
        tokio::select! {
            measured = measured => measured.unwrap_or_else(|_| {
                children.kill_all();
                Err(Failure { code: FAILED, message: "the load thread ended early".to_owned() })
            }),
            _ = terminate.recv() => interrupted(),
            _ = interrupt.recv() => interrupted(),
        }
    })
}

fn measure(chosen: &[Bar], options: &bars::Options, arguments: &Bars) -> Result<(), Failure> {
    let mut verdicts = Vec::new();
    let mut failed = None;
    for bar in chosen {
        // Talk goes to stderr, and nobody is left to tell when it is closed.
        let _ = writeln!(io::stderr(), "measuring {}: {}", bar.name, bar.bar);
        match bars::measure(bar, options) {
            Ok(verdict) => {
                if let Summary::Text = arguments.summary {
                    print(&verdict.to_string())?;
                }
                verdicts.push(verdict);
            }
            Err(error) => {
                let failure = Failure::new(FAILED, &error);
                let _ = writeln!(io::stderr(), "loadtest: bar {}: {}", bar.name, failure.message);
                failed = Some(failure);
            }
        }
    }
    match arguments.summary {
        Summary::Text => print(&bars::verdict::table(&verdicts))?,
        Summary::Json => print(
            &serde_json::to_string(&verdicts).expect("verdicts have text keys and finite numbers"),
        )?,
    }
    if let Some(file) = &arguments.html {
        let page = page::bars(&verdicts);
        std::fs::write(file, page).map_err(|error| Failure::io("writing the page", &error))?;
    }
    let held = |it: &Verdict| matches!(it.standing, Standing::Met | Standing::Reported);
    match failed {
        Some(failure) => Err(failure),
        None if verdicts.iter().all(held) => Ok(()),
        None => Err(Failure { code: VERDICT, message: "not every bar is met".to_owned() }),
    }
}

fn print(text: &str) -> Result<(), Failure> {
    writeln!(io::stdout(), "{text}").map_err(|error| Failure::io("writing the verdicts", &error))
}

/// Returns the exchange to start: the one named, or the one that was built last beside this program.
fn breakwater(named: Option<PathBuf>) -> Result<PathBuf, Failure> {
    let own = std::env::current_exe().ok();
    let beside = own.as_deref().and_then(Path::parent).map(|folder| folder.join("breakwater"));
    let places = ["target/release/breakwater", "target/debug/breakwater"].map(PathBuf::from);
    let mut found = named.clone().into_iter().chain(beside).chain(places);
    let found = if named.is_some() { found.next() } else { found.find(|path| path.is_file()) };
    found.filter(|path| path.is_file()).ok_or_else(|| Failure {
        code: USAGE,
        message:
            "there is no breakwater to start: build it (cargo build --release) or name it with \
                  --breakwater PATH"
                .to_owned(),
    })
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
/// Exit code: measured, and a bar is missed or without a verdict.
const VERDICT: u8 = 3;
/// Exit code: ended by a signal.
const INTERRUPTED: u8 = 130;
/// Exit code: the target takes no connection.
const UNREACHABLE: u8 = 4;

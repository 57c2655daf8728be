//! `loadtest bars`: which bars, with which exchange, and the exit code they come to.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use clap::Args;
use loadtest::{
    bars::{
        self,
        child::Children,
        scenario::Bar,
        verdict::{Standing, Verdict},
    },
    page,
};
use tokio::{
    runtime,
    signal::unix::{SignalKind, signal},
    sync::oneshot,
};

use crate::{FAILED, Failure, Summary, USAGE};

/// What `loadtest bars` is told.
#[derive(Debug, Args)]
pub(crate) struct Bars {
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

/// Measures bars on a thread of its own, while this one waits for a signal.
pub(crate) fn command(arguments: Bars) -> Result<(), Failure> {
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
    let done = runtime.block_on(async {
        let failed = |error: io::Error| Failure::io("listening for signals", &error);
        let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
        let early = |code, message: &str| Failure { code, message: message.to_owned() };
        tokio::select! {
            measured = measured => {
                measured.unwrap_or_else(|_| Err(early(FAILED, "the load thread ended early")))
            }
            _ = terminate.recv() => Err(early(INTERRUPTED, "interrupted")),
            _ = interrupt.recv() => Err(early(INTERRUPTED, "interrupted")),
        }
    });
    children.end_all();
    done
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

/// Exit code: measured, and a bar is missed or without a verdict.
const VERDICT: u8 = 3;

/// Exit code: ended by a signal.
const INTERRUPTED: u8 = 130;

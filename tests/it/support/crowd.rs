//! Callers that ask for breaks, one after the other, until they are told to stop or the exchange is
//! gone, and what they were answered, to be held against the journal.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use breakwater::io::journal::Stream;
use breakwater::io::journal::read::frames;
use breakwater::wire::record::read::read;
use breakwater::wire::record::{Kind, Lifecycle};
use parking_lot::Mutex;
use serde_json::Value;

use crate::support::{PATIENCE, http, until};

/// Callers at work.
pub(crate) struct Crowd {
    told: Arc<Told>,
    callers: Vec<JoinHandle<()>>,
}

/// What callers were told so far.
#[derive(Default)]
struct Told {
    enough: AtomicBool,
    answers: Mutex<Answers>,
}

/// What callers were told.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answers {
    /// Answers with ads, in the order they came.
    pub(crate) sold: Vec<Sold>,
    /// How many had none, by reason.
    pub(crate) empty: BTreeMap<String, usize>,
    /// How many connections ended before a whole answer.
    pub(crate) broken: usize,
}

/// An answer with ads.
#[derive(Clone, Debug)]
pub(crate) struct Sold {
    /// The id of its auction.
    pub(crate) auction: String,
    /// How long its caller waited.
    pub(crate) took: Duration,
}

impl Crowd {
    /// Sends so many callers to an exchange; `name` tells their breaks from those of other crowds.
    pub(crate) fn send(callers: usize, traffic: SocketAddr, name: &str) -> Self {
        let told = Arc::<Told>::default();
        let callers = (0..callers).map(|caller| {
            let (told, name) = (Arc::clone(&told), format!("{name}-{caller}"));
            thread::spawn(move || call(traffic, &name, &told))
        });
        let callers = callers.collect();
        Self { told, callers }
    }

    /// Returns how many answers had ads so far.
    pub(crate) fn sold(&self) -> usize {
        self.told.answers.lock().sold.len()
    }

    /// Waits until so many answers had ads.
    pub(crate) fn until_sold(&self, count: usize) {
        until(&format!("{count} sales"), || (count <= self.sold()).then_some(()));
    }

    /// Waits until so many answers had none for this reason.
    pub(crate) fn until_empty(&self, reason: &str, count: usize) {
        until(&format!("{count} answers of {reason}"), || {
            let found = self.told.answers.lock().empty.get(reason).copied();
            (count <= found.unwrap_or_default()).then_some(())
        });
    }

    /// Lets each caller end what it is at; returns what all were told.
    pub(crate) fn stop(self) -> Answers {
        self.told.enough.store(true, Ordering::Relaxed);
        self.left()
    }

    /// Waits until all callers found the exchange gone; returns what they were told.
    pub(crate) fn left(self) -> Answers {
        for caller in self.callers {
            caller.join().unwrap();
        }
        self.told.answers.lock().clone()
    }
}

/// Asks for one break after the other, for every fourth of them twice.
fn call(traffic: SocketAddr, name: &str, told: &Told) {
    let mut number = 0;
    let mut last: Option<String> = None;
    while let Ok(mut stream) = TcpStream::connect(traffic) {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        loop {
            if told.enough.load(Ordering::Relaxed) {
                return;
            }
            let again = number % 4 == 3 && last.is_some();
            number += usize::from(!again);
            let begun = Instant::now();
            let Some(answer) = ask(&mut stream, &mut reader, name, number) else {
                told.answers.lock().broken += 1;
                // Whether this break was sold nobody was told: the next is a first question.
                last = None;
                break;
            };
            let took = begun.elapsed();
            let auction = answer["auction"].as_str().unwrap_or_default().to_owned();
            let mut answers = told.answers.lock();
            if answer["ads"].as_array().is_some_and(|ads| !ads.is_empty()) {
                if let (true, Some(last)) = (again, &last) {
                    assert_eq!(&auction, last, "a break is sold once");
                }
                last = (!again).then(|| auction.clone());
                answers.sold.push(Sold { auction, took });
            } else {
                let reason = answer["no_fill"].as_str().unwrap_or("no reason").to_owned();
                *answers.empty.entry(reason).or_default() += 1;
                last = None;
            }
        }
    }
}

/// Asks for a break; none when the exchange went away before all of its answer was here.
fn ask(
    stream: &mut TcpStream,
    reader: &mut BufReader<TcpStream>,
    name: &str,
    number: usize,
) -> Option<Value> {
    let request = format!(
        "GET /v1/vast?placement=arena&session={name}&break={number}&duration=60 HTTP/1.1\r\n\
         host: ads.example\r\naccept: application/vnd.breakwater+json\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).ok()?;
    let (first, headers) = http::read_head(reader)?;
    let length = headers.iter().find(|(name, _)| name == "content-length")?;
    let mut body = vec![0; length.1.parse().unwrap()];
    reader.read_exact(&mut body).ok()?;
    assert!(first.contains(" 200 "), "{first}");
    Some(serde_json::from_slice(&body).unwrap())
}

/// The auctions in a journal.
#[derive(Debug, Default)]
pub(crate) struct Recorded {
    /// How often each is there, by id.
    pub(crate) auctions: BTreeMap<String, usize>,
    /// Those of which the journal says that they were answered before their flush.
    pub(crate) late: Vec<String>,
}

impl Recorded {
    /// Reads the journal of a data folder.
    pub(crate) fn read(data: &Path) -> Self {
        let mut found = Self::default();
        for stream in [Stream::Auction, Stream::Money] {
            for frame in frames(data, stream).unwrap() {
                let record = read(&frame.unwrap().payload).unwrap();
                if record.kind == Kind::Auction {
                    *found.auctions.entry(record.id.to_string()).or_default() += 1;
                } else if record.kind == Kind::Lifecycle
                    && let Ok(Lifecycle::LateSync { auction }) = record.lifecycle()
                {
                    found.late.push(auction.to_string());
                }
            }
        }
        found
    }

    /// Returns the answers whose auctions are not there.
    ///
    /// Who asks again is told of the same sale and waits for no flush: the first answer counts.
    pub(crate) fn missing<'a>(&self, answers: &'a Answers) -> Vec<&'a Sold> {
        let mut told = BTreeSet::new();
        let first = answers.sold.iter().filter(|sold| told.insert(&sold.auction));
        first.filter(|sold| !self.auctions.contains_key(&sold.auction)).collect()
    }

    /// Asserts that no auction is there twice.
    pub(crate) fn assert_once(&self) {
        let more: Vec<_> = self.auctions.iter().filter(|(_, count)| **count != 1).collect();
        assert!(more.is_empty(), "recorded more than once: {more:?}");
    }
}

/// How long an answer waits for its flush at most, by decision 21: what was quicker was flushed.
pub(crate) const FLUSH_WAIT: Duration = Duration::from_millis(20);

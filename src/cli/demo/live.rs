//! The match as it runs: messages leave the packager, viewers ask, each break gets its line.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::cli::demo::audience::{self, Answer, Line, Viewer};
use crate::cli::demo::books::{Books, Tally};
use crate::cli::demo::ending::{Ending, Endings};
use crate::cli::demo::schedule::{self, Break, Visit};
use crate::cli::demo::summary::{Seen, dollars};
use crate::model::cue::{BreakAction, Signal};
use crate::model::time::Millis;
use crate::wire::cue::{self, Crc, encode};

/// A match being played.
pub struct Live {
    /// What settles everything.
    pub seed: u64,
    /// Stream time by real time.
    pub speed: f64,
    /// What the stream is called.
    pub stream: String,
    /// How the audience reaches the exchange.
    pub line: Arc<Line>,
    /// What is recorded.
    pub books: Books,
    /// What the audience saw.
    pub seen: Seen,
}

/// One break under way.
struct Playing {
    ad_break: Break,
    /// The break's name in the journal, once it was announced.
    id: Option<String>,
    asking: JoinSet<Asked>,
    answers: Vec<Option<Answer>>,
    answered: u64,
}

/// What came of one request.
struct Asked {
    viewer: usize,
    again: bool,
    answer: anyhow::Result<Answer>,
    beacons: u64,
}

impl Live {
    /// Plays until told to end; one line per break.
    ///
    /// # Errors
    ///
    /// When the journal cannot be read or the lines not be written.
    pub async fn play(
        &mut self,
        endings: &mut Endings,
        out: &mut (dyn Write + Send),
    ) -> anyhow::Result<Ending> {
        writeln!(out, "{HEADING}")?;
        let viewers: Arc<Vec<Viewer>> = Arc::new(audience::viewers(self.seed));
        let start = Instant::now();
        for number in 1.. {
            let mut playing = Playing::new(schedule::ad_break(self.seed, number));
            let mut ended = None;
            for emission in playing.ad_break.emissions.clone() {
                let after = Duration::from_millis(emission.at.0).div_f64(self.speed);
                ended = endings.until(start + after).await;
                if ended.is_some() {
                    break;
                }
                self.hear(&mut playing, &emission.message, &viewers)?;
            }
            if playing.id.is_some() {
                let line = self.close(playing).await?;
                writeln!(out, "{line}")?;
                out.flush()?;
            }
            if let Some(ending) = ended {
                return Ok(ending);
            }
        }
        unreachable!("a match has no last break")
    }

    /// Does what a message says: its text is read as any stitcher would read it.
    fn hear(
        &self,
        playing: &mut Playing,
        message: &[u8],
        viewers: &Arc<Vec<Viewer>>,
    ) -> anyhow::Result<()> {
        let text = encode::to_base64(message);
        let heard = cue::decode(&text, Crc::Strict).context("a message of the packager")?;
        let signal = heard.signal().context("a message of the packager names no event")?;
        if signal.action == BreakAction::Start {
            let again = playing.id.is_some();
            playing.id = Some(name(&signal));
            for visit in playing.ad_break.visits.clone() {
                if !again || visit.retries {
                    self.ask(&mut playing.asking, visit, again, (viewers, &text));
                }
            }
        }
        Ok(())
    }

    fn ask(
        &self,
        asking: &mut JoinSet<Asked>,
        visit: Visit,
        again: bool,
        (viewers, message): (&Arc<Vec<Viewer>>, &str),
    ) {
        let (line, viewers) = (Arc::clone(&self.line), Arc::clone(viewers));
        let tag = viewers[visit.viewer].tag(&self.stream, message);
        asking.spawn(async move {
            sleep(Duration::from_millis(visit.delay.0)).await;
            let viewer = &viewers[visit.viewer];
            let answer = line.ask(viewer, &tag).await;
            let mut beacons = 0;
            if let (Ok(answer), true, false) = (&answer, visit.viewer < PLAYERS, again) {
                for url in &answer.beacons {
                    beacons += u64::from(line.fire(viewer, url).await);
                }
            }
            Asked { viewer: visit.viewer, again, answer, beacons }
        });
    }

    /// Waits for the answers under way, reads the journal, and returns the break's line.
    async fn close(&mut self, mut playing: Playing) -> anyhow::Result<String> {
        let (mut firsts, mut repeats) = (Vec::new(), Vec::new());
        while let Some(asked) = playing.asking.join_next().await {
            let asked = asked.context("a viewer")?;
            if asked.again { repeats.push(asked) } else { firsts.push(asked) }
        }
        self.seen.breaks += 1;
        for asked in firsts {
            self.first(&mut playing, asked);
        }
        for asked in repeats {
            self.again(&playing, asked);
        }
        self.books.catch_up()?;
        let id = playing.id.as_deref().unwrap_or_default();
        Ok(line(&playing, &self.books.ad_break(id)))
    }

    fn first(&mut self, playing: &mut Playing, asked: Asked) {
        self.seen.viewers += 1;
        self.seen.asked += u64::from(playing.ad_break.seconds().0);
        self.seen.beacons += asked.beacons;
        match asked.answer {
            Ok(answer) => {
                self.seen.timed(&answer);
                self.seen.received += u64::from(answer.seconds);
                playing.answered += 1;
                playing.answers[asked.viewer] = Some(answer);
            }
            Err(error) => self.failed(&error),
        }
    }

    fn again(&mut self, playing: &Playing, asked: Asked) {
        self.seen.retries += 1;
        match asked.answer {
            Ok(answer) => {
                self.seen.timed(&answer);
                let first = playing.answers[asked.viewer].as_ref();
                self.seen.same += u64::from(first.is_some_and(|first| first.ads == answer.ads));
            }
            Err(error) => self.failed(&error),
        }
    }

    fn failed(&mut self, error: &anyhow::Error) {
        self.seen.failed += 1;
        tracing::warn!("a viewer got no ads: {error:#}");
    }
}

impl Playing {
    fn new(ad_break: Break) -> Self {
        let answers = vec![None; schedule::AUDIENCE];
        Self { ad_break, id: None, asking: JoinSet::new(), answers, answered: 0 }
    }
}

/// Returns the name that the exchange gives the break of a signal: its key and its time.
#[must_use]
pub fn name(signal: &Signal) -> String {
    match signal.pts {
        Some(pts) => format!("{}.{pts}", signal.key),
        None => signal.key.to_string(),
    }
}

/// Returns the line of a break.
fn line(playing: &Playing, tally: &Tally) -> String {
    let ad_break = &playing.ad_break;
    let viewers = u64::try_from(ad_break.visits.len()).expect("an audience fits");
    let asked = u64::from(ad_break.seconds().0) * viewers;
    let slowest = tally
        .slowest()
        .map_or_else(|| "-".to_owned(), |(bidder, us)| format!("{bidder} {} ms", us / 1000));
    format!(
        "{:>8}  {:>8}  {:<18}{:>7}  {:>9}  {:>13}  {:>11}  {slowest}",
        clock(ad_break.at),
        length(ad_break.length),
        ad_break.kind.name(),
        viewers,
        average(tally.sold, viewers),
        average(asked.saturating_sub(tally.sold), viewers),
        dollars(tally.gross),
    )
}

/// Returns a place in the stream as `0:02:20`.
fn clock(at: Millis) -> String {
    let seconds = at.0 / 1000;
    format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// Returns a length in seconds with the places it needs.
fn length(length: Millis) -> String {
    let text = format!("{}.{:03}", length.0 / 1000, length.0 % 1000);
    format!("{} s", text.trim_end_matches('0').trim_end_matches('.'))
}

/// Returns seconds by viewers to one place.
fn average(seconds: u64, viewers: u64) -> String {
    let tenths = (seconds * 10 + viewers / 2) / viewers.max(1);
    format!("{}.{} s", tenths / 10, tenths % 10)
}

/// What stands above the lines; `each` is what an average viewer got.
const HEADING: &str = "  stream     break  signal            viewers  sold each  unfilled each  \
                       revenue USD  slowest bidder";

/// The first so many viewers play what they get, and say so.
const PLAYERS: usize = 3;

//! Data folders as an exchange leaves them: journal, keys and public log.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use breakwater::auction::decide::decide;
use breakwater::audit::verify::{Options, Report, verify};
use breakwater::io::entropy;
use breakwater::io::journal::disk::LocalDisk;
use breakwater::io::journal::queue::Permit;
use breakwater::io::journal::{Durability, Flush, Identity, Journal, Limits, Settings, Stream};
use breakwater::io::log::follower::Logs;
use breakwater::io::metrics::{Build, Labels, Metrics};
use breakwater::model::ids::AuctionId;
use breakwater::model::plan::Draw;
use breakwater::model::rates::RateSnapshot;
use breakwater::model::standing::Standing;
use breakwater::model::time::UnixMillis;
use breakwater::wire::record::admin::{Action, Admin};
use breakwater::wire::record::ops::Ops;
use breakwater::wire::record::read::is_start;
use breakwater::wire::record::{self, Head, Lifecycle};
use tempfile::TempDir;

use crate::sale::{ARRIVAL, Sale};

/// A node at work, without the network.
pub(crate) struct Node {
    pub(crate) data: TempDir,
    pub(crate) journal: Arc<Journal>,
    /// The config that sales cite.
    pub(crate) config: (u64, [u8; 32]),
    /// The rates that sales cite.
    pub(crate) rates: Option<(u64, [u8; 32])>,
    /// Every auction is a millisecond after the one before.
    pub(crate) at: UnixMillis,
}

impl Node {
    /// Starts it in a new folder.
    pub(crate) fn start() -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), Limits { ahead: 64, ..Limits::default() })
    }

    /// Starts it after a crash of the start `boot`.
    pub(crate) fn start_gap(data: TempDir, boot: u64) -> Self {
        let gap = Lifecycle::Gap { boot, auction: Vec::new(), money: Vec::new() };
        Self::open(data, Limits::default(), ARRIVAL, &[gap])
    }

    /// Starts it, and records start and config.
    pub(crate) fn start_in(data: TempDir, limits: Limits) -> Self {
        Self::open(data, limits, ARRIVAL, &[])
    }

    /// Starts it in a new folder, at another time than the usual.
    pub(crate) fn start_at(at: UnixMillis, limits: Limits) -> Self {
        Self::open(tempfile::tempdir().unwrap(), limits, at, &[])
    }

    /// Starts it after crashes, and records the start alone.
    pub(crate) fn start_bare(data: TempDir) -> Self {
        Self::begin(data, Limits::default(), ARRIVAL)
    }

    fn open(data: TempDir, limits: Limits, at: UnixMillis, found: &[Lifecycle]) -> Self {
        let mut node = Self::begin(data, limits, at);
        found.iter().for_each(|event| node.life(event));
        node.configure();
        node
    }

    /// Starts it with settings of one's own.
    pub(crate) fn start_with(data: TempDir, settings: Settings) -> Self {
        let mut node = Self::open_with(data, settings, ARRIVAL);
        node.life(&Lifecycle::Start);
        node.configure();
        node
    }

    /// Opens its journal as another start, and does not say so.
    pub(crate) fn open_silently(data: TempDir) -> Self {
        Self::open_with(data, Settings::new(Durability::Flushed), ARRIVAL)
    }

    fn begin(data: TempDir, limits: Limits, at: UnixMillis) -> Self {
        let settings = Settings { limits, ..Settings::new(Durability::Flushed) };
        let node = Self::open_with(data, settings, at);
        node.life(&Lifecycle::Start);
        node
    }

    fn open_with(data: TempDir, settings: Settings, at: UnixMillis) -> Self {
        let disk = Arc::new(LocalDisk);
        let journal = Journal::open_on(disk, data.path(), &identity(), settings, is_start).unwrap();
        let (journal, config) = (Arc::new(journal), (0, [0; 32]));
        Self { data, journal, config, rates: None, at }
    }

    /// Records the config that sales are made under.
    pub(crate) fn configure(&mut self) {
        self.configure_as(CONFIG);
    }

    /// Records a config.
    pub(crate) fn configure_as(&mut self, config: &str) {
        let permit = self.permit(Stream::Money);
        let head = self.head(permit.seq());
        let (payload, root) = record::config_snapshot(&head, &self.draw(), config.as_bytes());
        self.config = (flushed(permit, payload), root);
    }

    /// Records rates of exchange.
    pub(crate) fn quote(&mut self, rates: &[RateSnapshot]) {
        let permit = self.permit(Stream::Money);
        let head = self.head(permit.seq());
        let (payload, root) = record::rates::rates(&head, &self.draw(), rates);
        self.rates = Some((flushed(permit, payload), root));
    }

    /// Records what happened to it.
    pub(crate) fn life(&self, event: &Lifecycle) {
        self.life_in((Stream::Money, "n1"), event);
    }

    /// Records what happened in a stream, as a node.
    pub(crate) fn life_in(&self, (stream, node): (Stream, &str), event: &Lifecycle) {
        let permit = self.permit(stream);
        let head = Head { node, ..self.head(permit.seq()) };
        flushed(permit, record::lifecycle(&head, &self.draw(), event));
    }

    /// Records that somebody is about to prune; returns the index of the record.
    pub(crate) fn told_prune(&self, first_kept: u64) -> u64 {
        self.told(Action::Prune { before: self.at, segments: 1, records: 1, first_kept })
    }

    /// Records what somebody did; returns the index of the record.
    pub(crate) fn told(&self, action: Action) -> u64 {
        let permit = self.permit(Stream::Money);
        let admin = Admin { by: "cli".into(), action };
        let head = self.head(permit.seq());
        flushed(permit, record::admin::admin(&head, &self.draw(), &admin))
    }

    /// Sells so many times.
    pub(crate) fn sell(&mut self, count: usize) {
        for _ in 0..count {
            let permit = self.permit(Stream::Auction);
            let payload = self.auction(permit.seq(), |_| {});
            flushed(permit, payload);
        }
    }

    /// Returns the record of the next sale, its input or outcome changed.
    pub(crate) fn auction(&mut self, seq: u64, change: impl FnOnce(&mut Sale)) -> Vec<u8> {
        self.auction_of(seq, &[MARKUP], change)
    }

    /// Returns the same of a sale of one ad per markup.
    pub(crate) fn auction_of(
        &mut self,
        seq: u64,
        markups: &[&str],
        change: impl FnOnce(&mut Sale),
    ) -> Vec<u8> {
        let mut sale = Sale::of(markups);
        sale.input.draw = self.draw();
        sale.outcome = decide(&sale.input);
        assert_eq!(sale.outcome.wins.len(), markups.len(), "{:?}", sale.outcome);
        change(&mut sale);
        self.recorded(seq, &sale)
    }

    /// Returns the record of the next sale, its input changed and then decided.
    pub(crate) fn decided(&mut self, seq: u64, change: impl FnOnce(&mut Sale)) -> Vec<u8> {
        let mut sale = Sale::of(&[MARKUP]);
        sale.input.draw = self.draw();
        change(&mut sale);
        sale.outcome = decide(&sale.input);
        self.recorded(seq, &sale)
    }

    fn recorded(&mut self, seq: u64, sale: &Sale) -> Vec<u8> {
        self.at.0 += 1;
        let mut head = self.head(seq);
        (head.config, head.rates) = (Some(self.config), self.rates);
        let standing = Standing::default();
        let ops = Ops { standing: &standing, stages: &[] };
        record::auction(&head, &sale.request, &sale.input, &sale.outcome, &ops)
    }

    /// Takes a permit.
    pub(crate) fn permit(&self, stream: Stream) -> Permit {
        self.journal.permit(stream).unwrap()
    }

    /// Signs and publishes all that was recorded.
    pub(crate) fn publish(&self) {
        let logs = Logs::open(self.data.path(), &identity(), None, &self.journal).unwrap();
        let journal = Arc::clone(&self.journal);
        let on_disk = move |stream| Some(journal.on_disk(stream));
        let every = Duration::from_secs(3_600);
        logs.follow(every, Arc::new(metrics()), on_disk).unwrap().stop();
    }

    /// Stops in order.
    pub(crate) fn stop(self) -> TempDir {
        let auction_end = self.journal.on_disk(Stream::Auction);
        self.life(&Lifecycle::Stop { auction_end });
        self.publish();
        self.crash()
    }

    /// Ends without a word.
    pub(crate) fn crash(self) -> TempDir {
        self.journal.close();
        self.data
    }

    /// Draws what is random about a record that is made at this moment of the node's.
    pub(crate) fn draw(&self) -> Draw {
        let draw = entropy::draw();
        let mut id = draw.auction.bytes();
        id[..6].copy_from_slice(&self.at.0.to_be_bytes()[2..]);
        Draw { auction: AuctionId::new(id), ..draw }
    }

    fn head(&self, seq: u64) -> Head<'static> {
        Head {
            node: "n1",
            boot: self.journal.boot(),
            seq,
            at: self.at,
            config: None,
            rates: None,
            build: "b",
        }
    }
}

/// Appends a record, waits for its flush and returns its index.
pub(crate) fn flushed(permit: Permit, payload: Vec<u8>) -> u64 {
    match permit.append(payload).wait_blocking() {
        Flush::Flushed { index } => index,
        other => panic!("{other:?}"),
    }
}

/// Verifies, with every auction decided again.
pub(crate) fn verified(data: &Path) -> Report {
    let options = Options { deep: true, ..Options::default() };
    verify(data, &options, &mut |_| {}).unwrap()
}

/// Counts nothing.
fn metrics() -> Metrics {
    let none = &[];
    let labels = Labels {
        placements: none,
        bidders: none,
        currencies: none,
        fill_outcomes: none,
        unfilled_reasons: none,
        call_reasons: none,
        loss_reasons: none,
        answer_outcomes: none,
        switch_scopes: none,
        refusal_codes: none,
        tag_faults: none,
        unbuilt_fields: none,
        beacon_kinds: none,
        beacon_outcomes: none,
        stages: none,

        shed_reasons: &[],
        workers: &[],
        build: Build::default(),
    };
    Metrics::new(&metrics::NoopRecorder, &labels)
}

pub(crate) fn identity() -> Identity {
    Identity { domain: "breakwater.example".into(), node: "n1".into() }
}

/// The market of every sale here, as `config` writes it.
pub(crate) const CONFIG: &str = r#"{"bidders":[{"allow_loopback":false,"domains":["acme.example"],"endpoint":"https://bid.acme.example/openrtb2","gzip":false,"id":"acme","in_flight":0,"pods":"dynamic","qps":null,"seats":[]},{"allow_loopback":false,"domains":["idle.example"],"endpoint":"https://bid.idle.example/openrtb2","gzip":false,"id":"idle","in_flight":0,"pods":"dynamic","qps":null,"seats":[]}],"currency":"USD","deals":[],"domain":"breakwater.example","max_cpm":"1000","node":"n1","own_reserve_ms":10,"placements":[{"blocked_advertisers":[],"blocked_categories":[],"deals_first":false,"default_break_ms":60000,"durations":{"exact":[15,30]},"exclusive":[],"fit":"nominal","floor":{"amount":"5"},"id":"arena-1-mid","max_ads":8,"mimes":["video/mp4"],"price_in_markup":true,"private_auction":false,"publisher":"pub-1","separation":[],"tmax_ms":250,"unmapped_category":"pass","unwrap":false}],"pricing":"first","public_url":"https://ads.breakwater.example","publishers":[{"blocked_advertisers":[],"blocked_categories":[],"domain":"arena.example","fees":[{"name":"exchange","ppm":150000}],"gdpr_default":true,"id":"pub-1","keys":0,"network_reserve_ms":20}],"rates":[]}"#;

pub(crate) const MARKUP: &str = "<VAST version=\"4.2\"><Ad id=\"1\"><InLine><AdSystem>s</AdSystem><Impression>\
    https://a.example/i</Impression><AdServingId>1</AdServingId><AdTitle>1</AdTitle><Creatives>\
    <Creative><UniversalAdId idRegistry=\"r\">1</UniversalAdId><Linear><Duration>00:00:15</Duration>\
    <MediaFiles><MediaFile delivery=\"progressive\" type=\"video/mp4\" width=\"1920\" height=\"1080\">\
    https://a.example/1.mp4</MediaFile></MediaFiles></Linear></Creative></Creatives></InLine></Ad>\
    </VAST>";

//! The whole exchange in simulated time: bidders over pipes, a disk in memory.

mod hostile;

use std::env;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use metrics::NoopRecorder;
use tokio::runtime::{Builder, Runtime};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

use crate::config;
use crate::exchange::Exchange;
use crate::exchange::current::{Current, InForce};
use crate::exchange::gate::Gate;
use crate::exchange::sale::Sale;
use crate::exchange::shared::{Shared, endpoints};
use crate::exchange::tests::hostile::Net;
use crate::io::bidders::{Bidders, Upkeep};
use crate::io::clock;
use crate::io::documents::Documents;
use crate::io::journal::{Durability, Identity, Journal, Limits, Settings};
use crate::io::metrics::{Labels, Metrics};
use crate::io::notifier::Notifier;
use crate::io::simulated::{Chance, Faults, MemoryDisk};
use crate::live::admission::Bounds;
use crate::model::break_request::BreakRequest;
use crate::model::market::Market;
use crate::model::reason::NoFillReason;
use crate::model::time::Millis;
use crate::wire::beacon::Keyring;
use crate::wire::break_request::tag::tag;
use crate::wire::break_request::{Caller, Credential};

#[test]
fn no_sale_is_answered_after_its_deadline() {
    let mut came = Came::default();
    let seeds = if env::var_os("RUN_SLOW_TESTS").is_some() { MORE_SEEDS } else { SEEDS };
    for seed in 1..=seeds {
        let mut chance = Chance(seed);
        let one = simulated(&mut chance);
        assert_eq!(one.late, Vec::<Duration>::new(), "seed {seed} of {seeds}: so much too late");
        came.sales += one.sales;
        came.sold += one.sold;
    }
    // It would be easy to be in time with nothing.
    let Came { sales, sold, .. } = came;
    assert!(sales / 2 < sold, "{sold} of {sales} sales sold, seeds 1 to {seeds}");
}

/// Who asks again for what was sold gets it, however full the worker is (decision 30).
#[test]
fn a_sold_break_is_answered_again_while_sales_are_shed() {
    const ONE: Bounds = Bounds { least: 1, start: 1, most: 1 };
    let (disk, runtime, mut chance) = (MemoryDisk::default(), paused(), Chance(7));
    let _kept = runtime.block_on(async {
        let net = Net::new(7);
        let (shared, exchange) = exchange(&disk, &net, ONE).await;
        let mut next = 0..100;
        let mut ask = || {
            let name = format!("ask-{}", next.next().expect("something is sold"));
            BreakRequest {
                patience: None,
                ..request(exchange.current().market(), &mut chance, &name)
            }
        };
        let (first, sold) = loop {
            let request = ask();
            let (sale, _) = serve(&exchange, request.clone()).await;
            if !sale.sold.ads.is_empty() {
                break (request, sale);
            }
        };
        let (own, long) = (Arc::clone(&exchange), ask());
        let running = tokio::spawn(async move { serve(&own, long).await });
        yield_now().await;
        let (shed, _) = serve(&exchange, ask()).await;
        assert_eq!(shed.sold.no_fill, Some(NoFillReason::Shed));
        let (again, _) = serve(&exchange, first).await;
        assert_eq!(again.sold.auction, sold.sold.auction);
        assert!(!running.is_finished(), "nothing has ended that made room");
        running.await.expect("a sale does not panic");
        (shared, exchange)
    });
    drop(runtime);
}

/// As over HTTP/2 by a reset: the sale goes on, and whoever asks again gets it.
#[test]
fn a_sale_goes_on_when_its_first_caller_leaves() {
    let (disk, runtime, mut chance) = (MemoryDisk::default(), paused(), Chance(7));
    let ((left, found), _kept) = runtime.block_on(async {
        let net = Net::new(7);
        let (shared, exchange) = exchange(&disk, &net, Bounds::WORKER).await;
        let (mut left, mut found) = (0, 0);
        for number in 0..20 {
            let name = format!("left-{number}");
            let asked = request(exchange.current().market(), &mut chance, &name);
            let asked = BreakRequest { patience: None, ..asked };
            let (own, same) = (Arc::clone(&exchange), asked.clone());
            let first = tokio::spawn(async move { serve(&own, same).await });
            yield_now().await;
            first.abort();
            left += usize::from(first.await.is_err_and(|error| error.is_cancelled()));
            exchange.idle().await;
            let again = Instant::now();
            let (sale, _) = serve(&exchange, asked).await;
            // Another auction would take time.
            found += usize::from(!sale.sold.ads.is_empty() && again.elapsed() == Duration::ZERO);
        }
        ((left, found), (shared, exchange))
    });
    drop(runtime);
    assert_eq!(left, 20, "bidders take their time");
    assert!(10 < found, "{found} of 20 were sold though their caller left");
}

/// What came of the sales of a seed.
#[derive(Default)]
struct Came {
    sales: usize,
    /// Those with an ad.
    sold: usize,
    /// By how much answers were late.
    late: Vec<Duration>,
}

/// Sells a few rounds of breaks, several at a time, to bidders of which one is honest.
fn simulated(chance: &mut Chance) -> Came {
    let disk = MemoryDisk::default();
    let runtime = paused();
    let stalls = chance.below(8) == 0;
    let (came, _kept) = runtime.block_on(async {
        let net = Net::new(chance.next());
        let (shared, exchange) = exchange(&disk, &net, Bounds::WORKER).await;
        if stalls {
            disk.set(Faults { stall: true, ..Faults::default() });
        }
        let mut came = Came::default();
        for round in 0..=chance.below(4) {
            let sales = 1 + chance.below(6);
            let asked = (0..sales).map(|sale| {
                let own = Arc::clone(&exchange);
                let request =
                    request(exchange.current().market(), chance, &format!("{round}-{sale}"));
                tokio::spawn(async move { sell(&own, request).await })
            });
            for asked in asked.collect::<Vec<_>>() {
                let (late, is_sold) = asked.await.expect("a sale does not panic");
                came.late.extend(late);
                came.sales += 1;
                came.sold += usize::from(is_sold);
            }
            sleep(Duration::from_millis(length(chance, 3_000))).await;
        }
        (came, (shared, exchange))
    });
    // A disk that stands still would hold up the end of the journal, which is kept until here.
    disk.set(Faults::default());
    drop(runtime);
    came
}

/// Sells, and says by how much the answer was late and whether there was an ad in it.
async fn sell(exchange: &Arc<Exchange>, request: BreakRequest) -> (Option<Duration>, bool) {
    let (sale, deadline) = serve(exchange, request).await;
    let late = Instant::now().saturating_duration_since(deadline);
    ((TIMER < late).then_some(late), !sale.sold.ads.is_empty())
}

/// Serves a request; with the sale comes the instant it was to be answered by.
async fn serve(exchange: &Arc<Exchange>, request: BreakRequest) -> (Arc<Sale>, Instant) {
    let (tmax, network) = (request.placement.tmax, request.publisher.network_reserve);
    let current = exchange.current();
    let own = current.market().own_reserve;
    let times = clock::times(Instant::now(), request.patience, tmax, network, own);
    (exchange.serve(current, request, times).await, times.deadline)
}

/// A break of a viewer who has some patience, or says nothing of it.
fn request(market: &Market, chance: &mut Chance, name: &str) -> BreakRequest {
    let caller = Caller {
        arrived_at: clock::now(),
        peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
        user_agent: None,
        gpc: false,
        playback_session: None,
        credential: Credential::None,
    };
    let placement = ["brisk", "arena"][chance.below(2)];
    let query = format!("placement={placement}&session={name}&break={name}&duration_ms=60000");
    let mut request = tag(&query, &caller, market).expect("the query is a good one");
    request.patience = (chance.below(3) != 0).then(|| Millis(length(chance, 1_000)));
    request
}

async fn exchange(disk: &MemoryDisk, net: &Net, bounds: Bounds) -> (Arc<Shared>, Arc<Exchange>) {
    let loaded = config::read("test", &market(), None).expect("the market is a good one");
    let market = Arc::new(loaded.market);
    let identity = Identity { domain: Arc::clone(&market.domain), node: Arc::clone(&market.node) };
    let settings = Settings { limits: LIMITS, ..Settings::new(Durability::Flushed) };
    let journal =
        Journal::open_on(Arc::new(disk.clone()), Path::new("data"), &identity, settings, |_| false)
            .expect("an empty disk takes a journal");
    let metrics = Arc::new(Metrics::new(&NoopRecorder, &Labels::default()));
    let notifier = Notifier::start(net.connector(), Arc::clone(&metrics));
    let keyring = Keyring::new((7, [7; 32]), Vec::new());
    let told = Arc::clone(&metrics);
    let in_force = InForce::first(market, (0, [0; 32]), None);
    let shared = Arc::new(Shared::new(in_force, journal, metrics, keyring, notifier));
    let upkeep = Upkeep { connections: 800, least: 4, late: Arc::new(|_, _| {}), metrics: told };
    let ready = |in_force: Arc<InForce>| {
        let endpoints = endpoints(&in_force.market);
        let documents = Documents::new(&endpoints, net.connector());
        let bidders = Bidders::new(endpoints, &in_force.states, net.connector(), upkeep);
        Current { in_force, bidders, documents }
    };
    let exchange = Exchange::new(Arc::clone(&shared), ready, Gate::new(0, bounds));
    exchange.current().bidders.warm(Instant::now() + Duration::from_millis(300)).await;
    let exchange = Arc::new(exchange);
    (shared, exchange)
}

/// A config of two placements, an honest bidder, and others of whom some speak HTTP/2.
fn market() -> String {
    let mut text = r#"
[exchange]
domain = "breakwater.example"
data = "data"
[listen]
public_url = "http://beacons.example"
[[publisher]]
id = "pub"
domain = "arena.example"
gdpr_default = false
"#
    .to_owned();
    for (id, tmax) in [("brisk", 120), ("arena", 700)] {
        text.push_str(&format!(
            "[[placement]]\nid = \"{id}\"\npublisher = \"pub\"\ndurations = [15, 30]\n\
             floor = {{ amount = \"5.00\", currency = \"USD\" }}\ntmax = \"{tmax}ms\"\n"
        ));
    }
    for (id, http2) in hostile::BIDDERS {
        text.push_str(&format!(
            "[[bidder]]\nid = \"{id}\"\nendpoint = \"http://{id}.example/bid\"\n\
             allow_loopback = true\nhttp2 = {http2}\n"
        ));
    }
    text
}

fn paused() -> Runtime {
    let mut builder = Builder::new_current_thread();
    builder.enable_all().start_paused(true).build().expect("a runtime can be had")
}

/// Returns 0 to `most`.
fn length(chance: &mut Chance, most: usize) -> u64 {
    u64::try_from(chance.below(most + 1)).expect("a few seconds")
}

/// Some 50 ms a seed.
const SEEDS: u64 = 200;
const MORE_SEEDS: u64 = 5_000;

/// The timer of tokio ends a wait on the millisecond after it, or the one after that.
const TIMER: Duration = Duration::from_millis(1);

const LIMITS: Limits =
    Limits { segment: 1 << 20, queue: 1 << 20, ahead: 4_096, ballast: 0, spacing: Duration::ZERO };

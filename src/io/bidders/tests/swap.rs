//! Another market: what stays keeps its connections, what leaves closes after its last auction.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::time::Instant;

use crate::io::bidders::state::States;
use crate::io::bidders::tests::{Net, ask, bodies, endpoint, ok, pass, request, until};
use crate::io::bidders::{Bidders, Endpoint, Upkeep};

#[tokio::test(start_paused = true)]
async fn a_bidder_that_stays_keeps_its_connections_and_a_new_one_gets_its_own() {
    let net = Net::new();
    net.serve("acme");
    net.serve("zenith");
    let (states, old) = start(&net, &["acme"]).await;
    let endpoints = vec![endpoint("zenith", None), endpoint("acme", Some(500))];
    let new = old.reload(endpoints.clone(), &states.reload(&endpoints));
    assert_eq!(new.unconnected(), [endpoint("zenith", None).id]);
    new.warm(Instant::now() + Duration::from_millis(300)).await;
    assert_eq!(new.unconnected(), []);
    assert_eq!((new.counts("acme"), new.counts("zenith")), ((4, 0, 0), (4, 0, 0)));
    drop(old);
    pass(Duration::from_millis(500)).await;
    assert_eq!(net.hosts.lock()["acme"].dials, 4, "no connection was made again");
    let answers = ask(&new, &["acme", "zenith"], 100).await;
    assert_eq!(bodies(&answers), ["4", "4"]);
}

#[tokio::test(start_paused = true)]
async fn one_that_leaves_closes_when_its_last_auction_has_ended() {
    let net = Net::new();
    let mut pipes = net.accept("acme");
    net.serve("zenith");
    let upkeep = Upkeep { connections: 2, ..net.upkeep(1) };
    let (states, old) = start_with(&net, &["acme", "zenith"], upkeep).await;
    let old = Arc::new(old);
    let under_way = Arc::clone(&old);
    let sale = tokio::spawn(async move { bodies(&ask(&under_way, &["acme"], 100).await) });
    let (mut asked, _) = request(&mut pipes).await;
    let endpoints = vec![endpoint("zenith", None)];
    let new = old.reload(endpoints.clone(), &states.reload(&endpoints));
    let held = Arc::clone(old.bidders[0].pool().unwrap());
    drop(old);
    pass(Duration::from_millis(10)).await;
    assert!(!held.is_closed(), "an auction still needs it");
    asked.write_all(&ok("1")).await.unwrap();
    assert_eq!(sale.await.unwrap(), ["1"]);
    assert!(held.is_closed());
    assert_eq!((held.counts().idle, held.counts().busy), (0, 0));
    assert_eq!(bodies(&ask(&new, &["zenith"], 100).await), ["1"]);
}

#[tokio::test(start_paused = true)]
async fn one_that_moves_gets_connections_to_where_it_is() {
    let net = Net::new();
    net.serve("acme");
    net.serve("elsewhere");
    let (states, old) = start(&net, &["acme"]).await;
    let moved = Endpoint { url: endpoint("elsewhere", None).url, ..endpoint("acme", None) };
    let endpoints = vec![moved];
    let new = old.reload(endpoints.clone(), &states.reload(&endpoints));
    new.warm(Instant::now() + Duration::from_millis(300)).await;
    drop(old);
    assert_eq!(net.hosts.lock()["elsewhere"].dials, 4);
    assert_eq!(bodies(&ask(&new, &["acme"], 100).await), ["4"]);
}

#[tokio::test(start_paused = true)]
async fn the_share_of_connections_follows_the_number_of_bidders() {
    let net = Net::new();
    net.serve("acme");
    net.serve("zenith");
    let upkeep = Upkeep { connections: 8, ..net.upkeep(8) };
    let (states, old) = start_with(&net, &["acme"], upkeep).await;
    assert_eq!(old.counts("acme"), (8, 0, 0));
    let both = vec![endpoint("acme", None), endpoint("zenith", None)];
    let new = old.reload(both.clone(), &states.reload(&both));
    new.warm(Instant::now() + Duration::from_millis(300)).await;
    assert_eq!(new.counts("zenith"), (4, 0, 0));
    drop(old);
    // What is there already is used up; no more is made.
    pass(Duration::from_secs(40)).await;
    until("its share is half of all", || new.counts("acme") == (4, 0, 0)).await;
}

async fn start(net: &Net, ids: &[&str]) -> (States, Bidders) {
    start_with(net, ids, net.upkeep(4)).await
}

async fn start_with(net: &Net, ids: &[&str], upkeep: Upkeep) -> (States, Bidders) {
    let endpoints: Vec<Endpoint> = ids.iter().map(|id| endpoint(id, None)).collect();
    let states = States::new(&endpoints);
    let bidders = Bidders::new(endpoints, &states, net.connector(), upkeep);
    bidders.warm(Instant::now() + Duration::from_millis(300)).await;
    (states, bidders)
}

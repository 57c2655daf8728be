//! The queue alone, then the whole over real sockets.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::io::connect::{Live, Patience};
use crate::io::metrics::Labels;
use crate::io::metrics::exposition::{Exposition, install};
use crate::io::notifier::queue::Fallen;
use crate::io::notifier::queue::{MAX_BYTES, MAX_ENTRIES, MAX_FLYING, MAX_URL, Queue, State};
use crate::io::notifier::{About, Delivery, Kind, Notifier, Target};
use crate::model::ids::{AuctionId, BidId, BidderId};

#[test]
fn wins_go_first_and_bidders_take_turns() {
    let mut queue = Queue::new();
    for (bidder, kind, url) in [
        ("a", Kind::Loss, "a loss"),
        ("a", Kind::Win, "a win 1"),
        ("a", Kind::Win, "a win 2"),
        ("b", Kind::Loss, "b loss"),
    ] {
        assert!(queue.push(target(bidder), kind, about(), url.to_owned()).is_empty());
    }
    let order: Vec<String> = std::iter::from_fn(|| Some(queue.pop()?.url)).collect();
    assert_eq!(order, ["a win 1", "b loss", "a win 2", "a loss"]);
}

#[test]
fn a_full_queue_loses_its_oldest_loss_notices() {
    let (a, b) = (BidderId::new("a"), BidderId::new("b"));
    let mut queue = Queue::new();
    assert!(queue.push(target("b"), Kind::Loss, about(), "oldest".into()).is_empty());
    assert!(queue.push(target("a"), Kind::Loss, about(), "older".into()).is_empty());
    for _ in 2..MAX_ENTRIES {
        assert!(queue.push(target("a"), Kind::Win, about(), "win".into()).is_empty());
    }
    assert_eq!(queue.push(target("a"), Kind::Win, about(), "win".into()), [fallen(b, Kind::Loss)]);
    assert_eq!(
        queue.push(target("a"), Kind::Loss, about(), "new".into()),
        [fallen(a.clone(), Kind::Loss)]
    );
    assert_eq!(
        queue.push(target("a"), Kind::Win, about(), "win".into()),
        [fallen(a.clone(), Kind::Loss)]
    );
    // Nothing but wins: the newcomer goes, whatever it is.
    assert_eq!(
        queue.push(target("a"), Kind::Win, about(), "win".into()),
        [fallen(a.clone(), Kind::Win)]
    );
    assert_eq!(queue.push(target("a"), Kind::Loss, about(), "new".into()), [fallen(a, Kind::Loss)]);
}

#[test]
fn the_queue_is_bounded_in_bytes_too() {
    let a = BidderId::new("a");
    let mut queue = Queue::new();
    let url = "u".repeat(MAX_URL);
    let mut taken = 0;
    while queue.push(target("a"), Kind::Loss, about(), url.clone()).is_empty() {
        taken += 1;
    }
    assert!((MAX_BYTES - 2 * MAX_URL..=MAX_BYTES).contains(&(taken * (MAX_URL + 192))), "{taken}");
    assert_eq!(
        queue.push(target("a"), Kind::Loss, about(), url + "u"),
        [fallen(a, Kind::Loss)],
        "too long"
    );
    let mut out = 0;
    while let Some(notice) = queue.pop() {
        queue.done(&notice);
        out += 1;
    }
    assert_eq!(out, taken);
    assert!(
        queue.push(target("a"), Kind::Win, about(), "u".repeat(MAX_URL)).is_empty(),
        "room is given back"
    );
}

#[test]
fn a_bidder_has_64_notices_on_the_way_and_holds_up_nobody() {
    let (hung, good) = (BidderId::new("hung"), BidderId::new("good"));
    let mut queue = Queue::new();
    for _ in 0..2 * MAX_FLYING {
        queue.push(target("hung"), Kind::Win, about(), "win".into());
    }
    let first = queue.pop().unwrap();
    assert_eq!(std::iter::from_fn(|| queue.pop()).count(), MAX_FLYING - 1);
    queue.push(target("good"), Kind::Loss, about(), "loss".into());
    let other = queue.pop().unwrap();
    assert_eq!(queue.done(&other).unwrap().bidder, good);
    assert!(queue.pop().is_none());
    queue.done(&first);
    let next = queue.pop().unwrap();
    assert_eq!(queue.done(&next).unwrap().bidder, hung);
    assert_eq!(queue.flying().len(), MAX_FLYING - 1);
}

#[test]
fn a_closed_queue_takes_nothing_in_and_a_cut_one_gives_nothing_out() {
    let a = BidderId::new("a");
    let mut queue = Queue::new();
    queue.push(target("a"), Kind::Win, about(), "1".into());
    queue.push(target("a"), Kind::Loss, about(), "2".into());
    queue.close();
    assert_eq!(
        queue.push(target("a"), Kind::Win, about(), "3".into()),
        [fallen(a.clone(), Kind::Win)]
    );
    assert_eq!(queue.pop().unwrap().url, "1");
    assert_eq!(queue.cut(), [fallen(a, Kind::Loss)]);
    assert!(queue.pop().is_none());
    assert_eq!(queue.state(), State::Cut);
}

#[tokio::test]
async fn each_notice_is_fired_once_and_counted() {
    let (good, mut seen) = serve("HTTP/1.1 204 No Content\r\n\r\n").await;
    let (moved, mut moves) =
        serve(&format!("HTTP/1.1 302 Found\r\nlocation: {good}/moved\r\n\r\n")).await;
    let long = "x".repeat(100_000);
    let (talker, _) = serve(&format!("HTTP/1.1 200 OK\r\n\r\n{long}")).await;
    let (liar, _) = serve("SSH-2.0-OpenSSH_9.9\r\n\r\n").await;
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let exposition = install();
    let notifier = start(&exposition);
    let acme = BidderId::new("acme");
    notifier.send_win(target("acme"), about(), format!("{good}/win?price=9.10"));
    notifier.send_loss(target("acme"), about(), format!("{good}/loss?reason=102"));
    notifier.send_loss(target("acme"), about(), format!("{moved}/a"));
    notifier.send_win(target("acme"), about(), format!("{talker}/a"));
    notifier.send_win(target("acme"), about(), format!("{liar}/a"));
    notifier.send_win(target("acme"), about(), format!("http://{closed}/a"));
    notifier.send_win(target("acme"), about(), "not a url".to_owned());
    notifier.send_win(strict(), about(), format!("{good}/literal"));
    notifier.send_win(strict(), about(), "http://localhost:1/name".to_owned());
    notifier.send_win(target("stranger"), about(), format!("{good}/stranger"));
    notifier.finish(Instant::now() + Duration::from_secs(10)).await;

    let mut requests = Vec::new();
    while let Ok(request) = seen.try_recv() {
        requests.push(request);
    }
    requests.sort_unstable();
    let host = good.strip_prefix("http://").unwrap();
    let request =
        |path: &str| format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    let paths = ["/loss?reason=102", "/stranger", "/win?price=9.10"];
    assert_eq!(requests, paths.map(request));
    assert!(moves.try_recv().is_ok());
    assert_counts(
        &exposition,
        &[
            ("acme", "win", "delivered", 2),
            ("acme", "loss", "delivered", 1),
            ("acme", "loss", "status", 1),
            ("acme", "win", "failed", 1),
            ("acme", "win", "unreachable", 1),
            ("acme", "win", "refused", 1),
            ("strict", "win", "refused", 2),
            ("other", "other", "other", 1),
        ],
    );
    let results = notifier.results();
    let told = results.take();
    assert_eq!(told.len(), 10);
    assert!(told.iter().all(|told| told.about == about()));
    let acme: Vec<_> = told.iter().filter(|told| told.bidder == acme).collect();
    let came = |delivery, status| {
        acme.iter().filter(|told| (told.delivery, told.status) == (delivery, status)).count()
    };
    assert_eq!(came(Delivery::Delivered, Some(204)), 2);
    assert_eq!(came(Delivery::Delivered, Some(200)), 1);
    assert_eq!(came(Delivery::Status, Some(302)), 1);
    assert_eq!(came(Delivery::Unreachable, None), 1);
    assert!(results.take().is_empty());
}

#[tokio::test]
async fn a_hung_bidder_holds_up_nobody_and_no_shutdown() {
    let hung = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/a", hung.local_addr().unwrap());
    let (good, mut seen) = serve("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let exposition = install();
    let notifier = start(&exposition);
    for _ in 0..100 {
        notifier.send_win(target("hung"), about(), url.clone());
    }
    notifier.send_loss(target("acme"), about(), format!("{good}/loss"));
    assert!(seen.recv().await.unwrap().starts_with("GET /loss "));
    let begun = Instant::now();
    notifier.finish(begun + Duration::from_millis(100)).await;
    assert!(begun.elapsed() < Duration::from_millis(900), "{:?}", begun.elapsed());
    assert_counts(&exposition, &[("hung", "win", "dropped", 100)]);
    notifier.send_win(target("acme"), about(), format!("{good}/late"));
    assert_counts(&exposition, &[("acme", "win", "dropped", 1)]);
}

#[test]
fn a_notice_keeps_the_rules_of_its_auction_and_leaves_nothing_behind() {
    let mut queue = Queue::new();
    let strict = Target { allow_loopback: false, ..target("acme") };
    for target in [strict, target("acme")] {
        assert!(queue.push(target, Kind::Win, about(), "win".into()).is_empty());
    }
    let given: Vec<_> = std::iter::from_fn(|| queue.pop()).collect();
    assert_eq!(given.iter().map(|it| it.allow_loopback).collect::<Vec<_>>(), [false, true]);
    for notice in &given {
        let acme = BidderId::new("acme");
        assert_eq!(queue.done(notice), Some(fallen(acme, Kind::Win)));
    }
    assert!(queue.is_bare(), "no lane is kept for a bidder that may have left");
}

#[tokio::test]
async fn a_notice_takes_a_second_at_most() {
    let hung = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/a", hung.local_addr().unwrap());
    let exposition = install();
    let notifier = start(&exposition);
    let begun = Instant::now();
    notifier.send_win(target("hung"), about(), url);
    notifier.finish(begun + Duration::from_secs(30)).await;
    assert!(begun.elapsed() < Duration::from_secs(10));
    assert_counts(&exposition, &[("hung", "win", "timeout", 1)]);
}

fn about() -> About {
    About { auction: AuctionId::new([7; 16]), bid: BidId::new("b1") }
}

fn fallen(bidder: BidderId, kind: Kind) -> Fallen {
    Fallen { bidder, kind, about: about() }
}

fn target(id: &str) -> Target {
    Target { id: BidderId::new(id), allow_loopback: true }
}

fn strict() -> Target {
    Target { allow_loopback: false, ..target("strict") }
}

fn start(exposition: &Exposition) -> Notifier {
    let labels = Labels { bidders: &["acme", "hung", "strict"], ..Labels::default() };
    let connector = Live::new(Patience::NOTICE, Vec::new()).unwrap();
    Notifier::start(Arc::new(connector), Arc::new(exposition.metrics(&labels)))
}

/// Answers every connection's first request with `answer`; returns its origin and the requests.
async fn serve(answer: &str) -> (String, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let (saw, seen) = mpsc::unbounded_channel();
    let answer = answer.to_owned();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let request = head(&mut stream).await;
            // The notifier may have read all it wants before all is written.
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = saw.send(request);
        }
    });
    (origin, seen)
}

async fn head(stream: &mut TcpStream) -> String {
    let mut read = Vec::new();
    while !read.ends_with(b"\r\n\r\n") {
        let Ok(byte) = stream.read_u8().await else { break };
        read.push(byte);
    }
    String::from_utf8(read).unwrap()
}

fn assert_counts(exposition: &Exposition, counts: &[(&str, &str, &str, u64)]) {
    let text = exposition.render();
    for (bidder, kind, outcome, count) in counts {
        let labels = format!(r#"bidder="{bidder}",kind="{kind}",outcome="{outcome}""#);
        let line = format!("breakwater_notices_total{{{labels}}} {count}");
        assert!(text.lines().any(|have| have == line), "{line}\n{text}");
    }
}

//! Records in a journal on a real disk, over two starts of a node.

use std::path::Path;
use std::sync::Arc;

use breakwater::io::journal::read::frames;
use breakwater::io::journal::{Durability, Flush, Identity, Journal, JournalError, Stream};
use breakwater::model::ids::AuctionId;
use breakwater::model::plan::Draw;
use breakwater::model::time::UnixMillis;
use breakwater::wire::record::read::{is_start, read};
use breakwater::wire::record::{Head, Lifecycle, config_snapshot, lifecycle};

#[tokio::test]
async fn a_node_writes_its_life_and_counts_its_starts() {
    let data = tempfile::tempdir().unwrap();
    for boot in 1..=3 {
        let journal = open(data.path()).unwrap();
        assert_eq!(journal.boot(), boot);
        let locked = open(data.path());
        assert!(matches!(locked, Err(JournalError::Locked { .. })));
        live(&journal).await;
        journal.close();
    }
    let records: Vec<_> = frames(data.path(), Stream::Money)
        .unwrap()
        .map(|frame| read(&frame.unwrap().payload).unwrap())
        .collect();
    assert_eq!(records.len(), 9);
    for (number, life) in records.chunks(3).enumerate() {
        let boot = u64::try_from(number).unwrap() + 1;
        for (seq, record) in (0..).zip(life) {
            let head = record.head().unwrap();
            assert_eq!((head.boot, head.seq), (boot, seq));
        }
        assert_eq!(life[0].lifecycle(), Ok(Lifecycle::Start));
        assert_eq!(life[1].config(), Ok(CONFIG));
        let cited = life[2].head().unwrap().config;
        assert_eq!(cited, Some((boot * 3 - 2, life[1].root)));
        assert_eq!(life[2].lifecycle(), Ok(Lifecycle::Stop { auction_end: 0 }));
    }
}

#[tokio::test]
async fn a_torn_file_is_cut_at_the_next_start() {
    let data = tempfile::tempdir().unwrap();
    let journal = open(data.path()).unwrap();
    live(&journal).await;
    drop(journal);
    let last = frames(data.path(), Stream::Money).unwrap().last().unwrap().unwrap();
    let file = std::fs::OpenOptions::new().write(true).open(&last.file).unwrap();
    file.set_len(last.offset + 20).unwrap();
    let journal = open(data.path()).unwrap();
    let [cut] = journal.cuts() else { panic!("{:?}", journal.cuts()) };
    assert_eq!((&*cut.file, cut.index, cut.bytes), (&*last.file, 2, 20));
    assert_eq!(journal.boot(), 2);
    live(&journal).await;
    assert_eq!(frames(data.path(), Stream::Money).unwrap().count(), 5);
}

/// The file was not written by this program, but by a script that follows the format.
#[tokio::test]
async fn a_segment_of_version_1_stays_readable() {
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().join("journal/auction");
    std::fs::create_dir_all(&folder).unwrap();
    let name = "auction-00000000000000000000.seg";
    std::fs::copy(Path::new(VERSION_1).join(name), folder.join(name)).unwrap();
    let text = std::fs::read_to_string(Path::new(VERSION_1).join("auction.hex")).unwrap();
    let records: Vec<_> =
        frames(data.path(), Stream::Auction).unwrap().map(Result::unwrap).collect();
    let hex: String = records[0].payload.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, text.replace('\n', ""));
    let record = read(&records[0].payload).unwrap();
    assert_eq!(record.auction_input().unwrap().replies.len(), 3);
    assert_eq!(record.id.to_string(), "auc_0192f7c2000070008000000000000001");
    let late = Lifecycle::LateSync { auction: record.id };
    assert_eq!(read(&records[1].payload).unwrap().lifecycle(), Ok(late));
    let journal = open(data.path()).unwrap();
    assert!(journal.cuts().is_empty());
    let mut pending = journal.permit(Stream::Auction).unwrap().append(b"next".to_vec());
    assert_eq!(pending.wait().await, Flush::Flushed { index: 2 });
}

/// Writes a start, a config and a stop, each flushed before the next.
async fn live(journal: &Journal) {
    let start = journal.permit(Stream::Money).unwrap();
    let payload = lifecycle(&head(journal, start.seq(), None), &draw(1), &Lifecycle::Start);
    assert!(matches!(start.append(payload).wait().await, Flush::Flushed { .. }));
    let config = journal.permit(Stream::Money).unwrap();
    let (payload, root) = config_snapshot(&head(journal, config.seq(), None), &draw(2), CONFIG);
    let flush = config.append(payload).wait().await;
    let Flush::Flushed { index } = flush else { panic!("{flush:?}") };
    let stop = journal.permit(Stream::Money).unwrap();
    let head = head(journal, stop.seq(), Some((index, root)));
    let payload = lifecycle(&head, &draw(3), &Lifecycle::Stop { auction_end: 0 });
    assert!(matches!(stop.append(payload).wait().await, Flush::Flushed { .. }));
}

fn open(data: &Path) -> Result<Journal, JournalError> {
    let identity = Identity { domain: Arc::from("x.example"), node: Arc::from("n1") };
    Journal::open(data, &identity, Durability::Flushed, is_start)
}

fn head(journal: &Journal, seq: u64, config: Option<(u64, [u8; 32])>) -> Head<'static> {
    let at = UnixMillis(1_793_000_000_000);
    Head { node: "n1", boot: journal.boot(), seq, at, config, rates: None, build: "test" }
}

fn draw(number: u8) -> Draw {
    Draw {
        auction: AuctionId::new([number; 16]),
        seed: [0; 16],
        record_key: [number; 32],
        user_salt: [0; 16],
        nonce_key: [0; 32],
    }
}

const VERSION_1: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/journal/v1");
const CONFIG: &[u8] = b"{\"exchange\":{\"domain\":\"x.example\"}}";

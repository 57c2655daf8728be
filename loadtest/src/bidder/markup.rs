//! The VAST a bidder sends: written once per bidder with holes, filled once per bid.
//!
//! What goes into a hole is an id, a host name or a clock time, none of which XML has to escape;
//! everything else passes through the XML writer.

use std::io;

use quick_xml::{
    events::{BytesCData, BytesText},
    writer::Writer,
};

use crate::character::Markup;

/// A VAST document of one InLine ad, with holes.
#[derive(Debug)]
pub(crate) struct Template {
    /// The text before the first hole.
    head: String,
    /// Each hole with the text after it.
    rest: Vec<(Hole, String)>,
}

/// What one bid puts into the holes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Filling<'a> {
    /// The VAST version: `4.1`, `4.2` or `4.3`.
    pub(crate) version: &'a str,
    /// The bid's id.
    pub(crate) bid: &'a str,
    /// The creative's id.
    pub(crate) creative: &'a str,
    /// The advertiser's domain.
    pub(crate) advertiser: &'a str,
    /// The ad's length, in seconds.
    pub(crate) seconds: u32,
}

#[derive(Clone, Copy, Debug)]
enum Hole {
    Version,
    Bid,
    Creative,
    Advertiser,
    Clock,
}

impl Template {
    /// Writes the document of this bidder.
    pub(crate) fn new(bidder: &str, domain: &str, markup: Markup) -> Self {
        let mut writer = Writer::new(Vec::new());
        write_document(&mut writer, &Site { bidder, domain, markup })
            .expect("writing to memory cannot fail");
        let marked = String::from_utf8(writer.into_inner()).expect("only text was written");
        let mut pieces =
            marked.split_inclusive(|letter| HOLES.iter().any(|(mark, _)| *mark == letter));
        let (head, mut hole) = cut(pieces.next().unwrap_or_default());
        let mut rest = Vec::new();
        for piece in pieces {
            let (text, next) = cut(piece);
            rest.extend(hole.map(|hole| (hole, text)));
            hole = next;
        }
        Self { head, rest }
    }

    /// Returns the document of one bid.
    pub(crate) fn fill(&self, filling: &Filling<'_>) -> String {
        let clock = format!(
            "{:02}:{:02}:{:02}",
            filling.seconds / 3_600,
            filling.seconds / 60 % 60,
            filling.seconds % 60
        );
        let mut document = self.head.clone();
        for (hole, text) in &self.rest {
            document.push_str(match hole {
                Hole::Version => filling.version,
                Hole::Bid => filling.bid,
                Hole::Creative => filling.creative,
                Hole::Advertiser => filling.advertiser,
                Hole::Clock => &clock,
            });
            document.push_str(text);
        }
        document
    }
}

/// Separates a piece from the mark it may end with.
fn cut(piece: &str) -> (String, Option<Hole>) {
    let last = piece.chars().next_back();
    let hole = HOLES.iter().find(|(mark, _)| Some(*mark) == last);
    match hole {
        Some((mark, hole)) => (piece.trim_end_matches(*mark).to_owned(), Some(*hole)),
        None => (piece.to_owned(), None),
    }
}

/// What every element of one bidder's document needs to know.
struct Site<'a> {
    bidder: &'a str,
    domain: &'a str,
    markup: Markup,
}

impl Site<'_> {
    /// Returns an address that tells the bidder of an event of this bid.
    fn tracker(&self, event: &str) -> String {
        let domain = self.domain;
        format!("https://{domain}/t/{event}?cb=[CACHEBUSTING]&b={BID}&c={CREATIVE}")
    }
}

type Xml = Writer<Vec<u8>>;

// The order of elements is that of the VAST 4.2 schema.
fn write_document(xml: &mut Xml, site: &Site<'_>) -> io::Result<()> {
    xml.create_element("VAST")
        .with_attribute(("version", VERSION))
        .with_attribute(("xmlns", "http://www.iab.com/VAST"))
        .write_inner_content(|xml| {
            let ad = match site.markup {
                Markup::Full => xml.create_element("Ad").with_attribute(("id", BID)),
                Markup::Compact => xml.create_element("Ad"),
            };
            ad.write_inner_content(|xml| {
                xml.create_element("InLine").write_inner_content(|xml| write_ad(xml, site))?;
                Ok(())
            })?;
            Ok(())
        })?;
    Ok(())
}

fn write_ad(xml: &mut Xml, site: &Site<'_>) -> io::Result<()> {
    text(xml, "AdSystem", site.bidder)?;
    match site.markup {
        Markup::Full => {
            let macros = "a=${AUCTION_ID}&p=${AUCTION_PRICE}";
            let impression = format!("{}&{macros}", site.tracker("impression"));
            cdata(xml, "Error", &format!("{}&e=[ERRORCODE]&o=1", site.tracker("error")))?;
            cdata(xml, "Impression", &impression)?;
            text(xml, "AdServingId", BID)?;
            text(xml, "AdTitle", &format!("{ADVERTISER}, {CREATIVE}"))?;
            text(xml, "Advertiser", ADVERTISER)?;
        }
        Markup::Compact => {
            text(xml, "Impression", &format!("https://{}/i?{BID}", site.domain))?;
            text(xml, "AdServingId", BID)?;
            text(xml, "AdTitle", "Ad")?;
        }
    }
    xml.create_element("Creatives").write_inner_content(|xml| {
        xml.create_element("Creative")
            .with_attribute(("id", CREATIVE))
            .write_inner_content(|xml| write_creative(xml, site))?;
        Ok(())
    })?;
    Ok(())
}

fn write_creative(xml: &mut Xml, site: &Site<'_>) -> io::Result<()> {
    xml.create_element("Linear").write_inner_content(|xml| {
        xml.create_element("TrackingEvents").write_inner_content(|xml| write_events(xml, site))?;
        text(xml, "Duration", CLOCK)?;
        xml.create_element("MediaFiles").write_inner_content(|xml| write_media(xml, site))?;
        match site.markup {
            Markup::Full => {
                let click = format!("https://{ADVERTISER}/?utm_source={}", site.bidder);
                xml.create_element("VideoClicks")
                    .write_inner_content(|xml| cdata(xml, "ClickThrough", &click))?;
            }
            Markup::Compact => {}
        }
        Ok(())
    })?;
    xml.create_element("UniversalAdId")
        .with_attribute(("idRegistry", site.domain))
        .write_text_content(BytesText::new(CREATIVE))?;
    Ok(())
}

fn write_events(xml: &mut Xml, site: &Site<'_>) -> io::Result<()> {
    for (event, short) in EVENTS {
        let element = xml.create_element("Tracking").with_attribute(("event", event));
        match site.markup {
            Markup::Full => element.write_cdata_content(BytesCData::new(site.tracker(event)))?,
            Markup::Compact => {
                let address = format!("https://{}/{short}", site.domain);
                element.write_text_content(BytesText::new(&address))?
            }
        };
    }
    Ok(())
}

fn write_media(xml: &mut Xml, site: &Site<'_>) -> io::Result<()> {
    let renditions = match site.markup {
        Markup::Full => &RENDITIONS[..],
        Markup::Compact => &RENDITIONS[..1],
    };
    for (width, height, bitrate) in renditions {
        let address = match site.markup {
            Markup::Full => format!("https://{}/media/{CREATIVE}-{height}.mp4", site.domain),
            Markup::Compact => format!("https://{}/{CREATIVE}.mp4", site.domain),
        };
        xml.create_element("MediaFile")
            .with_attribute(("delivery", "progressive"))
            .with_attribute(("type", "video/mp4"))
            .with_attribute(("width", *width))
            .with_attribute(("height", *height))
            .with_attribute(("bitrate", *bitrate))
            .write_cdata_content(BytesCData::new(address))?;
    }
    Ok(())
}

fn text(xml: &mut Xml, name: &str, content: &str) -> io::Result<()> {
    xml.create_element(name).write_text_content(BytesText::new(content))?;
    Ok(())
}

fn cdata(xml: &mut Xml, name: &str, content: &str) -> io::Result<()> {
    xml.create_element(name).write_cdata_content(BytesCData::new(content))?;
    Ok(())
}

/// The quartile events, each with the path it has in compact markup.
const EVENTS: [(&str, &str); 5] = [
    ("start", "s"),
    ("firstQuartile", "q"),
    ("midpoint", "m"),
    ("thirdQuartile", "t"),
    ("complete", "c"),
];

/// Width, height and kilobits per second of the media files; compact markup has the first only.
const RENDITIONS: [(&str, &str, &str); 2] = [("1920", "1080", "6000"), ("1280", "720", "3000")];

// The marks are private-use characters, which no id, host name or constant of ours holds.
const VERSION: &str = "\u{e000}";
const BID: &str = "\u{e001}";
const CREATIVE: &str = "\u{e002}";
const ADVERTISER: &str = "\u{e003}";
const CLOCK: &str = "\u{e004}";

const HOLES: [(char, Hole); 5] = [
    ('\u{e000}', Hole::Version),
    ('\u{e001}', Hole::Bid),
    ('\u{e002}', Hole::Creative),
    ('\u{e003}', Hole::Advertiser),
    ('\u{e004}', Hole::Clock),
];

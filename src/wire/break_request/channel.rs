//! Where the ads go: the site, app or screen with its publisher and content.

use std::borrow::Cow;

use openrtb::content::Content;
use openrtb::inventory::{App, Dooh, Publisher as Seller, Site};

use crate::model::market::Publisher;
use crate::model::passthrough::Channel;

/// The one of three channels a request names.
#[derive(Debug)]
pub(super) enum Inventory<'a> {
    /// A website.
    Site(Site<'a>),
    /// An app.
    App(App<'a>),
    /// Digital out of home.
    Dooh(Dooh<'a>),
}

impl<'a> Inventory<'a> {
    /// Returns the website that stands in when a caller named no channel: the publisher's own.
    pub(super) fn of(publisher: &'a Publisher) -> Self {
        Self::Site(Site { domain: Some(Cow::Borrowed(&publisher.domain)), ..Site::default() })
    }

    /// Returns the content.
    pub(super) fn content(&mut self) -> &mut Option<Box<Content<'a>>> {
        match self {
            Self::Site(site) => &mut site.content,
            Self::App(app) => &mut app.content,
            Self::Dooh(dooh) => &mut dooh.content,
        }
    }

    /// Returns the object as JSON, its publisher named as in our `sellers.json`.
    pub(super) fn piece(mut self, publisher: &'a Publisher) -> Option<(Channel, Box<str>)> {
        let seller = self.seller().get_or_insert_default();
        seller.id = Some(Cow::Borrowed(publisher.id.as_str()));
        seller.domain.get_or_insert(Cow::Borrowed(&publisher.domain));
        let (channel, text) = match &self {
            Self::Site(site) => (Channel::Site, serde_json::to_string(site)),
            Self::App(app) => (Channel::App, serde_json::to_string(app)),
            Self::Dooh(dooh) => (Channel::Dooh, serde_json::to_string(dooh)),
        };
        text.ok().map(|text| (channel, text.into()))
    }

    fn seller(&mut self) -> &mut Option<Seller<'a>> {
        match self {
            Self::Site(site) => &mut site.publisher,
            Self::App(app) => &mut app.publisher,
            Self::Dooh(dooh) => &mut dooh.publisher,
        }
    }
}

/// Says of content that nobody described in time that it is live: breaks interrupt live streams.
///
/// Once any of the three flags is told, the others stay unknown.
pub(super) fn assume_live(content: &mut Content<'_>) {
    let told = [content.livestream, content.realtime, content.firstbroadcast];
    if told == [None; 3] {
        content.livestream = Some(true);
        content.realtime = Some(true);
    }
}

/// Returns the genre ids of free words or ids, best first, and only those that are known.
pub(super) fn genres(text: &str) -> Vec<Cow<'static, str>> {
    let known = |name: &str| {
        let name = name.to_ascii_lowercase();
        GENRES.iter().find(|(id, names)| id.eq_ignore_ascii_case(&name) || names.contains(&&*name))
    };
    super::bounds::list(text)
        .filter_map(known)
        .take(MAX_GENRES)
        .map(|&(id, _)| Cow::Borrowed(id))
        .collect()
}

/// The taxonomy of `GENRES`: IAB Content 3.1.
pub(super) const GENRE_TAXONOMY: i32 = 9;

/// Genres of connected TV by id, with the words that mean them.
const GENRES: [(&str, &[&str]); 22] = [
    ("483", &["sports", "sport"]),
    ("1020", &["news"]),
    ("162", &["awards"]),
    ("646", &["comedy", "sitcom"]),
    ("647", &["drama"]),
    ("651", &["reality"]),
    ("332", &["documentary"]),
    ("386", &["politics"]),
    ("390", &["weather"]),
    ("680", &["gaming"]),
    ("645", &["family", "children", "kids"]),
    ("325", &["action", "adventure"]),
    ("652", &["sci-fi", "science fiction"]),
    ("641", &["animation"]),
    ("216", &["cooking"]),
    ("132", &["education"]),
    ("649", &["holiday"]),
    ("336", &["horror"]),
    ("JLBCU7", &["game show"]),
    ("KHPC5A", &["crime"]),
    ("EZWB7V", &["history"]),
    ("KHPC6A", &["western"]),
];

/// The most genres sent: few, best first.
const MAX_GENRES: usize = 4;

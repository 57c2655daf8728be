//! What is shown around the ads, and data about it or the viewer.

use std::borrow::Cow;

object! {
    /// What is shown around the ads (OpenRTB 2.6, section 3.2.16).
    ///
    /// ```
    /// use openrtb::content::Content;
    ///
    /// let content: Content<'_> =
    ///     serde_json::from_str(r#"{"livestream":1,"realtime":1,"genres":[483]}"#)?;
    /// assert_eq!(content.realtime, Some(true));
    /// assert_eq!(content.firstbroadcast, None);
    /// assert_eq!(content.genres, Some(vec!["483".into()]));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub struct Content<'a> {
        /// The seller's id, the same as in the LEAP interfaces.
        pub id: Option<Cow<'a, str>>,
        /// Number of the episode.
        pub episode: Option<i32>,
        /// Title.
        pub title: Option<Cow<'a, str>>,
        /// Series.
        pub series: Option<Cow<'a, str>>,
        /// Season.
        pub season: Option<Cow<'a, str>>,
        /// Artist.
        pub artist: Option<Cow<'a, str>>,
        /// Genre in free words; see `genres`.
        pub genre: Option<Cow<'a, str>>,
        /// Taxonomy of `genres`; absent means 9.
        pub gtax: Option<i32>,
        /// Ids of genres, best first.
        pub genres: Option<Vec<Cow<'a, str>>>,
        /// Album.
        pub album: Option<Cow<'a, str>>,
        /// Recording code.
        pub isrc: Option<Cow<'a, str>>,
        /// Producer.
        pub producer: Option<Producer<'a>>,
        /// Address.
        pub url: Option<Cow<'a, str>>,
        /// Taxonomy of `cat`; absent means 1.
        pub cattax: Option<i32>,
        /// Categories.
        pub cat: Option<Vec<Cow<'a, str>>>,
        /// 0 unknown, 1 professional, 2 prosumer, 3 made by users.
        pub prodq: Option<i32>,
        /// 1 video, 2 game, 3 music, 4 app, 5 text, 6 other, 7 unknown.
        pub context: Option<i32>,
        /// Rating, such as MPAA's.
        pub contentrating: Option<Cow<'a, str>>,
        /// Rating by users.
        pub userrating: Option<Cow<'a, str>>,
        /// 1 all audiences, 2 over 12, 3 mature.
        pub qagmediarating: Option<i32>,
        /// Keywords, comma-separated; excludes `kwarray`.
        pub keywords: Option<Cow<'a, str>>,
        /// Keywords; excludes `keywords`.
        pub kwarray: Option<Vec<Cow<'a, str>>>,
        /// Whether it is scheduled (linear) rather than on demand.
        pub livestream: Option<bool>,
        /// Whether it happens as it is shown.
        pub realtime: Option<bool>,
        /// Whether it is shown for the first time.
        pub firstbroadcast: Option<bool>,
        /// Whether the seller holds the content directly.
        pub sourcerelationship: Option<bool>,
        /// Length in seconds.
        pub len: Option<i32>,
        /// Language, ISO 639-1; excludes `langb`.
        pub language: Option<Cow<'a, str>>,
        /// Language, BCP 47; excludes `language`.
        pub langb: Option<Cow<'a, str>>,
        /// Whether it can be embedded elsewhere.
        pub embeddable: Option<bool>,
        /// Data of third parties, their content ids included.
        pub data: Option<Vec<Data<'a>>>,
        /// The parent entity.
        pub network: Option<Network<'a>>,
        /// The stream within the network.
        pub channel: Option<Channel<'a>>,
    }
}

object! {
    /// Who made the content (OpenRTB 2.6, section 3.2.17).
    pub struct Producer<'a> {
        /// Id.
        pub id: Option<Cow<'a, str>>,
        /// Name.
        pub name: Option<Cow<'a, str>>,
        /// Taxonomy of the categories; absent means 1.
        pub cattax: Option<i32>,
        /// Categories.
        pub cat: Option<Vec<Cow<'a, str>>>,
        /// Domain.
        pub domain: Option<Cow<'a, str>>,
    }
}

object! {
    /// The entity a channel belongs to (OpenRTB 2.6, section 3.2.23).
    pub struct Network<'a> {
        /// Id.
        pub id: Option<Cow<'a, str>>,
        /// Name.
        pub name: Option<Cow<'a, str>>,
        /// Domain.
        pub domain: Option<Cow<'a, str>>,
    }
}

object! {
    /// The stream on which the content is shown (OpenRTB 2.6, section 3.2.24).
    pub struct Channel<'a> {
        /// Id.
        pub id: Option<Cow<'a, str>>,
        /// Name.
        pub name: Option<Cow<'a, str>>,
        /// Domain.
        pub domain: Option<Cow<'a, str>>,
    }
}

object! {
    /// Data of a third party on content or viewer (OpenRTB 2.6, section 3.2.21).
    pub struct Data<'a> {
        /// The exchange's id of the provider.
        pub id: Option<Cow<'a, str>>,
        /// The provider, by domain for content ids.
        pub name: Option<Cow<'a, str>>,
        /// The provider's ids of the content.
        pub cids: Option<Vec<Cow<'a, str>>>,
        /// Segments.
        pub segment: Option<Vec<Segment<'a>>>,
    }
}

object! {
    /// A segment of data (OpenRTB 2.6, section 3.2.22).
    pub struct Segment<'a> {
        /// Id.
        pub id: Option<Cow<'a, str>>,
        /// Name.
        pub name: Option<Cow<'a, str>>,
        /// Value, a string even where it is a number.
        pub value: Option<Cow<'a, str>>,
    }
}

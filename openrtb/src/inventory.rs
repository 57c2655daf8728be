//! Where the ads go: websites, apps, screens, and their publishers.

use std::borrow::Cow;

use crate::content::Content;

object! {
    /// A website (OpenRTB 2.6, section 3.2.13).
    pub struct Site<'a> {
        /// The exchange's id.
        pub id: Option<Cow<'a, str>>,
        /// Name.
        pub name: Option<Cow<'a, str>>,
        /// Domain.
        pub domain: Option<Cow<'a, str>>,
        /// Taxonomy of the categories; absent means 1.
        pub cattax: Option<i32>,
        /// Categories of the site.
        pub cat: Option<Vec<Cow<'a, str>>>,
        /// Categories of the section.
        pub sectioncat: Option<Vec<Cow<'a, str>>>,
        /// Categories of the page.
        pub pagecat: Option<Vec<Cow<'a, str>>>,
        /// Address of the page.
        pub page: Option<Cow<'a, str>>,
        /// Address of the page before.
        pub r#ref: Option<Cow<'a, str>> = "ref",
        /// Words searched for.
        pub search: Option<Cow<'a, str>>,
        /// Whether it is made for mobile devices.
        pub mobile: Option<bool>,
        /// Whether it has a privacy policy.
        pub privacypolicy: Option<bool>,
        /// Its publisher.
        pub publisher: Option<Publisher<'a>>,
        /// What is shown.
        pub content: Option<Box<Content<'a>>>,
        /// Keywords, comma-separated; excludes `kwarray`.
        pub keywords: Option<Cow<'a, str>>,
        /// Keywords; excludes `keywords`.
        pub kwarray: Option<Vec<Cow<'a, str>>>,
        /// Domain of the owner of the inventory.
        pub inventorypartnerdomain: Option<Cow<'a, str>>,
    }
}

object! {
    /// An app, connected TV included (OpenRTB 2.6, section 3.2.14).
    pub struct App<'a> {
        /// The exchange's id.
        pub id: Option<Cow<'a, str>>,
        /// Name.
        pub name: Option<Cow<'a, str>>,
        /// Id in the store.
        pub bundle: Option<Cow<'a, str>>,
        /// Domain.
        pub domain: Option<Cow<'a, str>>,
        /// Address in the store.
        pub storeurl: Option<Cow<'a, str>>,
        /// Taxonomy of the categories; absent means 1.
        pub cattax: Option<i32>,
        /// Categories of the app.
        pub cat: Option<Vec<Cow<'a, str>>>,
        /// Categories of the section.
        pub sectioncat: Option<Vec<Cow<'a, str>>>,
        /// Categories of the page.
        pub pagecat: Option<Vec<Cow<'a, str>>>,
        /// Version.
        pub ver: Option<Cow<'a, str>>,
        /// Whether it has a privacy policy.
        pub privacypolicy: Option<bool>,
        /// Whether it is a paid one.
        pub paid: Option<bool>,
        /// Its publisher.
        pub publisher: Option<Publisher<'a>>,
        /// What is shown.
        pub content: Option<Box<Content<'a>>>,
        /// Keywords, comma-separated; excludes `kwarray`.
        pub keywords: Option<Cow<'a, str>>,
        /// Keywords; excludes `keywords`.
        pub kwarray: Option<Vec<Cow<'a, str>>>,
        /// Domain of the owner of the inventory.
        pub inventorypartnerdomain: Option<Cow<'a, str>>,
    }
}

object! {
    /// An out-of-home screen (OpenRTB 2.6, section 3.2.32).
    pub struct Dooh<'a> {
        /// The exchange's id.
        pub id: Option<Cow<'a, str>>,
        /// Name.
        pub name: Option<Cow<'a, str>>,
        /// Kinds of venue.
        pub venuetype: Option<Vec<Cow<'a, str>>>,
        /// Taxonomy of `venuetype`; absent means 1.
        pub venuetypetax: Option<i32>,
        /// Its publisher.
        pub publisher: Option<Publisher<'a>>,
        /// Domain.
        pub domain: Option<Cow<'a, str>>,
        /// Keywords, comma-separated.
        pub keywords: Option<Cow<'a, str>>,
        /// What is shown.
        pub content: Option<Box<Content<'a>>>,
    }
}

object! {
    /// Who is paid for the inventory (OpenRTB 2.6, section 3.2.15).
    pub struct Publisher<'a> {
        /// The seller's id, as in `sellers.json`.
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

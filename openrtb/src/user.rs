//! The viewer, and the ids by which others know the viewer.

use std::borrow::Cow;

use crate::content::Data;
use crate::device::Geo;
use crate::ext::{Value, lift};

object! {
    /// A viewer (OpenRTB 2.6, section 3.2.20).
    pub struct User<'a> {
        /// The exchange's id.
        pub id: Option<Cow<'a, str>>,
        /// The buyer's id, as the exchange has it.
        pub buyeruid: Option<Cow<'a, str>>,
        /// Year of birth; deprecated.
        pub yob: Option<i32>,
        /// Gender; deprecated.
        pub gender: Option<Cow<'a, str>>,
        /// Keywords, comma-separated; excludes `kwarray`.
        pub keywords: Option<Cow<'a, str>>,
        /// Keywords; excludes `keywords`.
        pub kwarray: Option<Vec<Cow<'a, str>>>,
        /// Data the bidder left in the exchange's cookie.
        pub customdata: Option<Cow<'a, str>>,
        /// Where the viewer lives.
        pub geo: Option<Box<Geo<'a>>>,
        /// Data of third parties.
        pub data: Option<Vec<Data<'a>>>,
        /// Consent string (TCF).
        pub consent: Option<Cow<'a, str>>,
        /// Ids by which others know the viewer.
        pub eids: Option<Vec<Eid<'a>>>,
    }
}

impl User<'_> {
    /// Returns the consent string from `consent` or, where that is absent, from its place in
    /// OpenRTB 2.5, `ext.consent`.
    pub fn consent_string(&self) -> Option<&str> {
        self.consent
            .as_deref()
            .or_else(|| self.ext.as_ref()?.get("consent").and_then(Value::as_str))
    }

    /// Returns the ids by which others know the viewer, from `eids` or, where that is absent, from
    /// its place in OpenRTB 2.5, `ext.eids`.
    pub fn extended_ids(&self) -> Option<Cow<'_, [Eid<'_>]>> {
        match &self.eids {
            Some(ids) => Some(Cow::Borrowed(ids)),
            None => self.ext.as_ref()?.old::<Vec<Eid<'_>>>("eids").map(Cow::Owned),
        }
    }

    /// Moves what stands in the places of OpenRTB 2.5 to those of 2.6.
    pub fn lift_ext(&mut self) {
        lift(&mut self.consent, &mut self.ext, "consent");
        lift(&mut self.eids, &mut self.ext, "eids");
    }
}

object! {
    /// Ids of one source (OpenRTB 2.6, section 3.2.27).
    pub struct Eid<'a> {
        /// Domain of who put the ids in.
        pub inserter: Option<Cow<'a, str>>,
        /// Domain of who issued the ids.
        pub source: Option<Cow<'a, str>>,
        /// Domain of who matched; absent means `source`.
        pub matcher: Option<Cow<'a, str>>,
        /// How it was matched: 1 not, 2 cookie sync, 3 authenticated, 4 observed, 5 inferred.
        pub mm: Option<i32>,
        /// The ids.
        pub uids: Option<Vec<Uid<'a>>>,
    }
}

object! {
    /// An id (OpenRTB 2.6, section 3.2.28).
    pub struct Uid<'a> {
        /// The id.
        pub id: Option<Cow<'a, str>>,
        /// What it stands for: 1 browser or device, 2 device in an app, 3 person.
        pub atype: Option<i32>,
    }
}

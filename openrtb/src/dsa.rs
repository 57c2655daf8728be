//! The extension for the EU's Digital Services Act (IAB Tech Lab, DSA Transparency).

use std::borrow::Cow;

object! {
    /// What the publisher needs (`regs.ext.dsa`).
    pub struct DsaRequest<'a> {
        /// 0 not required, 1 supported, 2 required, 3 required on a large platform.
        pub dsarequired: Option<i32>,
        /// Whether the publisher renders: 0 cannot, 1 may, 2 will.
        pub pubrender: Option<i32>,
        /// Whether the data goes to the publisher: 0 no, 1 optional, 2 yes.
        pub datatopub: Option<i32>,
        /// Who applied what so far.
        pub transparency: Option<Vec<Transparency<'a>>>,
    }
}

object! {
    /// What the bidder declares (`bid.ext.dsa`).
    pub struct DsaBid<'a> {
        /// On whose behalf the ad is shown, up to 100 characters.
        pub behalf: Option<Cow<'a, str>>,
        /// Who paid, up to 100 characters.
        pub paid: Option<Cow<'a, str>>,
        /// Who applied what.
        pub transparency: Option<Vec<Transparency<'a>>>,
        /// Whether the ad renders the declaration itself.
        pub adrender: Option<bool>,
    }
}

object! {
    /// What one party applied.
    pub struct Transparency<'a> {
        /// The party's domain.
        pub domain: Option<Cow<'a, str>>,
        /// 1 profiling, 2 basic advertising, 3 precise place.
        pub dsaparams: Option<Vec<i32>>,
    }
}

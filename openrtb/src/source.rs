//! Where a request comes from.

use std::borrow::Cow;

object! {
    /// Where a request comes from (OpenRTB 2.6, section 3.2.2).
    pub struct Source<'a> {
        /// Whether someone upstream takes the final decision.
        pub fd: Option<bool>,
        /// Id of the transaction, common to all who take part.
        pub tid: Option<Cow<'a, str>>,
        /// Payment ids of TAG.
        pub pchain: Option<Cow<'a, str>>,
        /// Who sells on whose behalf.
        pub schain: Option<SupplyChain<'a>>,
    }
}

object! {
    /// Who sells on whose behalf, the owner first (OpenRTB 2.6, section 3.2.25).
    pub struct SupplyChain<'a> {
        /// Whether the chain goes back to the owner.
        pub complete: bool,
        /// Those who sell, the sender of this request last.
        pub nodes: Vec<SupplyChainNode<'a>>,
        /// Version, `1.0`.
        pub ver: Cow<'a, str>,
    }
}

object! {
    /// One who sells (OpenRTB 2.6, section 3.2.26).
    pub struct SupplyChainNode<'a> {
        /// Domain of the system.
        pub asi: Cow<'a, str>,
        /// The seller's id in that system.
        pub sid: Cow<'a, str>,
        /// Id of that system's request.
        pub rid: Option<Cow<'a, str>>,
        /// Name, where `sellers.json` lacks it.
        pub name: Option<Cow<'a, str>>,
        /// Domain, where `sellers.json` lacks it.
        pub domain: Option<Cow<'a, str>>,
        /// Whether this one takes part in the payment; always so in version 1.0.
        pub hp: Option<bool>,
    }
}

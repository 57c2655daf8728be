//! Where a request comes from.

use std::borrow::Cow;

use crate::ext::lift;

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

impl<'a> Source<'a> {
    /// Returns the supply chain from `schain` or, where that is absent, from its place in
    /// OpenRTB 2.5, `ext.schain` (section 3.2.25).
    ///
    /// ```
    /// use openrtb::source::Source;
    ///
    /// let text = r#"{"ext":{"schain":{"complete":1,"nodes":[],"ver":"1.0"}}}"#;
    /// let mut source: Source<'_> = serde_json::from_str(text)?;
    /// assert!(source.supply_chain().expect("it has one").complete);
    /// source.lift_ext();
    /// assert_eq!(
    ///     serde_json::to_string(&source)?,
    ///     r#"{"schain":{"complete":1,"nodes":[],"ver":"1.0"}}"#
    /// );
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn supply_chain(&self) -> Option<Cow<'_, SupplyChain<'_>>> {
        match &self.schain {
            Some(chain) => Some(Cow::Borrowed(chain)),
            None => self.ext.as_ref()?.old("schain").map(Cow::Owned),
        }
    }

    /// Moves the supply chain from its old place to `schain`.
    pub fn lift_ext(&mut self) {
        lift(&mut self.schain, &mut self.ext, "schain");
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

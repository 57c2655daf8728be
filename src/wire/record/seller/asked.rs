//! Who asked for what, read back from the section.

use std::sync::Arc;

use crate::model::time::{Millis, UnixMillis};
use crate::wire::explain::Asked;
use crate::wire::record::seller::Seller;

impl Seller<'_> {
    /// Returns what the section says of the request for `parts`; time and test are the head's.
    pub(in crate::wire::record) fn asked(&self, parts: usize, at: UnixMillis, test: bool) -> Asked {
        let placement: Arc<str> = Arc::from(&*self.placement);
        let imp = |part: usize| {
            let own = self.placements.get(part).map(|id| Arc::from(&**id));
            let id = self.imp_ids.get(part).map(|id| Arc::from(&**id));
            (id, own.unwrap_or_else(|| Arc::clone(&placement)))
        };
        Asked {
            at,
            door: self.door,
            request: self.request_id.as_deref().map(Arc::from),
            publisher: Arc::from(&*self.publisher),
            placement: Arc::clone(&placement),
            ad_break: Arc::from(&*self.ad_break.id),
            stream: self.ad_break.stream.as_deref().map(Arc::from),
            length: Millis(self.ad_break.length),
            offset: Millis(self.ad_break.offset),
            test,
            tmax: Millis(self.tmax),
            imps: (0..parts).map(imp).collect(),
        }
    }
}

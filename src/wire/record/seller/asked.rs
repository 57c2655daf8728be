//! Who asked for what, read back from the section.

use std::sync::Arc;

use crate::model::break_request::Door;
use crate::model::time::{Millis, UnixMillis};
use crate::wire::explain::Asked;
use crate::wire::record::seller::{DoorForm, Seller};
use crate::wire::record::text::shared;

impl Seller<'_> {
    /// Returns what the section says of the request; time and test are the head's.
    pub(in crate::wire::record) fn asked(&self, at: UnixMillis, test: bool) -> Asked {
        let placement: Arc<str> = Arc::from(&*self.placement);
        let ids = self.imp_ids.as_deref().map(shared).unwrap_or_default();
        let placements = shared(&self.placements);
        let imp = |part: usize| {
            let own = placements.get(part).unwrap_or(&placement);
            (ids.get(part).cloned(), Arc::clone(own))
        };
        Asked {
            at,
            door: match self.door {
                DoorForm::Tag => Door::Tag,
                DoorForm::Native => Door::Native,
                DoorForm::OpenRtb => Door::OpenRtb,
            },
            request: self.request_id.as_deref().map(Arc::from),
            publisher: Arc::from(&*self.publisher),
            placement: Arc::clone(&placement),
            ad_break: Arc::from(&*self.ad_break.id),
            stream: self.ad_break.stream.as_deref().map(Arc::from),
            length: Millis(self.ad_break.length.0),
            offset: Millis(self.ad_break.offset.0),
            test,
            imps: (0..self.parts.len()).map(imp).collect(),
        }
    }
}

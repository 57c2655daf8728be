//! What a message does to the breaks of its stream.
//!
//! One message may cancel, end and start at once. `Cue::signals` puts that in the order in which
//! it takes effect (cancels, ends, starts by precedence); `Cue::signal` picks the one that
//! matters when there is room for one.

use crate::model::cue::segment::{Rank, Role, is_unscheduled, role};
use crate::model::cue::{
    BreakAction, Command, Cue, Insert, Segment, Segmentation, Signal, Ticks, upid,
};

/// Which field of a message said how long the break is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LengthField {
    /// The `break_duration` of the splice insert.
    BreakDuration,
    /// The `segmentation_duration` of a descriptor.
    SegmentationDuration,
}

impl Cue {
    /// Returns everything the message does, in the order in which it takes effect.
    #[must_use]
    pub fn signals(&self) -> Vec<Signal> {
        let mut steps: Vec<(Step, Signal)> = Vec::new();
        match &self.command {
            Command::Insert(insert) => {
                steps.extend(self.insert_step(*insert));
            }
            Command::TimeSignal(_) => {}
            // Heartbeats, announcements and foreign commands do nothing, whatever they carry.
            Command::Encrypted
            | Command::Null
            | Command::Schedule(_)
            | Command::BandwidthReservation
            | Command::Private(_)
            | Command::Other(_) => return Vec::new(),
        }
        steps.extend(self.segmentations().filter_map(|segmentation| {
            step(segmentation).map(|step| (step, self.segmentation_signal(segmentation, step)))
        }));
        // Stable, so that equals keep the order of the message.
        steps.sort_by_key(|(step, _)| *step);
        steps.into_iter().map(|(_, signal)| signal).collect()
    }

    /// Returns the signal that matters: a start before an end before a cancel before overlays,
    /// and otherwise the first event the message names, with no action.
    #[must_use]
    pub fn signal(&self) -> Option<Signal> {
        let main = self.signals().into_iter().reduce(|best, next| {
            if weight(next.action) < weight(best.action) { next } else { best }
        });
        main.or_else(|| self.silent_signal())
    }

    /// Returns what the message does to a stream with nothing open, or the matching break open.
    #[must_use]
    pub fn action(&self) -> BreakAction {
        self.signal().map_or(BreakAction::None, |signal| signal.action)
    }

    /// Returns the planned length of the break the message opens or returns from.
    ///
    /// The break duration first, else the first segmentation duration of a descriptor that opens
    /// a break or an overlay; zero counts as unknown.
    #[must_use]
    pub fn planned(&self) -> Option<(Ticks, LengthField)> {
        if let Some(length) = self.break_duration() {
            return Some((length, LengthField::BreakDuration));
        }
        let opening = self.segmentations().filter_map(|it| it.segment.as_ref()).find_map(opening);
        opening.map(|length| (length, LengthField::SegmentationDuration))
    }

    /// Returns the segmentation descriptor that matters: the strongest start, else an end, else
    /// a cancellation, else an overlay, else the first.
    #[must_use]
    pub fn leading_segmentation(&self) -> Option<&Segmentation> {
        self.segmentations().min_by_key(|segmentation| match step(segmentation) {
            Some(Step::Start(rank)) => (0, Some(rank)),
            Some(Step::End) => (1, None),
            Some(Step::Cancel) => (2, None),
            Some(Step::OverlayStart) => (3, None),
            Some(Step::OverlayEnd) => (4, None),
            Some(Step::InsertStart) | None => (5, None),
        })
    }

    /// Returns whether the message substitutes the program for some viewers (types 0x40, 0x41).
    #[must_use]
    pub fn is_unscheduled(&self) -> bool {
        self.segmentations()
            .filter_map(|segmentation| segmentation.segment.as_ref())
            .any(|segment| is_unscheduled(segment.type_id))
    }

    /// Returns the known length of the splice insert.
    fn break_duration(&self) -> Option<Ticks> {
        let Command::Insert(insert) = &self.command else { return None };
        insert.splice?.break_duration?.length.known()
    }

    /// Returns what the splice insert does.
    fn insert_step(&self, insert: Insert) -> Option<(Step, Signal)> {
        let (step, action) = match insert.splice {
            None => (Step::Cancel, BreakAction::Cancel),
            Some(splice) if splice.out_of_network => (Step::InsertStart, BreakAction::Start),
            Some(_) => (Step::End, BreakAction::End),
        };
        let length = self.planned().map(|(length, _)| length);
        Some((step, self.insert_signal(insert, action, length)))
    }

    fn insert_signal(&self, insert: Insert, action: BreakAction, length: Option<Ticks>) -> Signal {
        Signal {
            key: format!("i{}", insert.event_id).into(),
            event_id: insert.event_id,
            type_id: None,
            upid: None,
            pts: self.pts().map(|pts| pts.0),
            length: length.map(Ticks::millis),
            action,
        }
    }

    fn segmentation_signal(&self, segmentation: &Segmentation, step: Step) -> Signal {
        let action = match step {
            Step::Cancel => BreakAction::Cancel,
            Step::End => BreakAction::End,
            Step::OverlayEnd => BreakAction::OverlayEnd,
            Step::InsertStart | Step::Start(_) => BreakAction::Start,
            Step::OverlayStart => BreakAction::OverlayStart,
        };
        self.named_signal(segmentation, action)
    }

    fn named_signal(&self, segmentation: &Segmentation, action: BreakAction) -> Signal {
        let segment = segmentation.segment.as_ref();
        let key = match segment {
            None => format!("s{}", segmentation.event_id),
            Some(segment) => format!("s{}.{}", segmentation.event_id, start_type(segment.type_id)),
        };
        Signal {
            key: key.into(),
            event_id: segmentation.event_id,
            type_id: segment.map(|segment| segment.type_id),
            upid: segment
                .and_then(|segment| upid::text(segment.upid_type, &segment.upid))
                .map(Into::into),
            pts: self.pts().map(|pts| pts.0),
            length: segment.and_then(opening).map(Ticks::millis),
            action,
        }
    }

    /// Returns the first event named by a message that does nothing.
    fn silent_signal(&self) -> Option<Signal> {
        if matches!(self.command, Command::Encrypted) {
            return None;
        }
        self.segmentations()
            .next()
            .map(|segmentation| self.named_signal(segmentation, BreakAction::None))
    }
}

/// The order in which the parts of a message take effect.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Step {
    Cancel,
    End,
    OverlayEnd,
    InsertStart,
    Start(Rank),
    OverlayStart,
}

/// Returns what a descriptor does, `None` when nothing.
fn step(segmentation: &Segmentation) -> Option<Step> {
    let Some(segment) = &segmentation.segment else { return Some(Step::Cancel) };
    match role(segment.type_id) {
        Role::Opens(rank) => Some(Step::Start(rank)),
        Role::Closes => (!ends_one_of_several(segment)).then_some(Step::End),
        Role::OpensOverlay => Some(Step::OverlayStart),
        Role::ClosesOverlay => Some(Step::OverlayEnd),
        Role::Silent => None,
    }
}

/// Returns whether only this segment ended and more of the break follow (rule R5).
fn ends_one_of_several(segment: &Segment) -> bool {
    1 < segment.segments_expected
        && 0 < segment.segment_num
        && segment.segment_num < segment.segments_expected
}

/// Returns the known length of a segment that opens a break or an overlay.
fn opening(segment: &Segment) -> Option<Ticks> {
    match role(segment.type_id) {
        Role::Opens(_) | Role::OpensOverlay => segment.length?.known(),
        Role::Closes | Role::ClosesOverlay | Role::Silent => None,
    }
}

/// Returns the type under which a break was opened: an end names its start.
fn start_type(type_id: u8) -> u8 {
    match role(type_id) {
        Role::Closes | Role::ClosesOverlay => type_id - 1,
        Role::Opens(_) | Role::OpensOverlay | Role::Silent => type_id,
    }
}

/// Returns the place of an action in the choice of the one that matters, the least first.
fn weight(action: BreakAction) -> u8 {
    match action {
        BreakAction::Start => 0,
        BreakAction::End => 1,
        BreakAction::Cancel => 2,
        BreakAction::OverlayStart => 3,
        BreakAction::OverlayEnd => 4,
        BreakAction::None => 5,
    }
}

//! What keeps two ads out of one pod: `separation` and `exclusive` of a placement.

use crate::config::block;
use crate::config::section::Section;
use crate::model::category::Separation;

/// Reads both; without `separation` no creative plays twice in a pod.
pub(super) fn read(section: &Section<'_>) -> Separation {
    let mut separation = Separation { creative: true, ..Separation::default() };
    if let Some(rules) = section.texts("separation") {
        separation.creative = false;
        for rule in rules.value {
            match rule.value {
                "advertiser" => separation.advertiser = true,
                "category" => separation.category = true,
                "creative" => separation.creative = true,
                "media" => separation.media = true,
                other => {
                    let known = r#""advertiser", "category", "creative" or "media""#;
                    section.bad_value(
                        "separation",
                        &rule.span,
                        format!("{other:?} is not {known}"),
                    );
                }
            }
        }
    }
    if let Some(exclusive) = section.table("exclusive") {
        separation.exclusive = block::categories(&exclusive);
        if !exclusive.has("cat") {
            exclusive.missing("cat", "name the categories: cat = [\"IAB2\"]");
        }
        exclusive.finish();
    }
    separation
}

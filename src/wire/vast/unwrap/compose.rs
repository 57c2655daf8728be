//! Two documents of a chain become one: the inner, and besides what the outer wants called.
//!
//! Kept of a Wrapper: `Error`, `Impression`, `ViewableImpression`, `AdVerifications`, `Extensions`,
//! the tracking and clicks of its linear creatives, and icons of programs the inner one lacks.
//! Left out of an `InLine` is what `write` would drop anyway. Written by events, like all we write.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::wire::macros::Values;
use crate::wire::vast::pen::{Attribute, Pen};
use crate::wire::vast::read::Parts;
use crate::wire::vast::tree::{Content, Element, Tree};
use crate::wire::vast::write::extensions;

/// Returns the ad of a chain's last document, with what the Wrapper in `outer` wants called.
pub(super) fn inline(outer: &Tree<'_>, root: Element<'_, '_>, parts: Parts<'_, '_>) -> String {
    let kept = |child: &Element<'_, '_>| !LEFT_OUT.contains(&child.name());
    let linear = Some(parts.linear);
    let pair = Pair { outer, root, inner: parts.inline, linears: linear.into_iter().collect() };
    pair.document("InLine", kept, |pen, pair| {
        pen.open("Creative", &attributes(parts.creative));
        for id in parts.creative.named("UniversalAdId") {
            copy(pen, id, &[]);
        }
        pen.open("Linear", &attributes(parts.linear));
        pair.linear(pen);
        for child in parts.linear.children() {
            if !["Icons", "TrackingEvents", "VideoClicks"].contains(&child.name()) {
                copy(pen, child, &[]);
            }
        }
        pen.close("Linear");
        pen.close("Creative");
    })
}

/// Returns one Wrapper in the place of two, the inner of which is `wrapper`.
pub(super) fn wrapper(outer: &Tree<'_>, root: Element<'_, '_>, wrapper: Element<'_, '_>) -> String {
    let kept = |child: &Element<'_, '_>| CALLED.contains(&child.name());
    let pair = Pair { outer, root, inner: wrapper, linears: linears(wrapper) };
    pair.document("Wrapper", kept, |pen, pair| {
        pen.open("Creative", []);
        pen.open("Linear", []);
        pair.linear(pen);
        pen.close("Linear");
        pen.close("Creative");
    })
}

/// Two documents, each with one ad.
struct Pair<'p, 't, 'a> {
    /// The document of the Wrapper.
    outer: &'p Tree<'p>,
    /// The root of the inner document.
    root: Element<'t, 'a>,
    /// Its `InLine` or `Wrapper`.
    inner: Element<'t, 'a>,
    /// The linear creatives of it that count.
    linears: Vec<Element<'t, 'a>>,
}

impl<'p, 't, 'a> Pair<'p, 't, 'a> {
    /// Writes the document; `kept` says which children of the inner ad are copied as they are.
    fn document(
        &self,
        kind: &str,
        kept: impl Fn(&Element<'t, 'a>) -> bool,
        creative: impl FnOnce(&mut Pen<'_>, &Self),
    ) -> String {
        // Macros are filled when the ad is sold, not before.
        let nothing = Values::default();
        let mut pen = Pen::new(&nothing, 8 * 1024);
        let mut root = attributes(self.root);
        root.retain(|(name, _)| *name == "version" || is_declaration(name));
        pen.open("VAST", &root);
        let mut ad = self.root.child("Ad").map(attributes).unwrap_or_default();
        ad.retain(|(name, _)| *name == "id");
        pen.open("Ad", &ad);
        pen.open(kind, []);
        let outer = self.wrapper();
        for child in outer.into_iter().flat_map(Element::children) {
            match child.name() {
                "Extensions" => extensions(&mut pen, self.outer.root(), child),
                name if CALLED.contains(&name) => copy(&mut pen, child, &[]),
                _ => {}
            }
        }
        for child in self.inner.children().filter(kept) {
            copy(&mut pen, child, &[]);
        }
        self.viewable(&mut pen);
        pen.open("Creatives", []);
        creative(&mut pen, self);
        for tag in ["Creatives", kind, "Ad", "VAST"] {
            pen.close(tag);
        }
        pen.finish().0
    }

    /// Writes what the linear creatives of both want called, the outer's first.
    fn linear(&self, pen: &mut Pen<'_>) {
        let outer = self.wrapper().map(linears).unwrap_or_default();
        let theirs = |name: &'static str| {
            let outer = outer.iter().flat_map(move |linear| linear.named(name));
            outer.flat_map(Element::children)
        };
        let own = |name: &'static str| {
            let inner = self.linears.iter().flat_map(move |linear| linear.named(name));
            inner.flat_map(Element::children)
        };
        pen.open("TrackingEvents", []);
        theirs("TrackingEvents").for_each(|tracking| copy(pen, tracking, &[]));
        own("TrackingEvents").for_each(|tracking| copy(pen, tracking, &[]));
        pen.close("TrackingEvents");
        pen.open("VideoClicks", []);
        // Where a click leads is for the ad alone to say.
        let clicks = theirs("VideoClicks").filter(|click| click.name() != "ClickThrough");
        clicks.for_each(|click| copy(pen, click, &[]));
        own("VideoClicks").for_each(|click| copy(pen, click, &[]));
        pen.close("VideoClicks");
        // Of two icons of one program, the one nearer to the ad is shown.
        let known: BTreeSet<&str> =
            own("Icons").filter_map(|icon| icon.attribute("program")).collect();
        let other = |icon: &Element<'_, '_>| {
            icon.attribute("program").is_none_or(|program| !known.contains(program))
        };
        pen.open("Icons", []);
        theirs("Icons").filter(other).for_each(|icon| copy(pen, icon, &[]));
        own("Icons").for_each(|icon| copy(pen, icon, &[]));
        pen.close("Icons");
    }

    /// Writes one `ViewableImpression` that holds what both have.
    fn viewable(&self, pen: &mut Pen<'_>) {
        let outer = self.wrapper();
        let outer = outer.into_iter().flat_map(|ad| ad.named(VIEWABLE));
        let mut inner = self.inner.named(VIEWABLE).peekable();
        let named = inner.peek().copied().map(attributes).unwrap_or_default();
        let mut events = outer.flat_map(Element::children).peekable();
        if inner.peek().is_none() && events.peek().is_none() {
            return;
        }
        pen.open(VIEWABLE, &named);
        events.for_each(|event| copy(pen, event, &[]));
        inner.flat_map(Element::children).for_each(|event| copy(pen, event, &[]));
        pen.close(VIEWABLE);
    }

    /// Returns the outer Wrapper.
    fn wrapper(&self) -> Option<Element<'p, 'p>> {
        self.outer.root().child("Ad")?.child("Wrapper")
    }
}

/// Returns the linear creatives of an ad.
fn linears<'t, 'a>(ad: Element<'t, 'a>) -> Vec<Element<'t, 'a>> {
    ad.named("Creatives")
        .flat_map(|creatives| creatives.named("Creative"))
        .flat_map(|creative| creative.named("Linear"))
        .collect()
}

/// Copies the extensions of a Wrapper with the namespaces that its root declares for them.
///
/// A universal id names the ad's creative, which no Wrapper can know.
fn extensions(pen: &mut Pen<'_>, root: Element<'_, '_>, all: Element<'_, '_>) {
    pen.open("Extensions", []);
    for extension in all.named("Extension") {
        if extension.attribute("type") == Some("UniversalAdId") {
            continue;
        }
        let declared: Vec<_> = extensions::declarations(root, extension).flatten().collect();
        let declared: Vec<Attribute<'_>> =
            declared.iter().map(|(name, uri)| (&**name, Cow::Borrowed(*uri))).collect();
        copy(pen, extension, &declared);
    }
    pen.close("Extensions");
}

/// Writes an element as it is, with more attributes.
fn copy(pen: &mut Pen<'_>, element: Element<'_, '_>, more: &[Attribute<'_>]) {
    pen.open(element.name(), attributes(element).iter().chain(more));
    for content in element.content() {
        match content {
            Content::Element(child) => copy(pen, child, &[]),
            Content::Text(text) => pen.text(text),
        }
    }
    pen.close(element.name());
}

fn attributes<'t>(element: Element<'t, 't>) -> Vec<Attribute<'t>> {
    element.attributes().map(|(name, value)| (name, Cow::Borrowed(value))).collect()
}

/// Says whether an attribute declares a namespace prefix.
fn is_declaration(name: &str) -> bool {
    name.starts_with("xmlns:")
}

const VIEWABLE: &str = "ViewableImpression";

/// Children of a Wrapper whose content is called or runs while the ad plays.
const CALLED: &[&str] = &["AdVerifications", "Error", "Extensions", "Impression"];

/// Children of an `InLine` that are merged, or not served.
const LEFT_OUT: &[&str] = &["Creatives", "Pricing", "Survey", VIEWABLE];

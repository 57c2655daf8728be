//! A bidder's own `Extensions`, passed on when they are small and stand on their own.

use crate::wire::macros::Place;
use crate::wire::vast::address::{self, Scheme};
use crate::wire::vast::pen::{Attribute, Pen};
use crate::wire::vast::tree::{self, Content, Element};

/// The most bytes of extensions that an ad passes on.
pub const MAX_EXTENSIONS: usize = 16 * 1024;

/// Writes the extensions of an ad, or none when together they reach `MAX_EXTENSIONS`.
///
/// An extension that uses a namespace prefix declared on the root gets the declaration; one whose
/// prefix is not declared there is dropped, since it would break the document for strict readers.
pub fn write(pen: &mut Pen<'_>, root: Element<'_, '_>, inline: Element<'_, '_>) {
    let all = inline.named("Extensions").flat_map(|extensions| extensions.named("Extension"));
    let all: Vec<Element<'_, '_>> = all.collect();
    if MAX_EXTENSIONS <= all.iter().map(|extension| weight(*extension)).sum() {
        return;
    }
    let mut kept = Vec::new();
    for extension in all {
        let declared: Option<Vec<(String, &str)>> = declarations(root, extension).collect();
        kept.extend(declared.map(|declared| (extension, declared)));
    }
    if kept.is_empty() {
        return;
    }
    pen.open("Extensions", []);
    for (extension, declared) in kept {
        copy(pen, extension, &declared);
    }
    pen.close("Extensions");
}

/// Returns the namespaces that an extension takes from its root as attributes; none for a prefix
/// that the root does not declare.
pub fn declarations<'t>(
    root: Element<'t, '_>,
    extension: Element<'_, '_>,
) -> impl Iterator<Item = Option<(String, &'t str)>> {
    let mut needed = Vec::new();
    undeclared(extension, &mut Vec::new(), &mut needed);
    needed.into_iter().map(move |prefix| {
        let name = format!("xmlns:{prefix}");
        root.attribute(&name).map(|uri| (name, uri))
    })
}

/// Writes an element as it is, macros filled.
fn copy(pen: &mut Pen<'_>, element: Element<'_, '_>, declared: &[(String, &str)]) {
    let mut attributes: Vec<Attribute<'_>> = Vec::new();
    for (name, value) in element.attributes() {
        let place = if name.starts_with("xmlns") { None } else { Some(Place::Text) };
        let value = place.map_or_else(|| value.into(), |place| pen.fill(value, place));
        attributes.push((name, value));
    }
    attributes.extend(declared.iter().map(|(name, uri)| (&**name, (*uri).into())));
    pen.open(element.name(), &attributes);
    for content in element.content() {
        match content {
            Content::Element(child) => copy(pen, child, &[]),
            Content::Text(text) => {
                let place = match address::scheme(text) {
                    Scheme::Https | Scheme::Http => Place::Url,
                    Scheme::Forbidden | Scheme::Other => Place::Text,
                };
                let text = pen.fill(text, place);
                pen.text(&text);
            }
        }
    }
    pen.close(element.name());
}

/// Collects the prefixes that an element uses and does not declare itself.
fn undeclared<'t>(element: Element<'t, '_>, declared: &mut Vec<&'t str>, needed: &mut Vec<String>) {
    let outside = declared.len();
    declared.extend(element.attributes().filter_map(|(name, _)| name.strip_prefix("xmlns:")));
    let names = std::iter::once(element.name()).chain(element.attributes().map(|(name, _)| name));
    for prefix in names.filter_map(|name| name.split_once(':')).map(|(prefix, _)| prefix) {
        let known = matches!(prefix, "xml" | "xmlns") || declared.contains(&prefix);
        // The root declares at most so many; one more is enough to drop the extension.
        let room = needed.len() <= tree::MAX_ATTRIBUTES;
        if !known && room && !needed.iter().any(|other| other == prefix) {
            needed.push(prefix.to_owned());
        }
    }
    for child in element.children() {
        undeclared(child, declared, needed);
    }
    declared.truncate(outside);
}

/// Returns about how many bytes an element takes when written.
fn weight(element: Element<'_, '_>) -> usize {
    let attributes: usize =
        element.attributes().map(|(name, value)| name.len() + value.len() + 4).sum();
    let content: usize = element
        .content()
        .map(|content| match content {
            Content::Element(child) => weight(child),
            Content::Text(text) => text.len(),
        })
        .sum();
    2 * element.name().len() + 5 + attributes + content
}

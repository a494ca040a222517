//! Which code exists only in tests, by its attributes.
use syn::punctuated::Punctuated;
use syn::{Attribute, Item, Meta, Token};

/// The attributes of an item that can have `#[cfg(test)]`. Other items count as production code.
pub fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// Whether an item with these attributes exists only in tests.
pub fn requires_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) if list.path.is_ident("cfg") => {
            list.parse_args::<Meta>().is_ok_and(|condition| implies_test(&condition))
        }
        meta => meta.path().segments.last().is_some_and(|last| last.ident == "test"),
    })
}

fn implies_test(condition: &Meta) -> bool {
    let Meta::List(list) = condition else { return condition.path().is_ident("test") };
    let parts = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated);
    let mut parts = parts.into_iter().flatten();
    match list.path.get_ident().map(ToString::to_string).as_deref() {
        Some("all") => parts.any(|part| implies_test(&part)),
        Some("any") => parts.all(|part| implies_test(&part)),
        _ => false,
    }
}

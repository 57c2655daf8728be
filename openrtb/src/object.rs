//! The shape every OpenRTB object has: named members, tolerant reading, strict writing, `ext`.
//!
//! A macro, because derived readers take arrays for objects and cannot treat `null` as absent,
//! borrow an optional string, or hold both for fifty structs without a note on each member.

/// Defines an object of the wire.
///
/// A member may name the type that reads it (`as Markup`, turned into the member's own by `From`)
/// and, where the name is a keyword of Rust, its name on the wire (`= "type"`).
macro_rules! object {
    (
        $(#[$meta:meta])*
        pub struct $name:ident<$lt:lifetime> {
            $(
                $(#[$field_meta:meta])*
                pub $field:ident: $ty:ty $(as $reader:ty)? $(= $wire:literal)?,
            )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct $name<$lt> {
            $($(#[$field_meta])* pub $field: $ty,)*
            /// Whatever the parties agreed on outside the specification.
            pub ext: Option<crate::ext::Ext<$lt>>,
        }

        impl<'de: $lt, $lt> crate::wire::Wire<'de> for $name<$lt> {
            fn read<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
                struct Members<$lt>(std::marker::PhantomData<&$lt str>);

                impl<'de: $lt, $lt> serde::de::Visitor<'de> for Members<$lt> {
                    type Value = $name<$lt>;

                    fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        out.write_str(concat!("an object (", stringify!($name), ")"))
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(
                        self,
                        mut map: A,
                    ) -> Result<Self::Value, A::Error> {
                        $(
                            let mut $field = crate::wire::Slot::<
                                object!(@reader $ty $(, $reader)?)
                            >::empty();
                        )*
                        let mut ext = crate::wire::Slot::<crate::ext::Ext<$lt>>::empty();
                        while let Some(key) = map.next_key_seed(crate::ext::read::Key)? {
                            match &*key {
                                $(
                                    object!(@name $field $(, $wire)?) => crate::wire::read_member(
                                        &mut map,
                                        &mut $field,
                                        object!(@name $field $(, $wire)?),
                                    )?,
                                )*
                                "ext" => crate::wire::read_member(&mut map, &mut ext, "ext")?,
                                _ => map.next_value_seed(crate::ext::read::Skip::default())?,
                            }
                        }
                        Ok($name {
                            $(
                                $field: <$ty as crate::wire::Member>::from_found(
                                    object!(@found $field $(, $reader)?),
                                )
                                .ok_or_else(|| {
                                    serde::de::Error::missing_field(
                                        object!(@name $field $(, $wire)?),
                                    )
                                })?,
                            )*
                            ext: ext.found,
                        })
                    }
                }

                input.deserialize_map(Members(std::marker::PhantomData))
            }
        }

        impl crate::wire::Canonical for $name<'_> {
            fn write<S: serde::Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeStruct;

                use crate::wire::{Member, Written};

                let present = 0
                    $(+ usize::from(self.$field.present().is_some()))*
                    + usize::from(self.ext.present().is_some());
                let mut members = output.serialize_struct(stringify!($name), present)?;
                $(
                    if let Some(value) = self.$field.present() {
                        members.serialize_field(
                            object!(@name $field $(, $wire)?),
                            &Written(value),
                        )?;
                    }
                )*
                if let Some(value) = self.ext.present() {
                    members.serialize_field("ext", &Written(value))?;
                }
                members.end()
            }
        }

        #[cfg(test)]
        impl crate::object::draw::Drawn for $name<'_> {
            fn draw(dice: &mut crate::object::draw::Dice) -> Self {
                use crate::object::draw::Drawn;

                $name { $($field: Drawn::draw(dice),)* ext: Drawn::draw(dice) }
            }
        }

        impl<'de: $lt, $lt> serde::Deserialize<'de> for $name<$lt> {
            fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
                <Self as crate::wire::Wire<'de>>::read(input)
            }
        }

        impl serde::Serialize for $name<'_> {
            fn serialize<S: serde::Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
                crate::wire::Canonical::write(self, output)
            }
        }
    };

    (@name $field:ident) => { stringify!($field) };
    (@name $field:ident, $wire:literal) => { $wire };
    (@reader $ty:ty) => { <$ty as crate::wire::Member>::Item };
    (@reader $ty:ty, $reader:ty) => { $reader };
    (@found $field:ident) => { $field.found };
    (@found $field:ident, $reader:ty) => { $field.found.map(Into::into) };
}

#[cfg(test)]
pub(crate) mod draw;
#[cfg(test)]
mod tests;

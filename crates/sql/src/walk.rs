//! Visits every node of PostgreSQL's parse tree. It knows no node by name, so it cannot forget one: it is a
//! serializer that writes nothing, driven by the derived `Serialize` of the tree's own types.

use std::fmt;

use serde::Serialize;
use serde::ser::{self, Impossible};

/// Told of every struct, field and scalar in the order of the tree.
pub(crate) trait Visit {
    /// A node of this kind begins. Wrappers that carry no meaning are left out.
    fn open(&mut self, kind: &'static str);
    /// The innermost open node goes on with this field.
    fn field(&mut self, name: &'static str);
    /// A text in the current field.
    fn text(&mut self, text: &str);
    /// A number, an enumeration's code or a boolean in the current field.
    fn number(&mut self, number: i64);
    /// The innermost open node ends.
    fn close(&mut self);
}

/// A tree that is not made of structs, lists, texts and numbers.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct WalkError(pub(crate) String);

/// Walks `tree`.
pub(crate) fn walk(tree: &impl Serialize, visit: &mut impl Visit) -> Result<(), WalkError> {
    tree.serialize(&mut Walker { visit })
}

struct Walker<'v, V> {
    visit: &'v mut V,
}

/// A struct being walked. `Node` only wraps the node proper.
struct Fields<'w, 'v, V> {
    walker: &'w mut Walker<'v, V>,
    wrapper: bool,
}

impl fmt::Display for WalkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for WalkError {}

impl ser::Error for WalkError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        WalkError(message.to_string())
    }
}

fn unexpected(what: &str) -> WalkError {
    WalkError(format!("unexpected {what} in the parse tree"))
}

impl<'w, 'v, V: Visit> ser::Serializer for &'w mut Walker<'v, V> {
    type Ok = ();
    type Error = WalkError;
    type SerializeSeq = Self;
    type SerializeTuple = Impossible<(), WalkError>;
    type SerializeTupleStruct = Impossible<(), WalkError>;
    type SerializeTupleVariant = Impossible<(), WalkError>;
    type SerializeMap = Impossible<(), WalkError>;
    type SerializeStruct = Fields<'w, 'v, V>;
    type SerializeStructVariant = Impossible<(), WalkError>;

    fn serialize_bool(self, v: bool) -> Result<(), WalkError> {
        self.serialize_i64(i64::from(v))
    }
    fn serialize_i8(self, v: i8) -> Result<(), WalkError> {
        self.serialize_i64(i64::from(v))
    }
    fn serialize_i16(self, v: i16) -> Result<(), WalkError> {
        self.serialize_i64(i64::from(v))
    }
    fn serialize_i32(self, v: i32) -> Result<(), WalkError> {
        self.serialize_i64(i64::from(v))
    }
    fn serialize_i64(self, v: i64) -> Result<(), WalkError> {
        self.visit.number(v);
        Ok(())
    }
    fn serialize_u8(self, v: u8) -> Result<(), WalkError> {
        self.serialize_i64(i64::from(v))
    }
    fn serialize_u16(self, v: u16) -> Result<(), WalkError> {
        self.serialize_i64(i64::from(v))
    }
    fn serialize_u32(self, v: u32) -> Result<(), WalkError> {
        self.serialize_i64(i64::from(v))
    }
    fn serialize_u64(self, v: u64) -> Result<(), WalkError> {
        self.serialize_i64(i64::try_from(v).unwrap_or(i64::MAX))
    }
    fn serialize_f32(self, _: f32) -> Result<(), WalkError> {
        Ok(())
    }
    fn serialize_f64(self, _: f64) -> Result<(), WalkError> {
        Ok(())
    }
    fn serialize_char(self, _: char) -> Result<(), WalkError> {
        Err(unexpected("character"))
    }
    fn serialize_str(self, v: &str) -> Result<(), WalkError> {
        self.visit.text(v);
        Ok(())
    }
    fn serialize_bytes(self, _: &[u8]) -> Result<(), WalkError> {
        Err(unexpected("bytes"))
    }
    fn serialize_none(self) -> Result<(), WalkError> {
        Ok(())
    }
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), WalkError> {
        value.serialize(self)
    }
    fn serialize_unit(self) -> Result<(), WalkError> {
        Ok(())
    }
    fn serialize_unit_struct(self, _: &'static str) -> Result<(), WalkError> {
        Ok(())
    }
    fn serialize_unit_variant(self, _: &'static str, code: u32, _: &'static str) -> Result<(), WalkError> {
        self.serialize_u32(code)
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), WalkError> {
        value.serialize(self)
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        value: &T,
    ) -> Result<(), WalkError> {
        value.serialize(self)
    }
    fn serialize_seq(self, _: Option<usize>) -> Result<Self, WalkError> {
        Ok(self)
    }
    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, WalkError> {
        Err(unexpected("tuple"))
    }
    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, WalkError> {
        Err(unexpected("tuple"))
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, WalkError> {
        Err(unexpected("tuple"))
    }
    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, WalkError> {
        Err(unexpected("map"))
    }
    fn serialize_struct(self, kind: &'static str, _: usize) -> Result<Fields<'w, 'v, V>, WalkError> {
        let wrapper = kind == "Node";
        if !wrapper {
            self.visit.open(kind);
        }
        Ok(Fields { walker: self, wrapper })
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, WalkError> {
        Err(unexpected("struct variant"))
    }
}

impl<V: Visit> ser::SerializeSeq for &mut Walker<'_, V> {
    type Ok = ();
    type Error = WalkError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), WalkError> {
        value.serialize(&mut **self)
    }
    fn end(self) -> Result<(), WalkError> {
        Ok(())
    }
}

impl<V: Visit> ser::SerializeStruct for Fields<'_, '_, V> {
    type Ok = ();
    type Error = WalkError;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), WalkError> {
        if !self.wrapper {
            self.walker.visit.field(name);
        }
        value.serialize(&mut *self.walker)
    }
    fn end(self) -> Result<(), WalkError> {
        if !self.wrapper {
            self.walker.visit.close();
        }
        Ok(())
    }
}

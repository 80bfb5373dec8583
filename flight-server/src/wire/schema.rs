//! The types that clients get for the engine's types.

use std::sync::Arc;

use arrow::datatypes::{
    DataType, Field, FieldRef, Fields, Schema, SchemaRef, TimeUnit, UnionFields,
};

/// Which types a client gets. Drivers read few of Arrow's newer ones: JDBC fails on views, and
/// silently gives indexes for dictionaries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) struct Profile {
    /// The engine's types, unchanged.
    pub(crate) native: bool,
    /// Timestamps with a zone go as naive UTC: `getObject` of JDBC 18.3 throws on them.
    pub(crate) naive_timestamps: bool,
    /// Small unsigned integers go as the next wider signed type: JDBC gives −1 for 255.
    pub(crate) java: bool,
}

impl Profile {
    /// The schema on the wire.
    pub(crate) fn schema(self, schema: &Schema) -> SchemaRef {
        let fields: Fields = schema.fields().iter().map(|f| self.field(f)).collect();
        Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
    }

    /// A field on the wire: same name, nullability and metadata.
    pub(crate) fn field(self, field: &FieldRef) -> FieldRef {
        let data_type = self.data_type(field.data_type());
        if let DataType::Union(..) = data_type {
            // A union has no null of its own, and Flight's encoders send it as such.
            return Arc::new(Field::new(field.name(), data_type, false));
        }
        if data_type == *field.data_type() {
            return Arc::clone(field);
        }
        Arc::new(field.as_ref().clone().with_data_type(data_type))
    }

    fn data_type(self, data_type: &DataType) -> DataType {
        use DataType as T;
        if let (T::Timestamp(unit, Some(_)), true) = (data_type, self.naive_timestamps) {
            return T::Timestamp(*unit, None);
        }
        if self.native {
            return self.native_type(data_type);
        }
        match data_type {
            T::Utf8View | T::LargeUtf8 => T::Utf8,
            T::BinaryView | T::LargeBinary => T::Binary,
            T::Float16 => T::Float32,
            T::UInt8 if self.java => T::Int16,
            T::UInt16 if self.java => T::Int32,
            T::UInt32 if self.java => T::Int64,
            T::Decimal32(precision, scale) | T::Decimal64(precision, scale) => {
                T::Decimal128(*precision, *scale)
            }
            T::Dictionary(_, values) => self.data_type(values),
            T::RunEndEncoded(_, values) => self.data_type(values.data_type()),
            T::List(item) | T::LargeList(item) | T::ListView(item) | T::LargeListView(item) => {
                T::List(self.field(item))
            }
            T::FixedSizeList(item, size) => T::FixedSizeList(self.field(item), *size),
            T::Struct(fields) => T::Struct(fields.iter().map(|f| self.field(f)).collect()),
            T::Map(entries, sorted) => T::Map(self.entries(entries), *sorted),
            T::Union(fields, mode) => T::Union(
                fields
                    .iter()
                    .map(|(id, f)| (id, self.field(f)))
                    .collect::<UnionFields>(),
                *mode,
            ),
            plain => plain.clone(),
        }
    }

    /// A map's entries by the names of Arrow's definition: Java looks keys and values up by them.
    fn entries(self, entries: &FieldRef) -> FieldRef {
        let DataType::Struct(fields) = entries.data_type() else {
            return self.field(entries);
        };
        let named: Fields = fields
            .iter()
            .zip(["key", "value"])
            .map(|(field, name)| self.field(field).as_ref().clone().with_name(name))
            .collect();
        Arc::new(Field::new("entries", DataType::Struct(named), false))
    }

    /// The type that a client binds a parameter as; the server casts it to what the statement
    /// expects. JDBC fills in milliseconds and days whatever the unit is, so it is asked for these.
    pub(crate) fn parameter(self, field: &FieldRef) -> FieldRef {
        let field = self.field(field);
        let bound = match field.data_type() {
            DataType::Timestamp(_, zone) => {
                DataType::Timestamp(TimeUnit::Millisecond, zone.clone())
            }
            DataType::Date64 => DataType::Date32,
            DataType::Time32(_) | DataType::Time64(_) => DataType::Time32(TimeUnit::Millisecond),
            _ => return field,
        };
        if !self.java {
            return field;
        }
        Arc::new(field.as_ref().clone().with_data_type(bound))
    }

    /// Only timestamps change, inside nested types too.
    fn native_type(self, data_type: &DataType) -> DataType {
        use DataType as T;
        match data_type {
            T::List(item) => T::List(self.field(item)),
            T::LargeList(item) => T::LargeList(self.field(item)),
            T::ListView(item) => T::ListView(self.field(item)),
            T::LargeListView(item) => T::LargeListView(self.field(item)),
            T::Dictionary(keys, values) => {
                T::Dictionary(keys.clone(), Box::new(self.data_type(values)))
            }
            T::RunEndEncoded(ends, values) => {
                T::RunEndEncoded(Arc::clone(ends), self.field(values))
            }
            T::FixedSizeList(item, size) => T::FixedSizeList(self.field(item), *size),
            T::Struct(fields) => T::Struct(fields.iter().map(|f| self.field(f)).collect()),
            T::Map(entries, sorted) => T::Map(self.field(entries), *sorted),
            other => other.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_normalised_at_every_depth() {
        let item = |t| Arc::new(Field::new("item", t, true));
        let view = Field::new("v", DataType::Utf8View, false)
            .with_metadata([("k".to_owned(), "v".to_owned())].into());
        let zoned = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        let schema = Schema::new(vec![
            view,
            Field::new(
                "s",
                DataType::Struct(
                    vec![
                        Field::new(
                            "d",
                            DataType::Dictionary(
                                Box::new(DataType::Int32),
                                Box::new(DataType::LargeUtf8),
                            ),
                            true,
                        ),
                        Field::new("l", DataType::LargeListView(item(DataType::Float16)), true),
                        Field::new("t", zoned.clone(), true),
                    ]
                    .into(),
                ),
                true,
            ),
            Field::new("x", DataType::Decimal32(5, 2), true),
        ]);
        let wire = Profile {
            naive_timestamps: true,
            ..Profile::default()
        }
        .schema(&schema);
        assert_eq!(wire.field(0).data_type(), &DataType::Utf8);
        assert_eq!(wire.field(0).metadata().get("k"), Some(&"v".to_owned()));
        assert!(!wire.field(0).is_nullable());
        let DataType::Struct(fields) = wire.field(1).data_type() else {
            unreachable!("a struct stays one")
        };
        assert_eq!(fields[0].data_type(), &DataType::Utf8);
        assert_eq!(
            fields[1].data_type(),
            &DataType::List(item(DataType::Float32))
        );
        assert_eq!(
            fields[2].data_type(),
            &DataType::Timestamp(TimeUnit::Microsecond, None)
        );
        assert_eq!(wire.field(2).data_type(), &DataType::Decimal128(5, 2));
        let zoned_wire =
            Profile::default().schema(&Schema::new(vec![Field::new("t", zoned.clone(), true)]));
        assert_eq!(zoned_wire.field(0).data_type(), &zoned);
        let native = Profile {
            native: true,
            ..Profile::default()
        };
        assert_eq!(native.schema(&schema).fields(), schema.fields());
    }

    #[test]
    fn timestamps_are_naive_inside_every_native_type() {
        let naive = Profile {
            native: true,
            naive_timestamps: true,
            java: false,
        };
        let zone = Some("UTC".into());
        let of = |zone| {
            let time = DataType::Timestamp(TimeUnit::Microsecond, zone);
            let item = || Arc::new(Field::new("item", time.clone(), true));
            let ends = Arc::new(Field::new("run_ends", DataType::Int32, false));
            [
                DataType::List(item()),
                DataType::LargeList(item()),
                DataType::ListView(item()),
                DataType::LargeListView(item()),
                DataType::FixedSizeList(item(), 2),
                DataType::Dictionary(Box::new(DataType::Int8), Box::new(time.clone())),
                DataType::RunEndEncoded(ends, item()),
                DataType::Struct(vec![item()].into()),
            ]
        };
        for (own, wire) in of(zone).into_iter().zip(of(None)) {
            let field = Arc::new(Field::new("f", own, true));
            assert_eq!(naive.field(&field).data_type(), &wire);
        }
    }

    #[test]
    fn jdbc_is_given_what_it_reads_and_writes_rightly() {
        let java = Profile {
            java: true,
            naive_timestamps: true,
            native: false,
        };
        let field = |t: DataType| Arc::new(Field::new("f", t, true));
        let ms = TimeUnit::Millisecond;
        for (own, read, bound) in [
            (DataType::UInt8, DataType::Int16, DataType::Int16),
            (DataType::UInt32, DataType::Int64, DataType::Int64),
            (DataType::UInt64, DataType::UInt64, DataType::UInt64),
            (DataType::Date64, DataType::Date64, DataType::Date32),
            (
                DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
                DataType::Timestamp(TimeUnit::Microsecond, None),
                DataType::Timestamp(ms, None),
            ),
            (
                DataType::Time64(TimeUnit::Microsecond),
                DataType::Time64(TimeUnit::Microsecond),
                DataType::Time32(ms),
            ),
        ] {
            assert_eq!(java.field(&field(own.clone())).data_type(), &read);
            assert_eq!(java.parameter(&field(own.clone())).data_type(), &bound);
            let others = Profile::default().parameter(&field(own.clone()));
            assert_eq!(others.data_type(), &own);
        }
    }

    #[test]
    fn map_entries_are_named_as_java_looks_them_up() {
        let entries = DataType::Struct(
            vec![
                Field::new("keys", DataType::Utf8View, false),
                Field::new("values", DataType::Int32, true),
            ]
            .into(),
        );
        let map = DataType::Map(Arc::new(Field::new("e", entries, false)), false);
        let wire = Profile::default().field(&Arc::new(Field::new("m", map, true)));
        let expected = Field::new_map(
            "m",
            "entries",
            Field::new("key", DataType::Utf8, false),
            Field::new("value", DataType::Int32, true),
            false,
            true,
        );
        assert_eq!(*wire, expected);
    }
}

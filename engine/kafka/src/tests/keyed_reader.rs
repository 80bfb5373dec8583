//! A compacted topic that is read to its end and followed, as the rows of a dimension.

use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::{DataType, Field, Schema};
use dimensions::DimensionTable;

use super::mock::{Message, Mock, quick, until};
use crate::KeyedReader;

fn product<'a>(key: &'a str, value: Option<&'a str>, partition: i32) -> Message<'a> {
    Message {
        key: Some(key),
        value: value.map(str::as_bytes),
        ..Message::new(partition, b"")
    }
}

#[test]
fn a_dimension_is_read_to_its_end_and_then_followed() {
    let mock = Mock::with_topic("products", 2);
    mock.send(
        "products",
        &[
            product("a", Some(r#"{"product":"browser"}"#), 0),
            product("b", Some(r#"{"product":"music"}"#), 1),
            product("a", Some(r#"{"product":"reader"}"#), 0),
        ],
    );
    let schema = Arc::new(Schema::new(vec![
        Field::new("app_key", DataType::Utf8, false),
        Field::new("product", DataType::Utf8, true),
    ]));
    let mut table = DimensionTable::new("products", schema, "app_key").unwrap();
    let mut reader = KeyedReader::open(&mock.settings(), "products", quick(), |_| Ok(3)).unwrap();
    assert!(!reader.is_caught_up());
    until("the dimension's end", || {
        for change in reader.poll().unwrap() {
            table.apply(&change);
        }
        reader.is_caught_up()
    });
    assert_eq!(reader.version_text(), "0:2,1:1");
    assert_eq!(reader.handle().identity().map(|(_, n)| n), Some(3));
    let rows = table.rows().unwrap();
    let names = rows.column(1).as_string::<i32>();
    assert_eq!(
        names.iter().flatten().collect::<Vec<_>>(),
        ["reader", "music"]
    );

    mock.send(
        "products",
        &[product("b", None, 1), product("c", Some("not json"), 1)],
    );
    until("the tombstone", || {
        for change in reader.poll().unwrap() {
            table.apply(&change);
        }
        table.unusable_count() == 1
    });
    assert_eq!((table.row_count(), table.version()), (1, 4));
    assert_eq!(reader.version_text(), "0:2,1:3");
}

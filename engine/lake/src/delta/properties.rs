//! The properties of a table, in its `metaData.configuration`.

use std::collections::BTreeMap;

use common::{EngineError, LedgerDef, Result, TableDef, TableKind};

use super::actions::MetaData;

/// Marks a table as Headwater's and tells the format of its files and log.
const FORMAT_PROPERTY: &str = "headwater.format";
/// The format that this version writes and reads.
const FORMAT: &str = "1";
/// A ledger's key, the names of its columns.
const KEY_PROPERTY: &str = "headwater.ledger.key";
/// A ledger's order, the names of its terms.
const ORDER_PROPERTY: &str = "headwater.ledger.order";

/// The properties of a new table.
///
/// The log is never cleaned up by others (`delta.enableExpiredLogCleanup`): roll-forward needs
/// it. Rows of a ledger and of `system.commits` are never removed (`delta.appendOnly`, which
/// still lets files be rearranged). A ledger keeps the key and the order that its entries are
/// decided by.
pub(super) fn of_new(table: &TableDef) -> BTreeMap<String, String> {
    let mut properties = vec![
        (FORMAT_PROPERTY, FORMAT.to_owned()),
        ("delta.enableExpiredLogCleanup", "false".to_owned()),
    ];
    if matches!(table.kind, TableKind::Ledger(_) | TableKind::Commits) {
        properties.push(("delta.appendOnly", "true".to_owned()));
    }
    if let TableKind::Ledger(ledger) = &table.kind {
        properties.extend(of_ledger(ledger));
    }
    let named = properties.into_iter();
    named.map(|(name, of)| (name.to_owned(), of)).collect()
}

/// Checks that a table's files and log have the format that this version knows.
///
/// # Errors
/// [`common::Kind::Data`] for another format.
pub(super) fn check_format(meta_data: &MetaData) -> Result<()> {
    match meta_data.configuration.get(FORMAT_PROPERTY) {
        Some(format) if format != FORMAT => Err(EngineError::data(format!(
            "the table has {FORMAT_PROPERTY} {format}, this version of Headwater knows {FORMAT}; \
             run a newer version"
        ))),
        _ => Ok(()),
    }
}

/// The first property of a ledger's that is not as it was when the table was made, in words.
pub(super) fn difference(table: &TableDef, stored: &MetaData) -> Option<String> {
    let declared: BTreeMap<_, _> = match &table.kind {
        TableKind::Ledger(ledger) => of_ledger(ledger).into(),
        _ => BTreeMap::new(),
    };
    let options = [("key", KEY_PROPERTY), ("order", ORDER_PROPERTY)];
    options.into_iter().find_map(|(option, property)| {
        let (stored, declared) = (stored.configuration.get(property), declared.get(property));
        let what = match (stored, declared) {
            (stored, declared) if stored == declared => return None,
            (Some(stored), Some(declared)) => format!(
                "its entries were decided by option '{option}' '{stored}', declared is '{declared}'"
            ),
            (None, Some(_)) => "it is stored as a table, and declared as a ledger".to_owned(),
            _ => "it is stored as a ledger, and declared as a table".to_owned(),
        };
        Some(what)
    })
}

fn of_ledger(ledger: &LedgerDef) -> [(&'static str, String); 2] {
    let order: Vec<_> = ledger.order.iter().map(|term| term.name()).collect();
    [
        (KEY_PROPERTY, ledger.key.join(", ")),
        (ORDER_PROPERTY, order.join(", ")),
    ]
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use common::OrderTerm;

    use super::*;
    use crate::delta::{new_table_actions, tests};

    fn table(kind: TableKind) -> TableDef {
        TableDef {
            kind,
            ..tests::table(Vec::new())
        }
    }

    fn ledger(key: &[&str], order: &[OrderTerm]) -> TableDef {
        table(TableKind::Ledger(LedgerDef {
            key: key.iter().map(|column| (*column).to_owned()).collect(),
            order: order.to_vec(),
        }))
    }

    fn stored(table: &TableDef) -> MetaData {
        let [_, made] = new_table_actions(table, 0).unwrap();
        made.meta_data.unwrap()
    }

    #[test]
    fn a_ledger_keeps_the_key_and_order_that_it_was_made_with() {
        use OrderTerm::{EventTime, Received, Tie};
        let made = ledger(&["product", "device"], &[Received, EventTime]);
        let of = stored(&made);
        assert_eq!(difference(&made, &of), None);
        for (other, expected) in [
            (
                ledger(&["device"], &[Received, EventTime]),
                "option 'key' 'product, device', declared is 'device'",
            ),
            (
                ledger(&["product", "device"], &[EventTime, Received]),
                "option 'order' 'received, event_time', declared is 'event_time, received'",
            ),
            (
                ledger(&["product", "device"], &[Received, EventTime, Tie]),
                "declared is 'received, event_time, tie'",
            ),
            (table(TableKind::Events), "stored as a ledger"),
        ] {
            let message = difference(&other, &of).unwrap();
            assert!(message.contains(expected), "{message}");
        }
        let plain = stored(&table(TableKind::Events));
        let message = difference(&made, &plain).unwrap();
        assert!(message.contains("stored as a table"), "{message}");
    }
}

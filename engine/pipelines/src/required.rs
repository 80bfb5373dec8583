//! The columns that a stored row needs a value in, and what is a value where a table is partitioned.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field};
use common::TableDef;

/// A NOT NULL column of a table.
#[derive(Debug)]
pub(super) struct Required {
    /// Where it is among the declared columns.
    column: usize,
    name: String,
    /// The table is partitioned by it, and Delta reads an empty partition value as null: one such
    /// row would make the whole table unreadable.
    refuses_empty: bool,
}

impl Required {
    /// The NOT NULL columns of a table, of which `fields` are the declared ones, or some of them.
    pub(super) fn all(table: &TableDef, fields: &[Field]) -> Vec<Self> {
        let required = fields.iter().enumerate().filter(|(_, f)| !f.is_nullable());
        required
            .map(|(column, field)| Self {
                column,
                name: field.name().clone(),
                refuses_empty: table.partition_by.contains(field.name()),
            })
            .collect()
    }

    /// The rows that lack the column's value; none where no row does.
    pub(super) fn lacking(&self, batch: &RecordBatch) -> Option<BooleanArray> {
        let column = batch.column(self.column);
        let nulls = column.logical_nulls();
        let texts = column.as_string_opt::<i32>().filter(|_| self.refuses_empty);
        let is_null = |row| nulls.as_ref().is_some_and(|nulls| nulls.is_null(row));
        let is_empty = |row| texts.is_some_and(|texts| texts.value_length(row) == 0);
        let has_nulls = nulls.as_ref().is_some_and(|nulls| nulls.null_count() > 0);
        if !has_nulls && (texts.is_none() || !(0..column.len()).any(is_empty)) {
            return None;
        }
        let lacking = (0..column.len()).map(|row| Some(is_null(row) || is_empty(row)));
        Some(lacking.collect())
    }

    /// Why a row that lacks the value is a dead letter.
    pub(super) fn reason(&self, batch: &RecordBatch, row: usize) -> String {
        let what = if batch.column(self.column).is_null(row) {
            "null"
        } else {
            "empty text"
        };
        format!("{what} in {}", self.name)
    }
}

/// The columns in which an empty text is null from the start, since it would be after its commit:
/// those that may be null and that the table is partitioned by.
pub(super) fn null_if_empty(table: &TableDef, fields: &[Field]) -> Vec<usize> {
    let fields = fields.iter().enumerate();
    fields
        .filter(|(_, f)| f.is_nullable() && *f.data_type() == DataType::Utf8)
        .filter(|(_, f)| table.partition_by.contains(f.name()))
        .map(|(column, _)| column)
        .collect()
}

/// The columns, with nulls for the empty texts of some.
pub(super) fn without_empty(mut columns: Vec<ArrayRef>, emptied: &[usize]) -> Vec<ArrayRef> {
    for column in emptied {
        let Some(texts) = columns[*column].as_string_opt::<i32>() else {
            continue;
        };
        let is_empty = |row| texts.value_length(row) == 0;
        if (0..texts.len()).any(is_empty) {
            let filled: StringArray = texts.iter().map(|t| t.filter(|t| !t.is_empty())).collect();
            columns[*column] = Arc::new(filled);
        }
    }
    columns
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::Schema;
    use common::TableKind;

    use super::*;

    #[test]
    fn an_empty_text_is_null_only_where_a_partition_may_be_null() {
        let fields = [("a", true), ("b", true), ("c", false)]
            .map(|(name, nullable)| Field::new(name, DataType::Utf8, nullable));
        let table = TableDef {
            name: "t".into(),
            location: "t".into(),
            kind: TableKind::Events,
            schema: Arc::new(Schema::new(fields.to_vec())),
            partition_by: vec!["b".into(), "c".into()],
            comment: None,
        };
        let emptied = null_if_empty(&table, &fields);
        let column: ArrayRef = Arc::new(StringArray::from(vec![Some(""), Some("x"), None]));
        let columns = without_empty(vec![column.clone(); 3], &emptied);
        let filled: ArrayRef = Arc::new(StringArray::from(vec![None, Some("x"), None]));
        assert_eq!(columns, [column.clone(), filled, column]);
    }
}

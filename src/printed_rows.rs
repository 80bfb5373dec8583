//! Rows as text, a batch at a time: nothing is kept beyond what makes up a page.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, StringArray};
use arrow::csv::WriterBuilder;
use arrow::datatypes::{DataType, Field, Schema};
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use arrow::util::pretty::pretty_format_batches_with_options;

use crate::failure::{Failure, Outcome};

/// Rows of a table that are drawn with the same widths. A longer result has several such pages.
const PAGE_ROWS: usize = 1_000;

/// Comma-separated values; the header comes with the first batch.
#[derive(Default)]
pub struct Csv {
    begun: bool,
}

impl Csv {
    /// The lines of a batch.
    pub fn text(&mut self, batch: &RecordBatch) -> Outcome<String> {
        let mut text = Vec::new();
        let header = !std::mem::replace(&mut self.begun, true);
        flat(batch)
            .and_then(|batch| {
                let mut writer = WriterBuilder::new().with_header(header).build(&mut text);
                writer.write(&batch)
            })
            .map_err(unprintable)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }
}

/// A table for people, and the number of its rows under it.
pub struct Table {
    waiting: Vec<RecordBatch>,
    waiting_rows: usize,
    nothing: RecordBatch,
    rows: usize,
}

impl Table {
    /// A table of a schema: that of a batch without rows.
    pub fn new(nothing: RecordBatch) -> Self {
        Self {
            waiting: Vec::new(),
            waiting_rows: 0,
            nothing,
            rows: 0,
        }
    }

    /// The pages that a batch completes.
    pub fn text(&mut self, batch: RecordBatch) -> Outcome<String> {
        let mut text = String::new();
        let mut offset = 0;
        while offset < batch.num_rows() {
            let taken = (batch.num_rows() - offset).min(PAGE_ROWS - self.waiting_rows);
            self.waiting.push(batch.slice(offset, taken));
            self.waiting_rows += taken;
            offset += taken;
            if self.waiting_rows == PAGE_ROWS {
                text.push_str(&self.page()?);
            }
        }
        Ok(text)
    }

    /// What is left, and the count.
    pub fn end(&mut self) -> Outcome<String> {
        let mut text = String::new();
        if self.rows == 0 || self.waiting_rows > 0 {
            text = self.page()?;
        }
        let rows = self.rows;
        text.push_str(&format!(
            "{rows} {}\n",
            if rows == 1 { "row" } else { "rows" }
        ));
        Ok(text)
    }

    fn page(&mut self) -> Outcome<String> {
        self.rows += std::mem::take(&mut self.waiting_rows);
        let mut page = std::mem::take(&mut self.waiting);
        if page.is_empty() {
            page.push(self.nothing.clone());
        }
        // An empty text and a null are two channels.
        let options = FormatOptions::default().with_null("NULL");
        let table = pretty_format_batches_with_options(&page, &options).map_err(unprintable)?;
        Ok(format!("{table}\n"))
    }
}

/// The batch with text in place of nested values, which have no form in CSV.
fn flat(batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let schema = batch.schema();
    let (fields, columns): (Vec<Field>, Vec<ArrayRef>) = schema
        .fields()
        .iter()
        .zip(batch.columns())
        .map(|(field, column)| {
            if !field.data_type().is_nested() {
                return Ok((field.as_ref().clone(), Arc::clone(column)));
            }
            let text = Field::new(field.name(), DataType::Utf8, true);
            Ok((text, Arc::new(texts(column)?) as ArrayRef))
        })
        .collect::<Result<Vec<_>, ArrowError>>()?
        .into_iter()
        .unzip();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
}

fn texts(column: &ArrayRef) -> Result<StringArray, ArrowError> {
    let formatter = ArrayFormatter::try_new(column, &FormatOptions::default())?;
    (0..column.len())
        .map(|row| {
            column
                .is_valid(row)
                .then(|| formatter.value(row).try_to_string())
                .transpose()
        })
        .collect()
}

fn unprintable(e: ArrowError) -> Failure {
    Failure::no(format!("the rows cannot be printed: {e}"))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use arrow::array::{Int64Array, ListArray, StructArray};
    use arrow::datatypes::Int64Type;

    use super::*;

    fn numbers(n: usize) -> RecordBatch {
        let values: ArrayRef = Arc::new(Int64Array::from(vec![7; n]));
        RecordBatch::try_from_iter([("n", values)]).unwrap()
    }

    #[test]
    fn nested_columns_are_text_in_csv() {
        let list: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>([
            Some(vec![Some(1), None]),
            None,
        ]));
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![3, 4]));
        let inner = Arc::new(Field::new("a", DataType::Int64, true));
        let object: ArrayRef = Arc::new(StructArray::from(vec![(inner, Arc::clone(&numbers))]));
        let batch =
            RecordBatch::try_from_iter([("l", list), ("s", object), ("n", numbers)]).unwrap();
        let mut csv = Csv::default();
        let text = csv.text(&batch).unwrap();
        assert_eq!(text, "l,s,n\n\"[1, ]\",{a: 3},3\n,{a: 4},4\n");
        assert!(!csv.text(&batch).unwrap().contains("l,s,n"));
    }

    #[test]
    fn a_result_without_rows_has_its_header() {
        let none = numbers(0);
        assert_eq!(Csv::default().text(&none).unwrap(), "n\n");
        let mut table = Table::new(none);
        let text = table.end().unwrap();
        assert!(
            text.contains("| n |") && text.ends_with("\n0 rows\n"),
            "{text}"
        );
    }

    #[test]
    fn a_long_table_is_drawn_by_pages() {
        let mut table = Table::new(numbers(0));
        assert_eq!(table.text(numbers(600)).unwrap(), "");
        let first = table.text(numbers(1_500)).unwrap();
        assert_eq!(first.matches("| n |").count(), 2);
        assert_eq!(first.matches("| 7 |").count(), 2_000);
        let last = table.end().unwrap();
        assert_eq!(last.matches("| 7 |").count(), 100);
        assert!(last.ends_with("\n2100 rows\n"), "{last}");
        let mut even = Table::new(numbers(0));
        even.text(numbers(1_000)).unwrap();
        assert_eq!(even.end().unwrap(), "1000 rows\n");
    }
}

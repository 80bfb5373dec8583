//! The way from the arguments of a call to arrays of the type that a kernel reads.

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::{ScalarValue, plan_err};
use datafusion::error::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs};

/// Every instant is a timestamp of this type.
pub(crate) fn instant() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

/// The argument types of one call while it is planned.
pub(crate) struct Call<'a> {
    pub function: &'a str,
    pub types: &'a [DataType],
}

impl Call<'_> {
    /// Refuses a call with fewer than `least` or more than `most` arguments.
    pub(crate) fn count(&self, least: usize, most: usize) -> Result<()> {
        let given = self.types.len();
        if (least..=most).contains(&given) {
            return Ok(());
        }
        let wanted = match (least, most) {
            (least, most) if least == most => format!("{least}"),
            (least, usize::MAX) => format!("{least} or more"),
            (least, most) => format!("{least} to {most}"),
        };
        plan_err!("{} takes {wanted} arguments, got {given}", self.function)
    }

    /// Argument `n` is text.
    pub(crate) fn text(&self, n: usize) -> Result<DataType> {
        match &self.types[n] {
            kind if is_text(kind) || kind.is_null() => Ok(DataType::Utf8),
            _ => self.refuse(n, "a string"),
        }
    }

    /// Argument `n` is bytes; text stands for its UTF-8 bytes.
    pub(crate) fn bytes(&self, n: usize) -> Result<DataType> {
        match &self.types[n] {
            kind if is_bytes(kind) || is_text(kind) || kind.is_null() => Ok(DataType::Binary),
            _ => self.refuse(n, "binary or a string"),
        }
    }

    /// Argument `n` is a whole number.
    pub(crate) fn integer(&self, n: usize) -> Result<DataType> {
        match &self.types[n] {
            kind if kind.is_integer() || kind.is_null() => Ok(DataType::Int64),
            _ => self.refuse(n, "a whole number"),
        }
    }

    /// Argument `n` is an instant. A timestamp without a zone is refused: its meaning is unknown.
    pub(crate) fn instant(&self, n: usize) -> Result<DataType> {
        match &self.types[n] {
            DataType::Timestamp(_, Some(_)) | DataType::Null => Ok(instant()),
            _ => self.refuse(n, "a timestamp with a time zone"),
        }
    }

    /// Argument `n` is a client's time stamp: milliseconds since 1970, or an instant.
    pub(crate) fn stamp(&self, n: usize) -> Result<DataType> {
        match &self.types[n] {
            kind if kind.is_integer() || kind.is_null() => Ok(DataType::Int64),
            DataType::Timestamp(_, Some(_)) => Ok(instant()),
            _ => self.refuse(
                n,
                "epoch milliseconds (BIGINT) or a timestamp with a time zone",
            ),
        }
    }

    /// Argument `n` is a list, of the item type that it has.
    pub(crate) fn list(&self, n: usize) -> Result<DataType> {
        match &self.types[n] {
            DataType::List(item)
            | DataType::LargeList(item)
            | DataType::ListView(item)
            | DataType::LargeListView(item)
            | DataType::FixedSizeList(item, _) => Ok(DataType::List(item.clone())),
            _ => self.refuse(n, "a list"),
        }
    }

    fn refuse(&self, n: usize, wanted: &str) -> Result<DataType> {
        plan_err!(
            "argument {} of {} must be {wanted}, got {}",
            n + 1,
            self.function,
            self.types[n]
        )
    }
}

fn is_text(kind: &DataType) -> bool {
    match kind {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, value) => is_text(value),
        _ => false,
    }
}

fn is_bytes(kind: &DataType) -> bool {
    match kind {
        DataType::Binary
        | DataType::LargeBinary
        | DataType::BinaryView
        | DataType::FixedSizeBinary(_) => true,
        DataType::Dictionary(_, value) => is_bytes(value),
        _ => false,
    }
}

/// The arguments as arrays of equal length: of one row if all of them are scalars.
pub(crate) struct Columns {
    pub arrays: Vec<ArrayRef>,
    pub row_count: usize,
    scalar: bool,
}

impl Columns {
    pub(crate) fn new(args: &ScalarFunctionArgs) -> Result<Self> {
        let scalar = args
            .args
            .iter()
            .all(|value| matches!(value, ColumnarValue::Scalar(_)));
        let row_count = if scalar { 1 } else { args.number_rows };
        let arrays = args
            .args
            .iter()
            .map(|value| value.to_array(row_count))
            .collect::<Result<_>>()?;
        Ok(Self {
            arrays,
            row_count,
            scalar,
        })
    }

    /// The result in the shape of the arguments: a scalar if all of them were.
    pub(crate) fn answer(&self, array: ArrayRef) -> Result<ColumnarValue> {
        if self.scalar {
            Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(
                &array, 0,
            )?))
        } else {
            Ok(ColumnarValue::Array(array))
        }
    }
}

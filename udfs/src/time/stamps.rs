//! The three stamps of a call to `event_time` or `clock_rule`.

use arrow::array::{Array, ArrayRef, Int64Array, TimestampMicrosecondArray};
use arrow::datatypes::DataType;
use datafusion::common::cast::{as_int64_array, as_timestamp_microsecond_array};
use datafusion::error::Result;

use super::clock::{ClockRule, settle};
use crate::arguments::Call;

/// A client's stamps: milliseconds, or instants.
enum Stamps<'a> {
    Millis(&'a Int64Array),
    Micros(&'a TimestampMicrosecondArray),
}

impl<'a> Stamps<'a> {
    fn new(array: &'a ArrayRef) -> Result<Self> {
        match array.data_type() {
            DataType::Int64 => Ok(Self::Millis(as_int64_array(array)?)),
            _ => Ok(Self::Micros(as_timestamp_microsecond_array(array)?)),
        }
    }

    #[inline]
    fn micros(&self, row: usize) -> Option<i128> {
        match self {
            Self::Millis(stamps) if stamps.is_valid(row) => {
                Some(i128::from(stamps.value(row)) * 1000)
            }
            Self::Micros(stamps) if stamps.is_valid(row) => Some(i128::from(stamps.value(row))),
            _ => None,
        }
    }
}

/// What the three arguments are coerced to.
pub(crate) fn coerce(function: &str, types: &[DataType]) -> Result<Vec<DataType>> {
    let call = Call { function, types };
    call.count(3, 3)?;
    Ok(vec![call.stamp(0)?, call.stamp(1)?, call.instant(2)?])
}

/// The time and the rule of each row; none where received is null.
pub(crate) fn settle_columns(
    arrays: &[ArrayRef],
) -> Result<impl Iterator<Item = Option<(i64, ClockRule)>>> {
    let created = Stamps::new(&arrays[0])?;
    let sent = Stamps::new(&arrays[1])?;
    let received = as_timestamp_microsecond_array(&arrays[2])?;
    Ok((0..received.len()).map(move |row| {
        received
            .is_valid(row)
            .then(|| settle(created.micros(row), sent.micros(row), received.value(row)))
    }))
}

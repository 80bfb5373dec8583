//! `business_day` and `business_hour`: the day and the hour of a wall clock, in a zone per row.

use std::sync::{Arc, LazyLock};

use arrow::array::{Array, ArrayRef, Date32Array, TimestampMicrosecondArray};
use arrow::datatypes::DataType;
use datafusion::common::cast::{as_string_array, as_timestamp_microsecond_array};
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, Documentation, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};

use super::zone::Zones;
use crate::arguments::{Call, Columns, instant};
use crate::documentation::TIME;

const SECOND_US: i64 = 1_000_000;
const HOUR_US: i64 = 3600 * SECOND_US;
const DAY_US: i64 = 24 * HOUR_US;

static DAY_DOCUMENTATION: LazyLock<Documentation> = LazyLock::new(|| {
    documentation(
        "business_day",
        "business_hour",
        "The date on the wall clock of a zone, at an instant.",
        "```sql\nSELECT business_day(TIMESTAMPTZ '2026-03-01T16:00:00Z', 'Asia/Shanghai');\n-- 2026-03-02\n```",
    )
});

static HOUR_DOCUMENTATION: LazyLock<Documentation> = LazyLock::new(|| {
    documentation(
        "business_hour",
        "business_day",
        "The instant at which the hour on the wall clock of a zone began, by the offset from UTC that the zone \
         has at `instant`. In zones that are half an hour off, it isn't a full hour of UTC; where a clock is set \
         back, the hour that comes twice is two hours.",
        "```sql\nSELECT business_hour(TIMESTAMPTZ '2026-03-01T16:10:00Z', 'Asia/Kolkata');\n-- 2026-03-01T15:30:00Z\n```",
    )
});

fn documentation(name: &str, related: &str, description: &str, example: &str) -> Documentation {
    Documentation::builder(
        TIME,
        format!("{description} Null where an argument is null, the zone is unknown, or the instant is beyond the calendar."),
        format!("{name}(instant, zone)"),
    )
    .with_sql_example(example)
    .with_argument("instant", "timestamp with a zone")
    .with_argument("zone", "STRING: a name of the IANA time zone database, such as 'Asia/Shanghai', spelled as there")
    .with_related_udf(related)
    .build()
}

/// See the module.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Business {
    grain: Grain,
    signature: Signature,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Grain {
    Day,
    Hour,
}

impl Business {
    /// `business_day`.
    pub fn day() -> Self {
        Self::new(Grain::Day)
    }

    /// `business_hour`.
    pub fn hour() -> Self {
        Self::new(Grain::Hour)
    }

    fn new(grain: Grain) -> Self {
        Self {
            grain,
            signature: Signature::user_defined(Volatility::Immutable),
        }
    }
}

impl ScalarUDFImpl for Business {
    fn name(&self) -> &str {
        match self.grain {
            Grain::Day => "business_day",
            Grain::Hour => "business_hour",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        let call = Call {
            function: self.name(),
            types,
        };
        call.count(2, 2)?;
        Ok(vec![call.instant(0)?, call.text(1)?])
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(match self.grain {
            Grain::Day => DataType::Date32,
            Grain::Hour => instant(),
        })
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let columns = Columns::new(&args)?;
        let instants = as_timestamp_microsecond_array(&columns.arrays[0])?;
        let names = as_string_array(&columns.arrays[1])?;
        let mut zones = Zones::default();
        // The instant, and the wall clock as if it were an instant.
        let clocks = (0..columns.row_count).map(|row| {
            if instants.is_null(row) || names.is_null(row) {
                return None;
            }
            let instant = instants.value(row);
            let offset = zones.offset_s(names.value(row), instant)?;
            Some((instant, instant.checked_add(offset * SECOND_US)?))
        });
        let array: ArrayRef = match self.grain {
            Grain::Day => Arc::new(
                clocks
                    .map(|clock| i32::try_from(clock?.1.div_euclid(DAY_US)).ok())
                    .collect::<Date32Array>(),
            ),
            Grain::Hour => Arc::new(
                clocks
                    .map(|clock| {
                        let (instant, wall) = clock?;
                        instant.checked_sub(wall.rem_euclid(HOUR_US))
                    })
                    .collect::<TimestampMicrosecondArray>()
                    .with_timezone("UTC"),
            ),
        };
        columns.answer(array)
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(match self.grain {
            Grain::Day => &DAY_DOCUMENTATION,
            Grain::Hour => &HOUR_DOCUMENTATION,
        })
    }
}

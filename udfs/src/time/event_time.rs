//! `event_time`: when an event happened, by the clock rule.

use std::sync::{Arc, LazyLock};

use arrow::array::TimestampMicrosecondArray;
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, Documentation, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDFImpl, Signature,
    Volatility,
};

use super::stamps::{coerce, settle_columns};
use crate::arguments::{Columns, instant};
use crate::documentation::TIME;

static DOCUMENTATION: LazyLock<Documentation> = LazyLock::new(|| {
    Documentation::builder(
        TIME,
        "When an event happened: `received − (sent − created)` where both stamps exist, else `created`; used \
         where it lies within [received − 72 h, received + 5 min], both ends included, else `received`. Where \
         `created` is null, `received`. A stamp beyond any calendar is outside of the window. Null only where \
         `received` is null.",
        "event_time(created, sent, received)",
    )
    .with_sql_example("```sql\nevent_time(l.value.time, l.value.send_time, received) AS event_time\n```")
    .with_argument("created", "the client's clock at the event: BIGINT milliseconds since 1970, or a timestamp with a zone")
    .with_argument("sent", "the client's clock at sending, likewise")
    .with_argument("received", "timestamp with a zone: the record's Kafka timestamp, or the collector's")
    .with_related_udf("clock_rule")
    .build()
});

/// See the module.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct EventTime {
    signature: Signature,
}

impl Default for EventTime {
    fn default() -> Self {
        Self {
            signature: Signature::user_defined(Volatility::Immutable),
        }
    }
}

impl ScalarUDFImpl for EventTime {
    fn name(&self) -> &str {
        "event_time"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        coerce(self.name(), types)
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(instant())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let nullable = args.arg_fields[2].is_nullable();
        Ok(Arc::new(Field::new(self.name(), instant(), nullable)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let columns = Columns::new(&args)?;
        let times: TimestampMicrosecondArray = settle_columns(&columns.arrays)?
            .map(|settled| settled.map(|(time, _)| time))
            .collect();
        columns.answer(Arc::new(times.with_timezone("UTC")))
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(&DOCUMENTATION)
    }
}

//! `clock_rule`: which stamp `event_time` was taken from.

use std::sync::{Arc, LazyLock};

use arrow::array::StringArray;
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, Documentation, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDFImpl, Signature,
    Volatility,
};

use super::stamps::{coerce, settle_columns};
use crate::arguments::Columns;
use crate::documentation::TIME;

static DOCUMENTATION: LazyLock<Documentation> = LazyLock::new(|| {
    Documentation::builder(
        TIME,
        "Where `event_time` of the same arguments comes from: 'skew' (`received − (sent − created)`), 'client' \
         (`created`, as there is no `sent`) or 'received' (there is no `created`, or what it gives lies outside \
         of the window). Null only where `received` is null.",
        "clock_rule(created, sent, received)",
    )
    .with_argument("created", "as for `event_time`")
    .with_argument("sent", "as for `event_time`")
    .with_argument("received", "as for `event_time`")
    .with_related_udf("event_time")
    .build()
});

/// See the module.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct ClockRuleOf {
    signature: Signature,
}

impl Default for ClockRuleOf {
    fn default() -> Self {
        Self {
            signature: Signature::user_defined(Volatility::Immutable),
        }
    }
}

impl ScalarUDFImpl for ClockRuleOf {
    fn name(&self) -> &str {
        "clock_rule"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        coerce(self.name(), types)
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let nullable = args.arg_fields[2].is_nullable();
        Ok(Arc::new(Field::new(self.name(), DataType::Utf8, nullable)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let columns = Columns::new(&args)?;
        let rules: StringArray = settle_columns(&columns.arrays)?
            .map(|settled| settled.map(|(_, rule)| rule.name()))
            .collect();
        columns.answer(Arc::new(rules))
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(&DOCUMENTATION)
    }
}

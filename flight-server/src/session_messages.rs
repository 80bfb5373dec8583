//! The messages of Flight's session actions, which arrow-flight doesn't have yet.
//!
//! Format: `SetSessionOptionsRequest` and the following in Arrow's `format/Flight.proto`.

use std::collections::HashMap;

use arrow_flight::sql::ActionCreatePreparedStatementResult;
use bytes::Bytes;

/// The value of an option.
#[derive(Clone, PartialEq, ::prost::Message)]
pub(crate) struct SessionOptionValue {
    #[prost(oneof = "OptionValue", tags = "1, 2, 3, 4, 5")]
    pub(crate) value: Option<OptionValue>,
}

#[derive(Clone, PartialEq, ::prost::Oneof)]
pub(crate) enum OptionValue {
    #[prost(string, tag = "1")]
    Text(String),
    #[prost(bool, tag = "2")]
    Bool(bool),
    #[prost(sfixed64, tag = "3")]
    Int(i64),
    #[prost(double, tag = "4")]
    Double(f64),
    #[prost(message, tag = "5")]
    Texts(TextList),
}

#[derive(Clone, PartialEq, ::prost::Message)]
pub(crate) struct TextList {
    #[prost(string, repeated, tag = "1")]
    pub(crate) values: Vec<String>,
}

#[derive(Clone, PartialEq, ::prost::Message)]
pub(crate) struct SetSessionOptionsRequest {
    #[prost(map = "string, message", tag = "1")]
    pub(crate) session_options: HashMap<String, SessionOptionValue>,
}

#[derive(Clone, PartialEq, ::prost::Message)]
pub(crate) struct SetSessionOptionsResult {
    #[prost(map = "string, message", tag = "1")]
    pub(crate) errors: HashMap<String, OptionError>,
}

#[derive(Clone, PartialEq, ::prost::Message)]
pub(crate) struct OptionError {
    #[prost(enumeration = "OptionErrorValue", tag = "1")]
    pub(crate) value: i32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, ::prost::Enumeration)]
#[repr(i32)]
pub(crate) enum OptionErrorValue {
    Unspecified = 0,
    InvalidName = 1,
    InvalidValue = 2,
    Error = 3,
}

#[derive(Clone, PartialEq, ::prost::Message)]
pub(crate) struct GetSessionOptionsResult {
    #[prost(map = "string, message", tag = "1")]
    pub(crate) session_options: HashMap<String, SessionOptionValue>,
}

#[derive(Clone, PartialEq, ::prost::Message)]
pub(crate) struct CloseSessionResult {
    #[prost(enumeration = "CloseStatus", tag = "1")]
    pub(crate) status: i32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, ::prost::Enumeration)]
#[repr(i32)]
pub(crate) enum CloseStatus {
    Unspecified = 0,
    Closed = 1,
    Closing = 2,
    NotCloseable = 3,
}

/// [`ActionCreatePreparedStatementResult`] with the field that tells newer drivers that the
/// statement is an update; the others take an empty result schema for that.
#[derive(Clone, PartialEq, ::prost::Message)]
pub(crate) struct PreparedStatementResult {
    #[prost(bytes = "bytes", tag = "1")]
    pub(crate) prepared_statement_handle: Bytes,
    #[prost(bytes = "bytes", tag = "2")]
    pub(crate) dataset_schema: Bytes,
    #[prost(bytes = "bytes", tag = "3")]
    pub(crate) parameter_schema: Bytes,
    #[prost(bool, optional, tag = "4")]
    pub(crate) is_update: Option<bool>,
}

impl PreparedStatementResult {
    /// The message in an `Any` of the type that drivers know.
    pub(crate) fn as_any(&self) -> arrow_flight::sql::Any {
        use arrow_flight::sql::ProstMessageExt;
        arrow_flight::sql::Any {
            type_url: ActionCreatePreparedStatementResult::type_url().to_owned(),
            value: prost::Message::encode_to_vec(self).into(),
        }
    }
}

impl SessionOptionValue {
    pub(crate) fn text(value: impl Into<String>) -> Self {
        Self {
            value: Some(OptionValue::Text(value.into())),
        }
    }

    /// The value as `SET` would write it; `None` takes the choice back.
    pub(crate) fn spelled(&self) -> Option<String> {
        match &self.value {
            None => None,
            Some(OptionValue::Text(text)) => Some(text.clone()),
            Some(OptionValue::Bool(b)) => Some(b.to_string()),
            Some(OptionValue::Int(n)) => Some(n.to_string()),
            Some(OptionValue::Double(n)) => Some(n.to_string()),
            Some(OptionValue::Texts(list)) => Some(list.values.join(",")),
        }
    }
}

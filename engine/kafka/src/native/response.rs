//! The codes that librdkafka's calls return.

use common::{EngineError, Result};
use rdkafka::bindings as rd;
use rdkafka::error::RDKafkaErrorCode;

/// An error of kind *unavailable* unless the code says success.
pub(super) fn ensure(code: rd::rd_kafka_resp_err_t, what: &str) -> Result<()> {
    if code == rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
        return Ok(());
    }
    Err(EngineError::unavailable(what).caused_by(RDKafkaErrorCode::from(code)))
}

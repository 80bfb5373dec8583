//! A topic's id, asked of the brokers through librdkafka's admin calls.

use std::ffi::{CString, c_int};
use std::ptr::{self, NonNull};
use std::time::Duration;

use common::{EngineError, Result};
use rdkafka::bindings as rd;
use rdkafka::error::RDKafkaErrorCode;

use super::response::ensure;
use crate::TopicId;

/// An object of librdkafka's with the call that destroys it.
struct Owned<T>(NonNull<T>, unsafe extern "C" fn(*mut T));

impl<T> Owned<T> {
    fn new(pointer: *mut T, destroy: unsafe extern "C" fn(*mut T)) -> Result<Self> {
        let pointer = NonNull::new(pointer)
            .ok_or_else(|| EngineError::internal("kafka client: no memory for a request"))?;
        Ok(Self(pointer, destroy))
    }

    fn ptr(&self) -> *mut T {
        self.0.as_ptr()
    }
}

impl<T> Drop for Owned<T> {
    fn drop(&mut self) {
        // SAFETY: the object is ours and destroyed once.
        unsafe { (self.1)(self.ptr()) };
    }
}

/// Asks a broker for the topic's id and waits for the answer. The id is none where brokers have no
/// ids (before Kafka 2.8).
///
/// librdkafka would ask the controller. Any broker knows, and a cluster's view of its controller is
/// one thing more that can be away (the mock cluster names one that does not exist).
///
/// # Safety
/// `client` is a live client.
pub(super) unsafe fn topic_id(
    client: *mut rd::rd_kafka_t,
    topic: &str,
    broker: i32,
    timeout: Duration,
) -> Result<Option<TopicId>> {
    let name = CString::new(topic)
        .map_err(|e| EngineError::invalid("topic name holds a NUL byte").caused_by(e))?;
    let timeout_ms = c_int::try_from(timeout.as_millis()).unwrap_or(c_int::MAX);
    let place = format!("topic `{topic}`: describe");
    // SAFETY: every pointer that is passed is alive for its call: the client by contract, the rest
    // owned here and destroyed after the answer was copied out of the event.
    unsafe {
        let queue = Owned::new(rd::rd_kafka_queue_new(client), rd::rd_kafka_queue_destroy)?;
        let options = Owned::new(
            rd::rd_kafka_AdminOptions_new(
                client,
                rd::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS,
            ),
            rd::rd_kafka_AdminOptions_destroy,
        )?;
        let code = rd::rd_kafka_AdminOptions_set_request_timeout(
            options.ptr(),
            timeout_ms.max(1),
            ptr::null_mut(),
            0,
        );
        ensure(code, &place)?;
        let code = rd::rd_kafka_AdminOptions_set_broker(options.ptr(), broker, ptr::null_mut(), 0);
        ensure(code, &place)?;
        let mut names = [name.as_ptr()];
        let topics = Owned::new(
            rd::rd_kafka_TopicCollection_of_topic_names(names.as_mut_ptr(), names.len()),
            rd::rd_kafka_TopicCollection_destroy,
        )?;
        rd::rd_kafka_DescribeTopics(client, topics.ptr(), options.ptr(), queue.ptr());
        let event = rd::rd_kafka_queue_poll(queue.ptr(), timeout_ms.saturating_add(100));
        if event.is_null() {
            return Err(EngineError::unavailable(place).context("no answer in time"));
        }
        let event = Owned::new(event, rd::rd_kafka_event_destroy)?;
        ensure(rd::rd_kafka_event_error(event.ptr()), &place)?;
        id_in(event.ptr(), &place)
    }
}

/// # Safety
/// `event` is a live event.
unsafe fn id_in(event: *mut rd::rd_kafka_event_t, place: &str) -> Result<Option<TopicId>> {
    // SAFETY: results, descriptions and ids belong to the event, which is alive by contract; an
    // id's bits are copied.
    unsafe {
        let result = rd::rd_kafka_event_DescribeTopics_result(event);
        if result.is_null() {
            return Err(EngineError::internal(format!(
                "{place}: another answer came"
            )));
        }
        let mut count = 0;
        let descriptions = rd::rd_kafka_DescribeTopics_result_topics(result, &mut count);
        if descriptions.is_null() || count == 0 {
            return Err(EngineError::unavailable(format!(
                "{place}: an empty answer"
            )));
        }
        let description = *descriptions;
        let error = rd::rd_kafka_TopicDescription_error(description);
        if !error.is_null() {
            let code = rd::rd_kafka_error_code(error);
            if code != rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
                return Err(EngineError::unavailable(place).caused_by(RDKafkaErrorCode::from(code)));
            }
        }
        let id = rd::rd_kafka_TopicDescription_topic_id(description);
        if id.is_null() {
            return Ok(None);
        }
        let (high, low) = (
            rd::rd_kafka_Uuid_most_significant_bits(id),
            rd::rd_kafka_Uuid_least_significant_bits(id),
        );
        if (high, low) == (0, 0) {
            return Ok(None);
        }
        // librdkafka's own text has `+` and `/` where Kafka's tools print `-` and `_`.
        Ok(Some(TopicId::of_bits(high, low)))
    }
}

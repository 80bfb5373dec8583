//! Asks a broker for the ids of topics, which rdkafka doesn't offer: DescribeTopics by hand.

use std::ffi::{CStr, CString, c_char, c_int};
use std::ptr;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rdkafka::bindings::{
    rd_kafka_AdminOptions_destroy, rd_kafka_AdminOptions_new, rd_kafka_AdminOptions_set_broker,
    rd_kafka_AdminOptions_set_request_timeout, rd_kafka_DescribeTopics,
    rd_kafka_DescribeTopics_result_topics, rd_kafka_TopicCollection_destroy,
    rd_kafka_TopicCollection_of_topic_names, rd_kafka_TopicDescription_error,
    rd_kafka_TopicDescription_topic_id, rd_kafka_Uuid_least_significant_bits,
    rd_kafka_Uuid_most_significant_bits, rd_kafka_admin_op_t, rd_kafka_error_code,
    rd_kafka_error_string, rd_kafka_event_DescribeTopics_result, rd_kafka_event_destroy,
    rd_kafka_event_error, rd_kafka_event_error_string, rd_kafka_event_t, rd_kafka_queue_destroy,
    rd_kafka_queue_new, rd_kafka_queue_poll, rd_kafka_resp_err_t,
};
use rdkafka::types::RDKafka;

/// The topic's id in the form that Kafka's tools print, or why there is none.
///
/// The client must live on for the time of the call. Any broker knows the answer, so one is named:
/// the embedded broker has no controller, which librdkafka would ask otherwise.
pub(crate) fn topic_id(
    client: *mut RDKafka,
    broker: i32,
    topic: &str,
    timeout: Duration,
) -> Result<String, String> {
    let name = CString::new(topic).map_err(|_| "the name holds a NUL".to_owned())?;
    let timeout_ms = c_int::try_from(timeout.as_millis()).unwrap_or(c_int::MAX);
    let mut names: [*const c_char; 1] = [name.as_ptr()];
    // SAFETY: the client is alive, the names outlive the collection's making (it copies them), and
    // what is made here is destroyed here, after its last use.
    unsafe {
        let queue = rd_kafka_queue_new(client);
        let topics = rd_kafka_TopicCollection_of_topic_names(names.as_mut_ptr(), names.len());
        let operation = rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS;
        let options = rd_kafka_AdminOptions_new(client, operation);
        rd_kafka_AdminOptions_set_request_timeout(options, timeout_ms, ptr::null_mut(), 0);
        rd_kafka_AdminOptions_set_broker(options, broker, ptr::null_mut(), 0);
        rd_kafka_DescribeTopics(client, topics, options, queue);
        let event = rd_kafka_queue_poll(queue, timeout_ms.saturating_add(1_000));
        let id = if event.is_null() {
            Err("no answer in time".to_owned())
        } else {
            let id = read(event);
            rd_kafka_event_destroy(event);
            id
        };
        rd_kafka_AdminOptions_destroy(options);
        rd_kafka_TopicCollection_destroy(topics);
        rd_kafka_queue_destroy(queue);
        id
    }
}

/// # Safety
///
/// The event must be the live answer to DescribeTopics.
unsafe fn read(event: *mut rd_kafka_event_t) -> Result<String, String> {
    // SAFETY: all pointers belong to the event, which the caller keeps alive.
    unsafe {
        if rd_kafka_event_error(event) != rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
            return Err(text(rd_kafka_event_error_string(event)));
        }
        let result = rd_kafka_event_DescribeTopics_result(event);
        if result.is_null() {
            return Err("the answer is of another kind".to_owned());
        }
        let mut count = 0;
        let topics = rd_kafka_DescribeTopics_result_topics(result, &mut count);
        if count == 0 || topics.is_null() {
            return Err("the answer names no topic".to_owned());
        }
        let topic = *topics;
        let error = rd_kafka_TopicDescription_error(topic);
        if !error.is_null()
            && rd_kafka_error_code(error) != rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR
        {
            return Err(text(rd_kafka_error_string(error)));
        }
        let id = rd_kafka_TopicDescription_topic_id(topic);
        if id.is_null() {
            return Err("the answer holds no id".to_owned());
        }
        let high = rd_kafka_Uuid_most_significant_bits(id) as u64;
        let low = rd_kafka_Uuid_least_significant_bits(id) as u64;
        if (high, low) == (0, 0) {
            return Err("the broker gives topics no ids".to_owned());
        }
        Ok(print(high, low))
    }
}

/// 22 characters of the base64 for URLs, as in `kafka-topics --describe`.
fn print(high: u64, low: u64) -> String {
    let bytes = ((u128::from(high) << 64) | u128::from(low)).to_be_bytes();
    URL_SAFE_NO_PAD.encode(bytes)
}

/// # Safety
///
/// The pointer must be null or point to a C string.
unsafe fn text(string: *const c_char) -> String {
    if string.is_null() {
        return "an error without a text".to_owned();
    }
    // SAFETY: not null, and a C string by the caller's word.
    unsafe { CStr::from_ptr(string) }
        .to_string_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_printed_as_kafka_prints_them() {
        assert_eq!(print(0, 1), "AAAAAAAAAAAAAAAAAAAAAQ");
        assert_eq!(print(u64::MAX, u64::MAX), "_____________________w");
    }
}

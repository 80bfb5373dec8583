//! Records from a consumer's queue, many at a call, read where librdkafka has put them.

use std::ffi::{CStr, c_int};
use std::marker::PhantomData;
use std::ptr::{self, NonNull, addr_of};
use std::slice;
use std::sync::Arc;
use std::time::Duration;

use common::{EngineError, Result};
use rdkafka::bindings as rd;
use rdkafka::error::RDKafkaErrorCode;

use super::Consumer;

/// What was taken from the consumer's queue and not looked at yet, in order.
///
/// Fields are dropped in order: messages, then the queue, then (perhaps) the client, as librdkafka
/// requires.
pub(crate) struct Inbox {
    messages: Vec<*mut rd::rd_kafka_message_t>,
    front: usize,
    queue: QueuePointer,
    consumer: Arc<Consumer>,
}

struct QueuePointer(NonNull<rd::rd_kafka_queue_t>);

/// One thing that the queue delivered.
pub(crate) enum Delivery<'a> {
    /// A record.
    Record(Record<'a>),
    /// The partition has been read up to this offset, which is its end; offsets below it that did
    /// not come belong to aborted transactions, control records, or were compacted away.
    End {
        /// The partition.
        partition: i32,
        /// The next offset.
        next_offset: i64,
    },
    /// An error of one partition, or of the topic where the partition is −1.
    Error {
        /// The partition.
        partition: i32,
        /// What it is.
        code: RDKafkaErrorCode,
        /// What librdkafka says of it.
        reason: String,
    },
}

/// A record in librdkafka's own buffer.
pub(crate) struct Record<'a> {
    message: NonNull<rd::rd_kafka_message_t>,
    inbox: PhantomData<&'a Inbox>,
}

// SAFETY: the messages belong to the inbox alone, and librdkafka's objects may be used from any
// thread, one at a time, which `&mut self` ensures.
unsafe impl Send for Inbox {}

impl Inbox {
    /// The inbox of a consumer. There must be one at most.
    pub(crate) fn new(consumer: Arc<Consumer>) -> Result<Self> {
        // SAFETY: the client is alive; the queue that is returned is a reference of our own.
        let queue = unsafe { rd::rd_kafka_queue_get_consumer(consumer.ptr()) };
        let queue = NonNull::new(queue)
            .ok_or_else(|| EngineError::internal("kafka client: no consumer queue"))?;
        Ok(Self {
            messages: Vec::new(),
            front: 0,
            queue: QueuePointer(queue),
            consumer,
        })
    }

    /// The consumer whose queue this is.
    pub(crate) fn consumer(&self) -> &Arc<Consumer> {
        &self.consumer
    }

    /// Waits until `count_max` deliveries are there or the time is over, and takes them. Serves
    /// log lines and client errors meanwhile. Does nothing while deliveries are waiting.
    pub(crate) fn fill(&mut self, count_max: usize, timeout: Duration) -> Result<usize> {
        if self.front < self.messages.len() {
            return Ok(self.messages.len() - self.front);
        }
        self.messages.clear();
        self.front = 0;
        self.messages.reserve(count_max);
        let timeout_ms = c_int::try_from(timeout.as_millis()).unwrap_or(c_int::MAX);
        // SAFETY: the vector has room for `count_max` pointers, of which the call writes as many
        // as it returns; only this thread reads the queue, since the inbox is borrowed mutably,
        // and partitions are assigned by hand, so that no rebalance is served here.
        let count = unsafe {
            let count = rd::rd_kafka_consume_batch_queue(
                self.queue.0.as_ptr(),
                timeout_ms,
                self.messages.as_mut_ptr(),
                count_max,
            );
            self.messages.set_len(usize::try_from(count).unwrap_or(0));
            count
        };
        if count < 0 {
            return Err(EngineError::unavailable("kafka client: read its queue"));
        }
        Ok(self.messages.len())
    }

    /// The delivery at the front, if any.
    pub(crate) fn front(&self) -> Option<Delivery<'_>> {
        let message = NonNull::new(*self.messages.get(self.front)?)?;
        // SAFETY: the message is alive until it is popped. The error is read as a number, since a
        // broker may send a code that the bindings' enumeration lacks.
        let (code, partition, offset) = unsafe {
            let m = message.as_ptr();
            (
                addr_of!((*m).err).cast::<i32>().read(),
                (*m).partition,
                (*m).offset,
            )
        };
        if code == 0 {
            return Some(Delivery::Record(Record {
                message,
                inbox: PhantomData,
            }));
        }
        let code = rd::rd_kafka_resp_err_t::try_from(code)
            .unwrap_or(rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_UNKNOWN);
        if code == rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__PARTITION_EOF {
            return Some(Delivery::End {
                partition,
                next_offset: offset,
            });
        }
        Some(Delivery::Error {
            partition,
            code: code.into(),
            // SAFETY: the message is alive; an error's text ends in NUL and lives as long.
            reason: unsafe {
                CStr::from_ptr(rd::rd_kafka_message_errstr(message.as_ptr()))
                    .to_string_lossy()
                    .into_owned()
            },
        })
    }

    /// Gives the delivery at the front back to librdkafka.
    pub(crate) fn pop(&mut self) {
        if let Some(message) = self.messages.get(self.front) {
            // SAFETY: the message is ours, and no `Delivery` borrows the inbox any more; moving the
            // front on makes this the only time that it is destroyed.
            unsafe { rd::rd_kafka_message_destroy(*message) };
            self.front += 1;
        }
    }

    /// Whether nothing is waiting.
    fn is_empty(&self) -> bool {
        self.front == self.messages.len()
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        while !self.is_empty() {
            self.pop();
        }
    }
}

impl Drop for QueuePointer {
    fn drop(&mut self) {
        // SAFETY: the reference is ours and given back once.
        unsafe { rd::rd_kafka_queue_destroy(self.0.as_ptr()) };
    }
}

impl<'a> Record<'a> {
    /// The partition's number.
    pub(crate) fn partition(&self) -> i32 {
        // SAFETY: the message is alive while the inbox is borrowed; so below.
        unsafe { (*self.message.as_ptr()).partition }
    }

    /// The offset in the partition.
    pub(crate) fn offset(&self) -> i64 {
        // SAFETY: see `partition`.
        unsafe { (*self.message.as_ptr()).offset }
    }

    /// The key; `None` is null.
    pub(crate) fn key(&self) -> Option<&'a [u8]> {
        // SAFETY: key and length belong together and live as long as the message.
        unsafe {
            let m = self.message.as_ptr();
            bytes((*m).key.cast(), (*m).key_len)
        }
    }

    /// The value; `None` is null.
    pub(crate) fn value(&self) -> Option<&'a [u8]> {
        // SAFETY: payload and length belong together and live as long as the message.
        unsafe {
            let m = self.message.as_ptr();
            bytes((*m).payload.cast(), (*m).len)
        }
    }

    /// The Kafka timestamp in milliseconds; `None` where the record has none.
    pub(crate) fn timestamp_ms(&self) -> Option<i64> {
        let mut kind = rd::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
        // SAFETY: the message is alive and `kind` is written during the call only.
        let at = unsafe { rd::rd_kafka_message_timestamp(self.message.as_ptr(), &mut kind) };
        (kind != rd::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE && at != -1)
            .then_some(at)
    }

    /// Bytes of key and value.
    pub(crate) fn len(&self) -> usize {
        // SAFETY: see `partition`.
        unsafe { (*self.message.as_ptr()).len + (*self.message.as_ptr()).key_len }
    }

    /// Calls back for each header in order, and says whether there was any.
    pub(crate) fn for_each_header(&self, mut each: impl FnMut(&str, Option<&[u8]>)) -> bool {
        let mut headers = ptr::null_mut();
        // SAFETY: the message is a record's; the headers that it hands out belong to it.
        let code = unsafe { rd::rd_kafka_message_headers(self.message.as_ptr(), &mut headers) };
        if code != rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
            return false;
        }
        for index in 0.. {
            let (mut name, mut value, mut len) = (ptr::null(), ptr::null(), 0);
            // SAFETY: the headers live as long as the message; past the last one the call returns
            // an error and writes nothing. Names end in NUL, value and length belong together.
            let (name, value) = unsafe {
                let code =
                    rd::rd_kafka_header_get_all(headers, index, &mut name, &mut value, &mut len);
                if code != rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
                    break;
                }
                (CStr::from_ptr(name), bytes(value.cast(), len))
            };
            each(&name.to_string_lossy(), value);
        }
        true
    }
}

/// # Safety
/// `start` is null or points at `len` bytes that live for `'a`.
unsafe fn bytes<'a>(start: *const u8, len: usize) -> Option<&'a [u8]> {
    if start.is_null() {
        return None;
    }
    // SAFETY: by this function's contract.
    Some(unsafe { slice::from_raw_parts(start, len) })
}

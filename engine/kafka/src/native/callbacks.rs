//! What librdkafka tells beside records: its log lines, and errors of the whole client.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use rdkafka::config::NativeClientConfig;
use rdkafka::{ClientContext, bindings as rd};

/// The health of a client, as its error callback reports it.
#[derive(Debug, Default)]
pub(crate) struct Health {
    in_trouble: AtomicBool,
    last_error: Mutex<Option<String>>,
}

impl Health {
    /// Whether a connection has failed since the last sign of life: what is known of the topic
    /// partitions may be out of date.
    pub(crate) fn in_trouble(&self) -> bool {
        self.in_trouble.load(Ordering::Relaxed)
    }

    /// Notes a sign of life from a broker.
    pub(crate) fn seen_alive(&self) {
        if self.in_trouble.swap(false, Ordering::Relaxed) {
            self.last_error.lock().take();
        }
    }

    /// What the client said last about its connections, e.g. that it may not authenticate.
    pub(crate) fn last_error(&self) -> Option<String> {
        self.last_error.lock().clone()
    }

    fn error(&self, code: rd::rd_kafka_resp_err_t, reason: &str) {
        use rd::rd_kafka_resp_err_t as E;
        self.in_trouble.store(true, Ordering::Relaxed);
        // That all brokers are down says less than what was said of each of them.
        if code != E::RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN {
            *self.last_error.lock() = Some(reason.to_owned());
        }
        tracing::debug!(target: "librdkafka", ?code, reason, "client error");
    }
}

impl ClientContext for Health {}

/// Sends log lines and client errors to [`log_line`] and [`client_error`].
pub(super) fn install(config: &NativeClientConfig) {
    // SAFETY: the configuration is alive and not yet given to a client; both callbacks have the
    // signature that the bindings ask for and never unwind.
    unsafe {
        rd::rd_kafka_conf_set_log_cb(config.ptr(), Some(log_line));
        rd::rd_kafka_conf_set_error_cb(config.ptr(), Some(client_error));
    }
}

unsafe extern "C" fn log_line(
    _client: *const rd::rd_kafka_t,
    level: c_int,
    facility: *const c_char,
    line: *const c_char,
) {
    // SAFETY: librdkafka passes strings that end in NUL and live as long as this call.
    let (facility, line) = unsafe { (text(facility), text(line)) };
    // Connections that fail come back every few seconds while a broker is away; the reader's state
    // says so once, with since when.
    let expected = matches!(facility.as_str(), "FAIL" | "ERROR");
    match level {
        0..=3 if !expected => tracing::error!(target: "librdkafka", "{facility}: {line}"),
        4 if !expected => tracing::warn!(target: "librdkafka", "{facility}: {line}"),
        5 | 6 if !expected => tracing::info!(target: "librdkafka", "{facility}: {line}"),
        _ => tracing::debug!(target: "librdkafka", "{facility}: {line}"),
    }
}

unsafe extern "C" fn client_error(
    _client: *mut rd::rd_kafka_t,
    code: c_int,
    reason: *const c_char,
    opaque: *mut c_void,
) {
    // SAFETY: the reason is a string that ends in NUL and lives as long as this call.
    let reason = unsafe { text(reason) };
    // SAFETY: `opaque` is what `Client::new` put into the configuration, the `Health` that the
    // client owns; it is dropped after the native client, so it outlives every callback.
    let health = unsafe { opaque.cast::<Health>().as_ref() };
    if let (Some(health), Ok(code)) = (health, rd::rd_kafka_resp_err_t::try_from(code)) {
        health.error(code, &reason);
    }
}

/// # Safety
/// `pointer` is null or points at a string that ends in NUL.
unsafe fn text(pointer: *const c_char) -> String {
    if pointer.is_null() {
        return String::new();
    }
    // SAFETY: by this function's contract.
    unsafe { CStr::from_ptr(pointer) }
        .to_string_lossy()
        .trim()
        .to_owned()
}

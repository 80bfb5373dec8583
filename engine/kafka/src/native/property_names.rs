//! The names of the properties that this build of librdkafka knows.

use std::ffi::CStr;

use rdkafka::bindings as rd;

/// Global and topic properties by name, sorted.
pub(crate) fn property_names() -> Vec<String> {
    let mut names = Vec::new();
    let mut count = 0;
    // SAFETY: a configuration is made, dumped and destroyed here; a dump is `count` strings, names
    // and values by turns, each ending in NUL, and is freed by the call that is meant for it.
    unsafe {
        let conf = rd::rd_kafka_conf_new();
        let dump = rd::rd_kafka_conf_dump(conf, &mut count);
        take_names(dump, count, &mut names);
        rd::rd_kafka_conf_dump_free(dump, count);
        rd::rd_kafka_conf_destroy(conf);

        let conf = rd::rd_kafka_topic_conf_new();
        let dump = rd::rd_kafka_topic_conf_dump(conf, &mut count);
        take_names(dump, count, &mut names);
        rd::rd_kafka_conf_dump_free(dump, count);
        rd::rd_kafka_topic_conf_destroy(conf);
    }
    names.sort_unstable();
    names.dedup();
    names
}

/// # Safety
/// `dump` points at `count` strings that end in NUL.
unsafe fn take_names(dump: *mut *const std::ffi::c_char, count: usize, names: &mut Vec<String>) {
    for index in (0..count).step_by(2) {
        // SAFETY: by this function's contract.
        let name = unsafe { CStr::from_ptr(*dump.add(index)) };
        names.push(name.to_string_lossy().into_owned());
    }
}

//! The properties of librdkafka that a person cannot set.

/// What exactly-once reading rests on: name, value, why nothing else will do.
pub(super) const FIXED: &[(&str, &str, &str)] = &[
    (
        "auto.commit.enable",
        "false",
        "offsets are committed with the data, in storage",
    ),
    (
        "auto.offset.reset",
        "error",
        "offsets that kafka no longer has must be noticed, not skipped",
    ),
    (
        "enable.auto.commit",
        "false",
        "offsets are committed with the data, in storage",
    ),
    (
        "enable.auto.offset.store",
        "false",
        "offsets are committed with the data, in storage",
    ),
    (
        "enable.partition.eof",
        "true",
        "the end of a partition tells how far control records and compaction reach",
    ),
    (
        "isolation.level",
        "read_committed",
        "records of aborted transactions were never said",
    ),
];

/// Properties that have a setting of their own: name, the setting to use instead.
pub(super) const ELSEWHERE: &[(&str, &str)] = &[
    ("bootstrap.servers", "kafka.brokers"),
    ("client.id", "kafka.client_id"),
    ("group.id", "kafka.group"),
    ("metadata.broker.list", "kafka.brokers"),
];

/// Properties that only a client library may set.
pub(super) const INTERNAL: &[&str] = &["group.instance.id", "log.queue"];

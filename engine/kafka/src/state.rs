//! What a reader of a topic is doing, and since when.

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};

/// The state of a reader.
///
/// | from \ event | brokers answer, topic known | topic missing | topic unreadable | brokers away | records came | failed |
/// |---|---|---|---|---|---|---|
/// | connecting | reading | topic missing | unreadable | broker away | – | failed |
/// | topic missing | reading | (stays) | unreadable | broker away | reading | failed |
/// | unreadable | reading | topic missing | (stays) | broker away | (stays) | failed |
/// | broker away | reading | topic missing | unreadable | (stays) | reading | failed |
/// | reading | (stays) | topic missing | unreadable | broker away | (stays) | failed |
/// | failed | (stays) | (stays) | (stays) | (stays) | (stays) | (stays) |
///
/// A state that stays keeps its *since*. Records don't end *unreadable*: they may be of one topic
/// partition while another has no leader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceState {
    /// No broker has answered yet, and none was found to be away.
    Connecting {
        /// Since when.
        since: DateTime<Utc>,
    },
    /// No broker answers; the reader goes on trying.
    BrokerAway {
        /// Since when.
        since: DateTime<Utc>,
        /// What the client said last, if anything.
        reason: Option<String>,
    },
    /// Brokers answer that the topic does not exist; the reader asks again and again.
    TopicMissing {
        /// Since when.
        since: DateTime<Utc>,
    },
    /// Brokers answer that the topic exists, but not all of it can be read; the reader asks again
    /// and again.
    Unreadable {
        /// Since when.
        since: DateTime<Utc>,
        /// Why: no authorization, a topic partition without a leader.
        reason: String,
    },
    /// All partitions are assigned.
    Reading {
        /// Since when.
        since: DateTime<Utc>,
    },
    /// Something that a person must decide on; the reader has stopped.
    Failed {
        /// Since when.
        since: DateTime<Utc>,
        /// What.
        reason: String,
    },
}

/// What changes a reader's state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceEvent {
    /// A broker answered, and the topic's partitions are assigned.
    Answered,
    /// A broker answered that there is no such topic.
    TopicMissing,
    /// A broker answered that the topic can't be read, and why.
    Unreadable(String),
    /// No broker answered.
    BrokerAway(Option<String>),
    /// Records came.
    Records,
    /// The reader must stop.
    Failed(String),
}

impl SourceState {
    /// The state after an event, as the table says.
    #[must_use]
    pub fn after(self, event: SourceEvent, now: DateTime<Utc>) -> Self {
        use SourceEvent as E;
        match (self, event) {
            (
                failed @ Self::Failed { .. },
                E::Answered
                | E::TopicMissing
                | E::Unreadable(_)
                | E::BrokerAway(_)
                | E::Records
                | E::Failed(_),
            ) => failed,
            (_, E::Failed(reason)) => Self::Failed { since: now, reason },
            (same @ Self::Reading { .. }, E::Answered | E::Records)
            | (same @ Self::TopicMissing { .. }, E::TopicMissing)
            | (same @ (Self::Connecting { .. } | Self::Unreadable { .. }), E::Records) => same,
            (Self::Unreadable { since, .. }, E::Unreadable(reason)) => {
                Self::Unreadable { since, reason }
            }
            (
                Self::Connecting { .. }
                | Self::BrokerAway { .. }
                | Self::TopicMissing { .. }
                | Self::Reading { .. },
                E::Unreadable(reason),
            ) => Self::Unreadable { since: now, reason },
            (Self::BrokerAway { since, .. }, E::BrokerAway(reason)) => {
                Self::BrokerAway { since, reason }
            }
            (Self::Connecting { since }, E::BrokerAway(reason)) => {
                Self::BrokerAway { since, reason }
            }
            (
                Self::Connecting { .. }
                | Self::BrokerAway { .. }
                | Self::TopicMissing { .. }
                | Self::Unreadable { .. },
                E::Answered,
            )
            | (Self::BrokerAway { .. } | Self::TopicMissing { .. }, E::Records) => {
                Self::Reading { since: now }
            }
            (
                Self::Connecting { .. }
                | Self::BrokerAway { .. }
                | Self::Unreadable { .. }
                | Self::Reading { .. },
                E::TopicMissing,
            ) => Self::TopicMissing { since: now },
            (
                Self::TopicMissing { .. } | Self::Unreadable { .. } | Self::Reading { .. },
                E::BrokerAway(reason),
            ) => Self::BrokerAway { since: now, reason },
        }
    }

    /// Whether records can come.
    pub fn is_reading(&self) -> bool {
        matches!(self, Self::Reading { .. })
    }
}

impl fmt::Display for SourceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = |since: &DateTime<Utc>| since.to_rfc3339_opts(SecondsFormat::Secs, true);
        match self {
            Self::Connecting { since } => write!(f, "connecting since {}", at(since)),
            Self::BrokerAway { since, reason } => {
                write!(f, "broker away since {}", at(since))?;
                match reason {
                    Some(reason) => write!(f, " ({reason})"),
                    None => Ok(()),
                }
            }
            Self::TopicMissing { since } => {
                write!(
                    f,
                    "topic does not exist since {}; waiting for it",
                    at(since)
                )
            }
            Self::Unreadable { since, reason } => {
                write!(f, "cannot be read since {}: {reason}", at(since))
            }
            Self::Reading { since } => write!(f, "reading since {}", at(since)),
            Self::Failed { since, reason } => write!(f, "stopped at {}: {reason}", at(since)),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(second, 0).unwrap()
    }

    #[test]
    fn a_broker_that_stays_away_is_away_since_the_beginning() {
        let state = SourceState::Connecting { since: at(1) }
            .after(SourceEvent::BrokerAway(None), at(2))
            .after(SourceEvent::BrokerAway(Some("refused".into())), at(9));
        assert_eq!(
            state.to_string(),
            "broker away since 1970-01-01T00:00:01Z (refused)"
        );
    }

    #[test]
    fn a_topic_that_appears_is_read() {
        let state = SourceState::Connecting { since: at(1) }
            .after(SourceEvent::TopicMissing, at(2))
            .after(SourceEvent::TopicMissing, at(3));
        assert_eq!(state, SourceState::TopicMissing { since: at(2) });
        let state = state.after(SourceEvent::Answered, at(4));
        assert_eq!(state, SourceState::Reading { since: at(4) });
        assert!(state.after(SourceEvent::Records, at(5)).is_reading());
    }

    #[test]
    fn a_topic_without_a_leader_is_unreadable_until_brokers_say_otherwise() {
        let leaderless = || SourceEvent::Unreadable("partition 3 has no leader".into());
        let state = SourceState::Reading { since: at(1) }
            .after(leaderless(), at(2))
            .after(leaderless(), at(3))
            .after(SourceEvent::Records, at(4));
        assert_eq!(
            state.to_string(),
            "cannot be read since 1970-01-01T00:00:02Z: partition 3 has no leader"
        );
        assert!(!state.is_reading());
        let state = state.after(SourceEvent::Answered, at(5));
        assert_eq!(state, SourceState::Reading { since: at(5) });
    }

    #[test]
    fn records_end_an_absence_and_a_failure_stays() {
        let state = SourceState::Reading { since: at(1) }
            .after(SourceEvent::BrokerAway(None), at(2))
            .after(SourceEvent::Records, at(3));
        assert_eq!(state, SourceState::Reading { since: at(3) });
        let failed = state.after(SourceEvent::Failed("gone".into()), at(4));
        assert_eq!(failed.clone().after(SourceEvent::Answered, at(5)), failed);
    }
}

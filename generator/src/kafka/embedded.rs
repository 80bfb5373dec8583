//! A broker in this process: librdkafka's mock cluster.

use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;

use crate::error::{Error, Result};

/// A Kafka cluster of one broker on a free local port, gone when dropped.
///
/// The mock keeps the newest 5 MiB of each partition, at most 100,000 batches, and nothing can be
/// set about it: what is older is silently lost, and a reader that comes later gets *offset out of
/// range*. So whoever writes to it must stay behind its readers by less than that; see
/// [`Options::unread_bytes_max`](crate::Options). A fetch brings one producer's batch a partition,
/// so larger batches are read faster. A topic gets another id each time; DescribeTopics
/// works, CreateTopics doesn't, hence [`Broker::create_topic`]. Compaction, retention by time and
/// fsync don't exist.
pub struct Broker {
    cluster: MockCluster<'static, DefaultProducerContext>,
}

// SAFETY: the handle is a pointer to a cluster that runs in its own thread; each call takes the
// cluster's lock or queues an operation to that thread, from whichever thread it comes.
unsafe impl Send for Broker {}

impl Broker {
    /// Starts it.
    pub fn start() -> Result<Self> {
        let cluster = MockCluster::new(1)
            .map_err(|source| Error::kafka("(embedded)", "cannot start the broker", source))?;
        Ok(Self { cluster })
    }

    /// The bootstrap list.
    pub fn brokers(&self) -> String {
        self.cluster.bootstrap_servers()
    }

    /// Makes a topic.
    pub fn create_topic(&self, topic: &str, partitions: i32) -> Result<()> {
        self.cluster
            .create_topic(topic, partitions, 1)
            .map_err(|source| {
                Error::kafka(
                    &self.brokers(),
                    format!("cannot make topic {topic}"),
                    source,
                )
            })
    }
}

//! The last step of a micro-batch: its ledger entries prepared, all of it published, then applied.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use common::clock::now_us;
use common::{EngineError, Kind, Result};
use ledger::Prepared;
use state::{MicroBatch, SourceProgress};

use super::extraction::Extracted;
use super::ledger_flow::LedgerFlow;
use super::shared::Shared;

/// The first wait for storage that doesn't answer; each is twice the one before …
const WAIT_FIRST: Duration = Duration::from_millis(if cfg!(test) { 1 } else { 20 });
/// … up to this one.
const WAIT_MAX: Duration = Duration::from_secs(5);
/// How often a waiting flow looks whether it is to stop.
const STOP_INTERVAL: Duration = Duration::from_millis(20);

/// Publishes a micro-batch with the entries that it makes; false where the engine was stopped
/// before that was possible, so that nothing later may be published either.
///
/// The ledgers are asked and told under one lock, and told only what has been published: after an
/// error nothing has changed, in any of them. Storage that doesn't answer when an old entry is read
/// is waited for.
pub(super) fn publish_one(
    shared: &Shared,
    mut extracted: Extracted,
    progress: SourceProgress,
) -> Result<bool> {
    if let Some(loss) = &shared.row_loss {
        loss.strike_pipeline(&mut extracted);
    }
    let mut waiting = Waiting::new(progress.source.clone());
    loop {
        let mut flows = shared.ledgers.flows.lock();
        let prepared = shared
            .runtime
            .block_on(prepare(&mut flows, &extracted.rows));
        match prepared {
            Ok(prepared) => {
                waiting.over();
                return publish(shared, &mut flows, prepared, extracted, progress).map(|()| true);
            }
            Err(e) if e.kind == Kind::Unavailable => {
                // Others may post meanwhile: what was prepared is prepared again.
                drop(flows);
                if !waiting.wait(shared, &e) {
                    return Ok(false);
                }
            }
            Err(e) => return Err(e),
        }
    }
}

/// What each ledger would post, by its place among the flows.
async fn prepare(
    flows: &mut [LedgerFlow],
    tables: &[(Arc<str>, RecordBatch)],
) -> Result<Vec<(usize, Prepared)>> {
    let mut prepared = Vec::new();
    for (at, flow) in flows.iter_mut().enumerate() {
        let rows: Vec<&RecordBatch> = tables
            .iter()
            .filter(|(table, _)| *table == flow.from)
            .map(|(_, rows)| rows)
            .collect();
        let Some(first) = rows.first() else { continue };
        // At once: an entry must be published before another call can ask for it.
        let rows = concat_batches(&first.schema(), rows)?;
        if let Some(entries) = flow.prepare(&rows).await? {
            prepared.push((at, entries));
        }
    }
    Ok(prepared)
}

fn publish(
    shared: &Shared,
    flows: &mut [LedgerFlow],
    prepared: Vec<(usize, Prepared)>,
    extracted: Extracted,
    progress: SourceProgress,
) -> Result<()> {
    let mut micro_batch = MicroBatch {
        rows: extracted.rows,
        offsets: extracted.offsets,
        first_offsets: extracted.first_offsets,
        counts: extracted.counts,
        progress: Some(progress),
        dimension_versions: Some(shared.dimension_versions.lock().clone()),
        ..MicroBatch::default()
    };
    for (at, prepared) in &prepared {
        let ledger = &flows[*at].name;
        let last_entry = prepared.last_entry();
        micro_batch.last_entries.insert(ledger.clone(), last_entry);
        let entries = prepared.entries.clone();
        micro_batch.rows.push((ledger.clone(), entries));
    }
    if let Some(loss) = &shared.row_loss {
        loss.strike_tables(&mut micro_batch.rows);
    }
    shared.publisher.publish(micro_batch, now_us())?;
    for (at, prepared) in prepared {
        flows[at].ledger.apply(prepared)?;
    }
    Ok(())
}

/// A flow that waits for storage: said once, shown in the source's state, ended by a stop.
struct Waiting {
    source: Arc<str>,
    next: Duration,
    since: Option<Instant>,
}

impl Waiting {
    fn new(source: Arc<str>) -> Self {
        Self {
            source,
            next: WAIT_FIRST,
            since: None,
        }
    }

    /// Waits a while; false where the engine is to stop.
    fn wait(&mut self, shared: &Shared, why: &EngineError) -> bool {
        if self.since.is_none() {
            self.since = Some(Instant::now());
            tracing::warn!(source = %self.source, error = %why, "waiting for storage");
            let state = format!("waiting for storage: {why}");
            shared
                .publisher
                .note_source_state(&self.source, &state, now_us());
        }
        let until = Instant::now() + self.next;
        self.next = (self.next * 2).min(WAIT_MAX);
        loop {
            if shared.stop.load(Ordering::Acquire) {
                return false;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            std::thread::sleep(left.min(STOP_INTERVAL));
        }
    }

    fn over(&self) {
        if let Some(since) = self.since {
            let waited_ms = since.elapsed().as_millis() as u64;
            tracing::info!(source = %self.source, waited_ms, "storage answers again");
        }
    }
}

//! The storage that an engine writes: opened, its epoch taken, rolled forward.

use common::{Result, TableDef};
use lake::commit::{Committer, Recovered, WriterId};
use lake::storage::{FaultPlan, Storage, with_s3_environment};

use crate::settings::Settings;

/// A storage whose one writer this process is.
pub struct TakenStorage {
    /// Where files go.
    pub storage: Storage,
    /// Writes the sequence of commit groups.
    pub committer: Committer,
    /// What is stored.
    pub recovered: Recovered,
    /// Who this process is in the sequence.
    pub writer: WriterId,
}

/// Opens the storage and takes its epoch: a server that still writes there is fenced.
pub async fn take_storage(settings: &Settings, tables: &[TableDef]) -> Result<TakenStorage> {
    let storage = open_storage(settings).await?;
    let writer = WriterId::unique();
    let (committer, recovered) = Committer::open(storage.clone(), tables, writer.clone()).await?;
    tracing::info!(
        storage = storage.url(),
        epoch = recovered.epoch,
        writer = writer.as_str(),
        previous_writer = recovered.previous_writer.as_deref().unwrap_or("none"),
        "storage taken; a server that still writes there with an earlier epoch ends by itself"
    );
    Ok(TakenStorage {
        storage,
        committer,
        recovered,
        writer,
    })
}

async fn open_storage(settings: &Settings) -> Result<Storage> {
    let of = &settings.storage;
    let options = with_s3_environment(&of.url, &of.options, &of.s3_environment);
    let mut storage = Storage::open(&of.url, &options)?;
    if let Some(plan) = &settings.storage.fault_plan {
        storage = storage.with_faults(FaultPlan::parse(plan)?);
    }
    storage.check_ready(settings.storage.free_bytes_min).await?;
    Ok(storage)
}

//! The replay of a table's log: its actions, applied from old to new.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use common::{EngineError, Result};

use super::actions::{self, ActionLine, Add, MetaData, Protocol, Remove, Txn};
use super::properties;

/// What is left of a log's actions once all of them are applied. See the Delta protocol, "Action
/// Reconciliation".
#[derive(Debug, Default)]
pub(super) struct Replay {
    pub(super) protocol: Option<Protocol>,
    pub(super) meta_data: Option<MetaData>,
    /// By application.
    pub(super) txns: BTreeMap<String, Txn>,
    /// The active files, by decoded path.
    pub(super) adds: HashMap<Arc<str>, Add>,
    /// The files that were taken out, by decoded path.
    pub(super) removes: HashMap<Arc<str>, Remove>,
}

impl Replay {
    /// Applies the actions of one line.
    ///
    /// # Errors
    /// [`common::Kind::Data`] for a table that asks for more than Headwater knows, for a file with a
    /// deletion vector, and for a path that isn't below the table.
    pub(super) fn apply(&mut self, line: ActionLine) -> Result<()> {
        if let Some(protocol) = line.protocol {
            check_protocol(&protocol)?;
            self.protocol = Some(protocol);
        }
        if let Some(meta_data) = line.meta_data {
            properties::check_format(&meta_data)?;
            self.meta_data = Some(meta_data);
        }
        if let Some(txn) = line.txn {
            self.txns.insert(txn.app_id.clone(), txn);
        }
        if let Some(add) = line.add {
            check_whole(&add)?;
            let path: Arc<str> = Arc::from(actions::decode_path(&add.path)?);
            self.removes.remove(&path);
            self.adds.insert(path, add);
        }
        if let Some(remove) = line.remove {
            let path: Arc<str> = Arc::from(actions::decode_path(&remove.path)?);
            self.adds.remove(&path);
            self.removes.insert(path, remove);
        }
        Ok(())
    }

    /// The protocol and the metadata, which every log must have.
    ///
    /// # Errors
    /// [`common::Kind::Data`] without one of them.
    pub(super) fn required(&self) -> Result<(&Protocol, &MetaData)> {
        let protocol = self.protocol.as_ref();
        let meta_data = self.meta_data.as_ref();
        Ok((
            protocol.ok_or_else(|| EngineError::data("the log has no protocol action"))?,
            meta_data.ok_or_else(|| EngineError::data("the log has no metaData action"))?,
        ))
    }
}

/// Checks that all rows of a file count: a checkpoint, too, would lose what says otherwise.
fn check_whole(add: &Add) -> Result<()> {
    match add.deletion_vector {
        None => Ok(()),
        Some(_) => Err(EngineError::data(format!(
            "file {} has a deletion vector, which Headwater doesn't read; rewrite the table \
             without them",
            add.path
        ))),
    }
}

fn check_protocol(protocol: &Protocol) -> Result<()> {
    if protocol.min_reader_version <= 1 && protocol.min_writer_version <= 2 {
        return Ok(());
    }
    let features = [&protocol.reader_features, &protocol.writer_features]
        .into_iter()
        .flatten()
        .flatten()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ");
    Err(EngineError::data(format!(
        "the table asks for reader version {} and writer version {} (features: {}); Headwater \
         knows versions 1 and 2 without features",
        protocol.min_reader_version,
        protocol.min_writer_version,
        if features.is_empty() {
            "none"
        } else {
            &features
        },
    )))
}

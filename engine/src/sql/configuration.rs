//! Everything that a SQL folder declares, read and looked up as a whole.

use std::collections::BTreeMap;
use std::path::Path;

use super::built_in_tables::built_in_tables;
use super::configuration_hash::configuration_hash;
use super::declared::Declared;
use super::dimension_def::DimensionDef;
use super::fault::Fault;
use super::folder::files;
use super::lookup_names::look_up;
use super::pipeline_def::PipelineDef;
use super::source_def::SourceDef;
use super::source_text::SourceText;
use super::view_def::ViewDef;
use crate::values::TableDef;

/// A SQL folder whose names fit together. Whether its queries plan is a matter of
/// [`check`](super::check).
#[derive(Debug, Clone)]
pub struct Configuration {
    /// The sources.
    pub sources: Vec<SourceDef>,
    /// The dimensions.
    pub dimensions: Vec<DimensionDef>,
    /// The stored tables: declared tables and ledgers, then dead letters and the archive.
    pub tables: Vec<TableDef>,
    /// The pipelines.
    pub pipelines: Vec<PipelineDef>,
    /// The metrics, each after those that it reads.
    pub views: Vec<ViewDef>,
    /// Identifies the folder's content with its variables replaced.
    pub hash: String,
}

impl Configuration {
    /// Reads a folder. Everything that is wrong with it is told at once.
    pub fn load(folder: &Path, variables: &BTreeMap<String, String>) -> Result<Self, Vec<Fault>> {
        let mut declared = Declared::default();
        let mut faults = Vec::new();
        let mut hashed = Vec::new();
        let files = files(folder).unwrap_or_else(|wrong| {
            faults.extend(wrong);
            Vec::new()
        });
        for (declares, path) in files {
            match SourceText::read(&path, variables) {
                Ok(text) => {
                    let name = path.strip_prefix(folder).unwrap_or(&path);
                    hashed.push((name.display().to_string(), text.text().to_owned()));
                    if let Err(wrong) = declared.add(declares, text) {
                        faults.extend(wrong);
                    }
                }
                Err(wrong) => faults.extend(wrong),
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        hashed.sort();
        let hash = configuration_hash(hashed.iter().map(|(n, t)| (n.as_str(), t.as_str())));
        let (pipelines, views) = look_up(&mut declared, folder)?;
        let mut tables: Vec<TableDef> = declared.tables.into_iter().map(|(t, _)| t).collect();
        tables.extend(built_in_tables());
        Ok(Self {
            sources: declared.sources,
            dimensions: declared.dimensions,
            tables,
            pipelines,
            views,
            hash,
        })
    }

    /// The source of a name.
    pub fn source(&self, name: &str) -> Option<&SourceDef> {
        self.sources.iter().find(|s| &*s.name == name)
    }

    /// The dimension of a name.
    pub fn dimension(&self, name: &str) -> Option<&DimensionDef> {
        self.dimensions.iter().find(|d| &*d.name == name)
    }

    /// The stored table of a name.
    pub fn table(&self, name: &str) -> Option<&TableDef> {
        self.tables.iter().find(|t| &*t.name == name)
    }
}

//! Everything that a SQL folder declares, read and looked up as a whole.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use common::TableDef;
use common::near_name::near;

use super::built_in_tables::{ARCHIVE, DEAD_LETTERS, built_in_tables};
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

/// A SQL folder whose names fit together. Whether its metrics plan is a matter of
/// [`view_faults`](crate::view_faults()), and whether its pipelines do, of the crate that plans them.
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
    /// Reads a folder. Everything that is wrong with its names is told at once.
    pub fn load(folder: &Path, variables: &BTreeMap<String, String>) -> Result<Self, Vec<Fault>> {
        let (configuration, faults) = Self::read(folder, variables);
        if faults.is_empty() {
            Ok(configuration)
        } else {
            Err(faults)
        }
    }

    /// Reads a folder as far as it is right, and everything that is wrong with it. What names a
    /// faulty object is left out: its fault would be the other's.
    pub fn read(folder: &Path, variables: &BTreeMap<String, String>) -> (Self, Vec<Fault>) {
        let mut declared = Declared::default();
        let (files, mut faults) = files(folder);
        let mut hashed = Vec::new();
        let mut used = BTreeSet::new();
        for (declares, path) in files {
            let added = SourceText::read(&path, variables).and_then(|text| {
                used.extend(text.variables().iter().cloned());
                let name = path.strip_prefix(folder).unwrap_or(&path);
                hashed.push((name.display().to_string(), text.text().to_owned()));
                declared.add(declares, text)
            });
            if let Err(wrong) = added {
                faults.extend(wrong);
                declared.add_faulty(declares, &path);
            }
        }
        faults.extend(misspelt_variables(folder, variables, &used));
        hashed.sort();
        let hash = configuration_hash(hashed.iter().map(|(n, t)| (n.as_str(), t.as_str())));
        let (pipelines, views) = look_up(&mut declared, folder, &mut faults);
        let mut tables: Vec<TableDef> = declared.tables.into_iter().map(|(t, _)| t).collect();
        tables.extend(built_in_tables());
        let configuration = Self {
            sources: declared.sources,
            dimensions: declared.dimensions,
            tables,
            pipelines,
            views,
            hash,
        };
        (configuration, faults)
    }

    /// The source of a name.
    pub fn source(&self, name: &str) -> Option<&SourceDef> {
        self.sources.iter().find(|s| &*s.name == name)
    }

    /// The dimension of a name.
    pub fn dimension(&self, name: &str) -> Option<&DimensionDef> {
        self.dimensions.iter().find(|d| &*d.name == name)
    }

    /// The sources that a table's rows come from, directly or by way of other tables; of the tables
    /// that the engine writes itself, all sources.
    pub fn sources_of(&self, table: &str) -> BTreeSet<Arc<str>> {
        if matches!(table, ARCHIVE | DEAD_LETTERS) {
            return self.sources.iter().map(|s| s.name.clone()).collect();
        }
        let feeding = self.pipelines.iter().filter(|p| &*p.sink == table);
        feeding
            .flat_map(|pipeline| match self.source(&pipeline.source) {
                Some(source) => BTreeSet::from([source.name.clone()]),
                // A ledger is fed by a table, and no table by a ledger.
                None => self.sources_of(&pipeline.source),
            })
            .collect()
    }

    /// The stored table of a name.
    pub fn table(&self, name: &str) -> Option<&TableDef> {
        self.tables.iter().find(|t| &*t.name == name)
    }
}

/// A variable that no file has, and that is near to one which has its default for want of a value, is
/// that one misspelt: its topic would not be the one that is read.
fn misspelt_variables(
    folder: &Path,
    variables: &BTreeMap<String, String>,
    used: &BTreeSet<String>,
) -> Vec<Fault> {
    let defaulted = || used.iter().filter(|name| !variables.contains_key(*name));
    let unused = variables.keys().filter(|name| !used.contains(*name));
    unused
        .filter_map(|name| Some((name, near(name, defaulted().map(String::as_str))?)))
        .map(|(name, near)| {
            Fault::of_file(folder, format!("no file has variable {name}"))
                .help(format!("did you mean {near}?"))
        })
        .collect()
}

//! The actions of a Delta log, one JSON object a line, as far as Headwater writes or reads them.

use std::collections::BTreeMap;
use std::sync::Arc;

use common::{DataFile, EngineError, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::stats;

/// The application id of Headwater's `txn` actions; their version is the commit group's number.
pub const APP_ID: &str = "headwater";

/// One line of a log entry. Exactly one member is set; members that Headwater doesn't know are
/// ignored, as the protocol's reader and writer versions allow.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ActionLine {
    /// Where the entry comes from; for `system.commits` the whole intent of a group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit_info: Option<Box<RawValue>>,
    /// The versions a reader and a writer must know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<Protocol>,
    /// Schema, partitioning and properties.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meta_data: Option<MetaData>,
    /// An application's own version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub txn: Option<Txn>,
    /// A file that becomes part of the table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub add: Option<Add>,
    /// A file that no longer is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remove: Option<Remove>,
}

/// See the Delta protocol, "Protocol Evolution".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Protocol {
    /// The least version of a reader.
    pub min_reader_version: i32,
    /// The least version of a writer.
    pub min_writer_version: i32,
    /// Features a reader must know, from reader version 3 on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reader_features: Option<Vec<String>>,
    /// Features a writer must know, from writer version 7 on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub writer_features: Option<Vec<String>>,
}

/// See the Delta protocol, "Change Metadata".
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MetaData {
    /// The table's own id.
    pub id: String,
    /// The table's name.
    pub name: Option<String>,
    /// The table's comment.
    pub description: Option<String>,
    /// Always Parquet.
    pub format: Value,
    /// The schema as JSON.
    pub schema_string: String,
    /// The columns that it is partitioned by.
    pub partition_columns: Vec<String>,
    /// Table properties.
    pub configuration: BTreeMap<String, String>,
    /// Milliseconds since the epoch.
    pub created_time: Option<i64>,
}

/// See the Delta protocol, "Transaction Identifiers".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Txn {
    /// The application.
    pub app_id: String,
    /// Its version.
    pub version: i64,
    /// Milliseconds since the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_updated: Option<i64>,
}

/// See the Delta protocol, "Add File".
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Add {
    /// Relative to the table's folder, percent-encoded.
    pub path: String,
    /// By partition column.
    pub partition_values: BTreeMap<String, Option<String>>,
    /// Bytes.
    pub size: i64,
    /// Milliseconds since the epoch.
    pub modification_time: i64,
    /// Whether rows are new, rather than rearranged.
    pub data_change: bool,
    /// Statistics as JSON.
    pub stats: Option<String>,
    /// Refused when set: Headwater doesn't read deletion vectors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletion_vector: Option<Value>,
}

/// See the Delta protocol, "Remove File".
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Remove {
    /// Relative to the table's folder, percent-encoded.
    pub path: String,
    /// When the file was taken out, in milliseconds since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion_timestamp: Option<i64>,
    /// Whether its rows are gone, rather than rearranged.
    pub data_change: bool,
}

impl Add {
    /// The action that adds a file of new rows.
    pub fn of(file: &DataFile) -> Self {
        Self {
            path: encode_path(&file.path),
            partition_values: file.partition_values.clone(),
            size: file.size,
            modification_time: file.modified_at_ms,
            data_change: true,
            stats: Some(stats::to_json(file)),
            deletion_vector: None,
        }
    }

    /// The file that the action adds, at its path as [`decode_path`] gave it.
    ///
    /// # Errors
    /// [`common::Kind::Data`] for statistics that are not there or don't parse: nobody knows how many
    /// rows such a file has.
    pub fn into_file(self, path: Arc<str>) -> Result<DataFile> {
        let stats = self.stats.as_deref().map_or_else(
            || Err(EngineError::data("there are no statistics")),
            stats::from_json,
        );
        let (rows, ranges) = stats.map_err(|e| e.context(format!("file {path}")))?;
        Ok(DataFile {
            path,
            partition_values: self.partition_values,
            size: self.size,
            rows,
            modified_at_ms: self.modification_time,
            ranges,
        })
    }
}

impl Txn {
    /// Headwater's `txn` of a commit group.
    pub fn of_group(group: i64, at_ms: i64) -> Self {
        Self {
            app_id: APP_ID.to_owned(),
            version: group,
            last_updated: Some(at_ms),
        }
    }
}

/// An action as its line, without the line break.
pub fn line(action: &ActionLine) -> Result<Box<RawValue>> {
    serde_json::value::to_raw_value(action)
        .map_err(|e| EngineError::internal("a log action cannot be written as JSON").caused_by(e))
}

const NO_ACTION: &str =
    "a line is not a Delta action: the file is damaged, restore it from a backup";

/// Parses the lines of a log entry.
///
/// # Errors
/// [`common::Kind::Data`]; the caller names the entry.
pub fn parse_lines(bytes: &[u8]) -> Result<Vec<ActionLine>> {
    bytes
        .split(|b| *b == b'\n')
        .filter(|line| !line.trim_ascii().is_empty())
        .map(|line| {
            serde_json::from_slice(line).map_err(|e| EngineError::data(NO_ACTION).caused_by(e))
        })
        .collect()
}

/// Percent-encodes what a URI's path may not hold.
pub fn encode_path(path: &str) -> String {
    let mut encoded = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'=' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

/// Undoes [`encode_path`]; refuses what is not below the table's folder.
pub fn decode_path(path: &str) -> Result<String> {
    let wrong = || {
        EngineError::data(format!(
            "file path {path} is not a percent-encoded path below the table's folder"
        ))
    };
    if path.starts_with('/') || path.contains("://") {
        return Err(wrong());
    }
    let mut decoded = Vec::with_capacity(path.len());
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let digit =
                |b: Option<u8>| b.and_then(|b| char::from(b).to_digit(16)).ok_or_else(wrong);
            let (high, low) = (digit(bytes.next())?, digit(bytes.next())?);
            decoded.push((high * 16 + low) as u8);
        } else {
            decoded.push(byte);
        }
    }
    let decoded = String::from_utf8(decoded).map_err(|_| wrong())?;
    if decoded.split('/').any(|part| part == "..") {
        return Err(wrong());
    }
    Ok(decoded)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn paths_survive_encoding() {
        for path in ["a/b=c/part-1.parquet", "a b/ü%/x", "100%25"] {
            assert_eq!(decode_path(&encode_path(path)).unwrap(), path);
        }
        for path in ["/etc/x", "s3://b/x", "a/../../x", "a%2", "a%zz", "%2e%2e/x"] {
            assert!(decode_path(path).is_err(), "{path}");
        }
    }

    #[test]
    fn a_file_survives_its_action() {
        let file = DataFile {
            path: Arc::from("product=b/x.parquet"),
            partition_values: BTreeMap::from([("product".to_owned(), None)]),
            size: 5,
            rows: 2,
            modified_at_ms: 7,
            ranges: BTreeMap::new(),
        };
        assert_eq!(Add::of(&file).into_file(file.path.clone()).unwrap(), file);
    }

    #[test]
    fn unknown_actions_are_ignored_and_broken_lines_are_not() {
        let lines = parse_lines(b"{\"domainMetadata\":{\"domain\":\"d\"}}\n\n{\"txn\":{\"appId\":\"headwater\",\"version\":3}}\n").unwrap();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[1].txn.as_ref().unwrap().version, 3);
        assert!(parse_lines(b"{\"add\":").is_err());
    }
}

//! Section `storage`: where the tables live.

use std::collections::BTreeMap;

use lake::storage::Storage;

use super::reader::Reader;

/// Where the tables live.
#[derive(Clone)]
pub struct StorageSettings {
    /// `storage.url`
    pub url: String,
    /// `storage.options`
    pub options: BTreeMap<String, String>,
    /// The environment's `AWS_…` variables, beneath the options.
    pub s3_environment: BTreeMap<String, String>,
    /// `storage.free_bytes_min`
    pub free_bytes_min: u64,
    /// `fault.plan`: faults to inject into the object store.
    pub fault_plan: Option<String>,
}

/// Options and environment may hold secrets.
impl std::fmt::Debug for StorageSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StorageSettings")
            .field("url", &self.url)
            .field("free_bytes_min", &self.free_bytes_min)
            .finish_non_exhaustive()
    }
}

impl StorageSettings {
    pub(super) fn read(from: &mut Reader, s3_environment: BTreeMap<String, String>) -> Self {
        let given = from.required(
            "storage.url",
            "Where the tables live: a folder (a relative one is below the configuration file's folder), `file:///…` or `s3://bucket/prefix`.",
        );
        let url = match given.as_deref() {
            Some(url) if url.contains("://") => url.to_owned(),
            path => from
                .below_file(path.unwrap_or_default())
                .display()
                .to_string(),
        };
        let options = from.table(
            "storage.options",
            "Options of the object store, e.g. `aws_region`, `aws_endpoint`; of S3, what is not given is taken from the environment's `AWS_…` variables.",
        );
        // One that is missing is not mentioned again.
        if let Some(given) = given {
            from.add_faults(fault(&given, &url, &options));
        }
        Self {
            url,
            options,
            s3_environment,
            free_bytes_min: from.number(
                "storage.free_bytes_min",
                0..=u64::MAX,
                1 << 30,
                "Free bytes below which the engine refuses to start (local folders only).",
            ),
            fault_plan: from.hidden("fault.plan"),
        }
    }
}

/// What is wrong with the URL as it is given, or with where it leads.
fn fault(given: &str, url: &str, options: &BTreeMap<String, String>) -> Option<String> {
    if given.is_empty() {
        return Some("storage.url is empty; write a path, file:///path or s3://bucket".to_owned());
    }
    // A path may have a colon, but this is a URL that lost a slash.
    if let Some((scheme, rest)) = given.split_once(":/")
        && !scheme.contains('/')
        && !rest.starts_with('/')
    {
        return Some(format!(
            "storage.url `{given}` is no URL for want of a slash: write {scheme}://{rest}, or \
             ./{given} for a folder of that name"
        ));
    }
    Storage::check(url, options).err().map(|e| e.to_string())
}

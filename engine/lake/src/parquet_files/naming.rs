//! The path of a data file.

use std::collections::BTreeMap;

use common::partition_value::HIVE_NULL;
use uuid::Uuid;

/// Longest value that a folder's name shows.
const SHOWN_CHARS_MAX: usize = 80;

/// Who writes a file, and for which commit group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileNaming {
    /// The writer's epoch: an unreferenced file of a lower epoch may be deleted.
    pub epoch: i64,
    /// The commit group that is to add the file.
    pub group: i64,
}

impl FileNaming {
    /// The path of the `n`th file below its table's folder, unique by its UUID.
    ///
    /// Folders are named `column=value` for people; the value's odd characters show as `_`, since
    /// the log, not the path, says what partition a file is of. So a path holds only letters,
    /// digits and `/ = - _ .`, which need no encoding anywhere.
    pub fn path(
        &self,
        partition_by: &[String],
        values: &BTreeMap<String, Option<String>>,
        n: usize,
    ) -> String {
        let mut path = String::new();
        for column in partition_by {
            let value = values.get(column).and_then(Option::as_deref);
            path.push_str(&format!("{}={}/", safe(column), shown(value)));
        }
        path.push_str(&format!(
            "part-{:06}-{:010}-{n:04}-{}.parquet",
            self.epoch,
            self.group,
            Uuid::new_v4()
        ));
        path
    }
}

/// What a data file's name tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileName {
    /// The epoch of its writer.
    pub epoch: i64,
    /// The commit group that it was written for.
    pub group: i64,
}

impl FileName {
    /// Reads a path's last part; `None` where Headwater didn't name it.
    pub fn parse(path: &str) -> Option<Self> {
        let name = path.rsplit('/').next()?;
        let mut parts = name
            .strip_prefix("part-")?
            .strip_suffix(".parquet")?
            .split('-');
        Some(Self {
            epoch: parts.next()?.parse().ok()?,
            group: parts.next()?.parse().ok()?,
        })
    }
}

/// A partition value in a folder's name; of a whole hour only the hour.
fn shown(value: Option<&str>) -> String {
    let Some(value) = value else {
        return HIVE_NULL.to_owned();
    };
    match value.strip_suffix(":00:00").and_then(|v| v.split_once(' ')) {
        Some((date, hour)) => format!("{}T{}", safe(date), safe(hour)),
        None => safe(value),
    }
}

fn safe(text: &str) -> String {
    text.chars()
        .take(SHOWN_CHARS_MAX)
        .map(|c| match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '.' => c,
            _ => '_',
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_path_shows_its_partition_and_tells_its_epoch() {
        let naming = FileNaming {
            epoch: 3,
            group: 41,
        };
        let by = ["product".to_owned(), "arrival_hour".to_owned()];
        let path = |product: Option<&str>| {
            let values = BTreeMap::from([
                (by[0].clone(), product.map(str::to_owned)),
                (by[1].clone(), Some("2026-11-23 18:00:00".to_owned())),
            ]);
            naming.path(&by, &values, 0)
        };
        assert!(path(Some("browser")).starts_with(
            "product=browser/arrival_hour=2026-11-23T18/part-000003-0000000041-0000-"
        ));
        assert!(path(Some("../a b/ü")).starts_with("product=.._a_b__/"));
        assert!(path(None).starts_with("product=__HIVE_DEFAULT_PARTITION__/"));
        assert_eq!(
            FileName::parse(&path(None)).unwrap(),
            FileName {
                epoch: 3,
                group: 41
            }
        );
        assert_eq!(FileName::parse("a/part-x.parquet"), None);
    }
}

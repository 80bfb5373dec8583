//! What the environment says of S3, beneath the options that are set.

use std::collections::BTreeMap;
use std::str::FromStr;

use object_store::aws::AmazonS3ConfigKey;

/// The options of a storage URL, with those of the `AWS_…` variables that are not set otherwise,
/// under whatever name. Only S3 has any; variables that it doesn't know are meant for other
/// programs.
pub fn with_s3_environment(
    url: &str,
    options: &BTreeMap<String, String>,
    environment: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let mut all = options.clone();
    if !url.starts_with("s3://") && !url.starts_with("s3a://") {
        return all;
    }
    let set: Vec<_> = options.keys().filter_map(|name| key(name)).collect();
    for (name, value) in environment {
        if key(name).is_some_and(|key| !set.contains(&key)) {
            all.insert(name.to_ascii_lowercase(), value.clone());
        }
    }
    all
}

fn key(name: &str) -> Option<AmazonS3ConfigKey> {
    AmazonS3ConfigKey::from_str(&name.to_ascii_lowercase()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
        entries
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect()
    }

    #[test]
    fn options_outrank_the_environment_under_any_name() {
        let environment = map(&[
            ("AWS_ACCESS_KEY_ID", "from the environment"),
            ("AWS_REGION", "from the environment"),
            ("AWS_PAGER", "less"),
        ]);
        let set = map(&[("access_key_id", "set")]);
        assert_eq!(
            with_s3_environment("s3://bucket/p", &set, &environment),
            map(&[
                ("access_key_id", "set"),
                ("aws_region", "from the environment")
            ])
        );
        for url in ["/data", "file:///data", "memory:///"] {
            assert_eq!(with_s3_environment(url, &set, &environment), set);
        }
    }
}

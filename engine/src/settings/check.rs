//! Faults that show only once settings are read: checked before anything is touched.

use super::load::{Layers, Loaded, merge};
use super::typed::Settings;
use common::host_port::host_and_port;
use lake::storage::Storage;

/// Reads the settings. The error lists every fault, of single settings and of their values.
pub fn read(layers: &Layers) -> Result<Settings, Vec<String>> {
    let (loaded, mut faults) = merge(layers);
    let settings = Settings::from(&loaded);
    faults.extend(value_faults(&settings, &loaded));
    if faults.is_empty() {
        Ok(settings)
    } else {
        Err(faults)
    }
}

/// What is wrong with the values themselves; one that is missing is not mentioned again.
fn value_faults(settings: &Settings, loaded: &Loaded) -> Vec<String> {
    let mut kafka = settings.kafka.clone();
    if loaded.text("kafka.brokers").is_none() {
        "none:9092".clone_into(&mut kafka.brokers);
    }
    let mut faults = kafka.faults();
    faults.extend(storage_fault(settings, loaded));
    faults.extend(listen_fault(&settings.flight.listen));
    if settings.flight.password.is_some() && settings.flight.password_file.is_some() {
        faults.push(
            "flight.password and flight.password_file are both set; keep one of them".to_owned(),
        );
    }
    faults
}

fn storage_fault(settings: &Settings, loaded: &Loaded) -> Option<String> {
    let url = loaded.text("storage.url")?;
    if url.is_empty() {
        return Some("storage.url is empty; write a path, file:///path or s3://bucket".to_owned());
    }
    // A path may have a colon, but this is a URL that lost a slash.
    if let Some((scheme, rest)) = url.split_once(":/")
        && !scheme.contains('/')
        && !rest.starts_with('/')
    {
        return Some(format!(
            "storage.url `{url}` is no URL for want of a slash: write {scheme}://{rest}, or \
             ./{url} for a folder of that name"
        ));
    }
    let checked = Storage::check(&settings.storage.url, &settings.storage.options);
    checked.err().map(|e| e.to_string())
}

fn listen_fault(address: &str) -> Option<String> {
    let is_usable = host_and_port(address).is_some_and(|(_, port)| port.is_some());
    (!is_usable).then(|| {
        format!("flight.listen: {address:?} is not host:port, like 127.0.0.1:50051 or [::1]:50051")
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn layers(flags: &[&str]) -> Layers {
        let good = ["kafka.brokers=a:1", "storage.url=/nowhere/tables"];
        Layers {
            flags: good.iter().chain(flags).map(|f| (*f).to_owned()).collect(),
            ..Layers::default()
        }
    }

    #[test]
    fn good_values_pass_and_nothing_is_made() {
        let settings = read(&layers(&[])).unwrap();
        assert_eq!(settings.storage.url, "/nowhere/tables");
        assert!(!std::path::Path::new("/nowhere").exists());
        for address in ["localhost:50051", "0.0.0.0:0", "[::1]:50051"] {
            read(&layers(&[&format!("flight.listen={address}")])).unwrap();
        }
    }

    #[test]
    fn all_faults_of_all_kinds_come_at_once() {
        let faults = read(&layers(&[
            "query.threads=0",
            "kafka.properties.fetch.wait.max.msec=20",
            "kafka.properties.sasl.password=hush",
            "flight.listen=50051",
            "flight.password=a",
            "flight.password_file=b",
            "storage.options.regoin=x",
        ]))
        .unwrap_err();
        let expected = [
            "query.threads",
            "`fetch.wait.max.msec`",
            "storage.options: `regoin`",
            "flight.listen",
            "flight.password_file",
        ];
        assert_eq!(faults.len(), expected.len(), "{faults:?}");
        for (fault, part) in faults.iter().zip(expected) {
            assert!(fault.contains(part), "{fault}");
        }
        assert!(!faults.join("").contains("hush"));
    }

    #[test]
    fn a_storage_url_that_nobody_reads_is_a_fault() {
        for url in [
            "",
            "s3:/b",
            "file:/b",
            "ftp://host/x",
            "file://host/x",
            "://",
            "/",
            "file:///",
            "/.",
            "/proc/self/root",
        ] {
            let faults = read(&layers(&[&format!("storage.url={url}")])).unwrap_err();
            assert!(faults.concat().contains("storage.url"), "{url}: {faults:?}");
        }
        for path in ["./s3:/b", "/a:/b", "a:b", "/a"] {
            let read = read(&layers(&[&format!("storage.url={path}")]));
            let about_storage = |faults: Vec<String>| faults.concat().contains("storage.url");
            assert!(!read.err().is_some_and(about_storage), "{path}");
        }
    }

    #[test]
    fn what_is_missing_is_said_once() {
        let faults = read(&Layers::default()).unwrap_err();
        assert_eq!(faults.len(), 2, "{faults:?}");
    }
}

//! Settings from every layer, right and wrong.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::*;

fn of_file(text: &str) -> Layers {
    Layers {
        file: Some((
            PathBuf::from("/etc/headwater/headwater.toml"),
            text.to_owned(),
        )),
        ..Layers::default()
    }
}

const GOOD: &str = "[kafka]\nbrokers = \"a:1\"\nproperties = { \"security.protocol\" = \"ssl\" }\n[storage]\nurl = \"/data\"\n";

#[test]
fn flags_outrank_the_environment_and_the_file() {
    let mut l = of_file(GOOD);
    assert_eq!(read(&l).unwrap().kafka.brokers, "a:1");
    l.environment
        .insert("HEADWATER_KAFKA_BROKERS".into(), "b:1".into());
    assert_eq!(read(&l).unwrap().kafka.brokers, "b:1");
    l.flags.push("kafka.brokers=c:1".into());
    let settings = read(&l).unwrap();
    assert_eq!(settings.kafka.brokers, "c:1");
    assert_eq!(settings.kafka.properties["security.protocol"], "ssl");
    assert_eq!(settings.sql.folder, Path::new("/etc/headwater/sql"));
}

#[test]
fn a_relative_storage_folder_is_below_the_file_and_a_url_stays() {
    let location = |url: &str| {
        let mut l = of_file(GOOD);
        l.flags.push(format!("storage.url={url}"));
        read(&l).unwrap().storage.url
    };
    assert_eq!(location("tables"), "/etc/headwater/tables");
    assert_eq!(location("/data"), "/data");
    assert_eq!(location("s3://bucket/prefix"), "s3://bucket/prefix");
}

#[test]
fn all_faults_come_at_once_with_the_near_name() {
    let mut l = of_file("[kafka]\nbroker = \"a:1\"\n[ingest]\nmicro_batch_ms = \"soon\"\n");
    l.environment
        .insert("HEADWATER_FLIGHT_LISTN".into(), "x".into());
    l.flags.push("query.threads=0".into());
    let faults = read(&l).unwrap_err();
    let all = faults.join("\n");
    assert!(
        all.contains("no setting kafka.broker; did you mean kafka.brokers?"),
        "{all}"
    );
    assert!(all.contains("ingest.micro_batch_ms"), "{all}");
    assert!(
        all.contains("did you mean HEADWATER_FLIGHT_LISTEN?"),
        "{all}"
    );
    assert!(
        all.contains("query.threads (from --set): 0 is not between 1 and 256"),
        "{all}"
    );
    assert!(all.contains("storage.url is missing"), "{all}");
}

#[test]
fn a_file_that_is_no_toml_has_one_fault() {
    let faults = read(&of_file("[kafka]\nbrokers = a:1\n")).unwrap_err();
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(
        faults[0].starts_with("/etc/headwater/headwater.toml:2: "),
        "{faults:?}"
    );
}

#[test]
fn variables_of_s3_are_kept_and_are_no_settings() {
    let mut l = of_file(GOOD);
    l.environment
        .insert("AWS_REGION".into(), "eu-west-1".into());
    assert_eq!(
        read(&l).unwrap().storage.s3_environment["AWS_REGION"],
        "eu-west-1"
    );
}

#[test]
fn every_name_is_declared_once() {
    let (reader, _) = sections::declare(&Layers::default());
    let names: Vec<&str> = reader.declared().iter().map(|s| s.name).collect();
    let unique: BTreeSet<&str> = names.iter().copied().collect();
    assert_eq!(names.len(), unique.len(), "{names:?}");
}

#[test]
fn every_default_is_valid() {
    // A default goes through the same checks as a value that is given.
    assert_eq!(read(&of_file(GOOD)).err(), None);
}

fn read_file(text: &str) -> Result<Settings, Vec<String>> {
    read(&of_file(text))
}

#[test]
fn a_file_that_is_no_toml_names_its_line() {
    let faults = read_file("[kafka]\nbrokers = \n").unwrap_err();
    assert!(
        faults[0].starts_with("/etc/headwater/headwater.toml:2:"),
        "{faults:?}"
    );
}

#[test]
fn each_kind_of_setting_refuses_values_of_another() {
    let cases = [
        (
            "[kafka]\nbrokers = [\"a:1\"]",
            "kafka.brokers",
            "a text in quotes, not a list",
        ),
        (
            "[storage]\nurl = 5",
            "storage.url",
            "a text in quotes, not a number",
        ),
        (
            "[flight]\nlisten = true",
            "flight.listen",
            "a text in quotes, not true or false",
        ),
        (
            "[flight]\npassword = 12345",
            "flight.password",
            "a text in quotes, not a number",
        ),
        (
            "[query]\nthreads = \"2\"",
            "query.threads",
            "a whole number without quotes, not a text",
        ),
        (
            "[query]\nthreads = 1.5",
            "query.threads",
            "not a number with a fraction",
        ),
        (
            "[sql]\nvariables = \"a=1\"",
            "sql.variables",
            "a table of names and texts, not a text",
        ),
        (
            "[sql.folder]\nname = \"x\"",
            "sql.folder",
            "a text in quotes, not a table",
        ),
        (
            "[kafka.properties]\nsecurity.protocol = [\"ssl\"]",
            "kafka.properties",
            "security.protocol takes a text in quotes, not a list",
        ),
    ];
    for (text, name, takes) in cases {
        let faults = read_file(text).unwrap_err();
        assert!(
            faults
                .iter()
                .any(|f| f.starts_with(name) && f.contains(takes)),
            "{text}: {faults:?}"
        );
        assert!(!faults.join("").contains("12345"), "{faults:?}");
        let missing = format!("{name} is missing");
        assert!(!faults.join("").contains(&missing), "{faults:?}");
    }
}

#[test]
fn a_dotted_name_without_quotes_is_one_name() {
    let text = "[kafka]\nbrokers = \"a:1\"\n[storage]\nurl = \"/data\"\n\
                [kafka.properties]\nsecurity.protocol = \"ssl\"\n\
                \"ssl.ca.location\" = \"ca.pem\"\nfetch.wait.max.ms = 7\n\
                check.crcs = false\n";
    let properties = read_file(text).unwrap().kafka.properties;
    let expected = [
        ("check.crcs", "false"),
        ("fetch.wait.max.ms", "7"),
        ("security.protocol", "ssl"),
        ("ssl.ca.location", "ca.pem"),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(properties, expected.into());
}

#[test]
fn an_unknown_section_is_named_once_with_the_near_one() {
    let faults = read_file("[kafak]\nbrokers = \"a:1\"\ngroup = \"b\"\n").unwrap_err();
    let about: Vec<_> = faults.iter().filter(|f| f.contains("kafak")).collect();
    assert_eq!(about.len(), 1, "{faults:?}");
    assert!(
        about[0].ends_with("there is no section [kafak]; did you mean [kafka]?"),
        "{about:?}"
    );
    let faults = read_file("kafka = \"a:1\"").unwrap_err();
    assert!(faults.join("").contains("write [kafka]"), "{faults:?}");
}

fn of_flags(flags: &[&str]) -> Layers {
    let good = ["kafka.brokers=a:1", "storage.url=/nowhere/tables"];
    Layers {
        flags: good.iter().chain(flags).map(|f| (*f).to_owned()).collect(),
        ..Layers::default()
    }
}

#[test]
fn good_values_pass_and_nothing_is_made() {
    let settings = read(&of_flags(&[])).unwrap();
    assert_eq!(settings.storage.url, "/nowhere/tables");
    assert!(!Path::new("/nowhere").exists());
    for address in ["localhost:50051", "0.0.0.0:0", "[::1]:50051"] {
        read(&of_flags(&[&format!("flight.listen={address}")])).unwrap();
    }
}

#[test]
fn all_faults_of_all_kinds_come_at_once() {
    let faults = read(&of_flags(&[
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
        let faults = read(&of_flags(&[&format!("storage.url={url}")])).unwrap_err();
        assert!(faults.concat().contains("storage.url"), "{url}: {faults:?}");
    }
    for path in ["./s3:/b", "/a:/b", "a:b", "/a"] {
        let read = read(&of_flags(&[&format!("storage.url={path}")]));
        let about_storage = |faults: Vec<String>| faults.concat().contains("storage.url");
        assert!(!read.err().is_some_and(about_storage), "{path}");
    }
}

#[test]
fn what_is_missing_is_said_once() {
    let faults = read(&Layers::default()).unwrap_err();
    assert_eq!(faults.len(), 2, "{faults:?}");
}

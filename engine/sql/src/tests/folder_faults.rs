//! What is wrong with files and statements: all of it at once, each with its place.

use super::*;

#[test]
fn an_unknown_variable_is_named_with_the_near_one() {
    let told = faults(&[(
        "sources/raw.sql",
        "-- ${not_read}\nCREATE EXTERNAL TABLE raw STORED AS KAFKA\nLOCATION '${mobile_topics}'",
    )]);
    assert_eq!(
        told,
        ["sources/raw.sql:3:11: unknown variable ${mobile_topics}; did you mean mobile_topic?"]
    );
}

#[test]
fn a_syntax_error_points_into_the_file_behind_a_variable() {
    let told = faults(&[(
        "sources/raw.sql",
        "CREATE EXTERNAL TABLE raw STORED AS KAFKA LOCATION '${mobile_topic}' OPTION ('a' 'b')",
    )]);
    assert_eq!(told.len(), 1);
    assert!(told[0].starts_with("sources/raw.sql:1:70: "), "{}", told[0]);
}

#[test]
fn all_faults_are_told_at_once() {
    let told = faults(&[
        (
            "sources/raw.sql",
            "CREATE EXTERNAL TABLE row STORED AS KAFKA LOCATION 'a'",
        ),
        ("sources/two.sql", "SELECT 1; SELECT 2"),
        ("sources/none.sql", "-- nothing"),
        (
            "dimensions/d.sql",
            "CREATE EXTERNAL TABLE d (a STRING) STORED AS KAFKA LOCATION 't'",
        ),
        (
            "dimensions/k.sql",
            "CREATE EXTERNAL TABLE k (a STRING) STORED AS UPSERT_KAFKA LOCATION 't'",
        ),
        (
            "tables/t.sql",
            "CREATE EXTERNAL TABLE t (a JSON, b STRING DEFAULT 'x', received TIMESTAMP)\nSTORED AS DELTA LOCATION 't'",
        ),
        ("metrics/m.sql", "INSERT INTO a SELECT 1"),
        ("metric/m.sql", "SELECT 1"),
    ]);
    let files: Vec<&str> = told.iter().filter_map(|t| t.split(':').next()).collect();
    assert_eq!(
        files,
        [
            "metric",
            "sources/none.sql",
            "sources/raw.sql",
            "sources/two.sql",
            "dimensions/d.sql",
            "dimensions/k.sql",
            "tables/t.sql",
            "tables/t.sql",
            "tables/t.sql",
            "metrics/m.sql",
        ]
    );
}

#[test]
fn faults_of_statements() {
    let told = faults(&[
        (
            "sources/raw.sql",
            "CREATE EXTERNAL TABLE row STORED AS KAFKA LOCATION 'a'",
        ),
        ("sources/two.sql", "SELECT 1; SELECT 2"),
        ("sources/none.sql", "-- nothing"),
        (
            "sources/opt.sql",
            "CREATE EXTERNAL TABLE opt STORED AS KAFKA LOCATION 'a' OPTIONS ('latenes' '1 s')",
        ),
        (
            "sources/dur.sql",
            "CREATE EXTERNAL TABLE dur STORED AS KAFKA LOCATION 'a' OPTIONS ('lateness' 'soon')",
        ),
        (
            "dimensions/d.sql",
            "CREATE EXTERNAL TABLE d (a STRING) STORED AS KAFKA LOCATION 't'",
        ),
        (
            "dimensions/k.sql",
            "CREATE EXTERNAL TABLE k (a STRING) STORED AS UPSERT_KAFKA LOCATION 't'",
        ),
        (
            "tables/t.sql",
            "CREATE EXTERNAL TABLE t (a JSON,\n b STRING DEFAULT 'x', received TIMESTAMP)\nSTORED AS DELTA LOCATION 't'",
        ),
        (
            "tables/u.sql",
            "CREATE EXTERNAL TABLE u (a STRING) STORED AS DELTA PARTITIONED BY (b, position) LOCATION '/u'",
        ),
        ("metrics/m.sql", "INSERT INTO a SELECT 1"),
    ]);
    assert_eq!(
        told,
        [
            "sources/dur.sql: in OPTIONS: option 'lateness': 'soon' is not a length of time; write for example '10 minutes'; units: s, min, h, d",
            "sources/none.sql: has no statement",
            "sources/opt.sql: in OPTIONS: unknown option 'latenes'; did you mean lateness?",
            "sources/raw.sql:1:23: the statement declares row, but the file is named raw; give both the same name",
            "sources/two.sql: has 2 statements; write one statement a file, named after its object",
            "dimensions/d.sql: in STORED AS: STORED AS KAFKA does not belong into this folder; write STORED AS UPSERT_KAFKA",
            "dimensions/k.sql: in PRIMARY KEY: names 0 columns; write PRIMARY KEY (column) with the one column that is the record's key",
            "tables/t.sql:1:26: column a has type JSON, which tables can't hold; known: STRING, BIGINT, INT, BOOLEAN, DOUBLE, DATE, TIMESTAMP, BINARY, DECIMAL(p, s), ARRAY<…>, STRUCT<name type, …>",
            "tables/t.sql:2:2: column b: DEFAULT 'x' is not supported; a column has a type and, where it must, NOT NULL",
            "tables/t.sql:2:24: column received is the engine's own; leave it out: the engine appends it",
            "tables/u.sql: in LOCATION: '/u' is not a folder below the storage root; write a relative path such as 'events'; the root is set in [storage] url",
            "tables/u.sql: in PARTITIONED BY: column b does not exist; known: a, arrival_hour, position, received",
            "tables/u.sql: in PARTITIONED BY: a table cannot be partitioned by column position, for its type; partition by text, a whole number, a BOOLEAN, a date or a TIMESTAMP",
            "metrics/m.sql: in the statement: this folder holds others; write CREATE VIEW name AS SELECT …",
        ]
    );
}

#[test]
fn a_ledger_names_its_key_and_order_among_its_columns() {
    let ledger = |options: &str| {
        let text = format!(
            "CREATE EXTERNAL TABLE l (product STRING NOT NULL, device STRING, n INT NOT NULL, event_time TIMESTAMP)
             STORED AS LEDGER LOCATION 'l' OPTIONS ({options})"
        );
        faults(&[("ledgers/l.sql", &text)])
    };
    let told = |messages: &[&str]| -> Vec<String> {
        messages
            .iter()
            .map(|m| format!("ledgers/l.sql: in OPTIONS: {m}"))
            .collect()
    };
    assert_eq!(
        ledger("'key' 'product'"),
        told(&[
            "option 'order' is missing; write for example 'order' 'received, event_time, tie, channel'"
        ])
    );
    assert_eq!(
        ledger("'key' 'produkt, device, n', 'order' 'tie, recieved'"),
        told(&[
            "option 'key': column produkt is not declared; did you mean product?",
            "option 'key': column device must be declared NOT NULL",
            "option 'key': column n must be a STRING",
            "option 'order': column tie is not declared",
            "option 'order': recieved is no term of an order; did you mean received?",
            "option 'order' must begin with received or event_time",
        ])
    );
}

#[test]
fn no_table_lies_in_a_folder_of_the_engine() {
    for location in ["system", "cache/t"] {
        let text =
            format!("CREATE EXTERNAL TABLE t (a STRING) STORED AS DELTA LOCATION '{location}'");
        assert_eq!(
            faults(&[("tables/t.sql", &text)]),
            [format!(
                "tables/t.sql: in LOCATION: '{location}' is the engine's own folder; give the \
                 table another one; reserved are system and cache"
            )]
        );
    }
}

#[test]
fn folders_that_come_later_must_be_empty() {
    let told = faults(&[
        ("alerts/silent.sql", "SELECT 1"),
        ("schedules/README.md", "none yet"),
    ]);
    assert_eq!(
        told,
        ["alerts/silent.sql: alerts are not supported by this version; leave alerts/ empty"]
    );
}

#[test]
fn names_and_folders_are_used_once() {
    let table = |name: &str| {
        format!("CREATE EXTERNAL TABLE {name} (a STRING) STORED AS DELTA LOCATION 'same'")
    };
    let dir = folder(&[
        ("tables/one.sql", &table("one")),
        ("tables/two.sql", &table("two")),
        (
            "tables/archive.sql",
            "CREATE EXTERNAL TABLE archive (a STRING) STORED AS DELTA LOCATION 'a'",
        ),
        (
            "sources/one.sql",
            "CREATE EXTERNAL TABLE one STORED AS KAFKA LOCATION 'a'",
        ),
        // Neither is at fault for reading what may be one thing or another.
        ("metrics/m.sql", "CREATE VIEW m AS SELECT nothing FROM one"),
        ("pipelines/p.sql", "INSERT INTO two SELECT 1 AS a FROM one"),
    ]);
    let told = check(dir.path(), &variables(), &session()).unwrap_err();
    let told: Vec<String> = told
        .iter()
        .map(|f| {
            f.to_string()
                .replace(&dir.path().display().to_string(), "sql")
        })
        .collect();
    assert_eq!(
        told,
        [
            "sql: archive is the name of a built-in table; rename one of them",
            "sql: one is declared twice: as a source and as a table; rename one of them",
            "sql/tables/two.sql: in LOCATION: 'same' is the folder of table one; give each table its own folder",
        ]
    );
}

#[test]
fn a_topic_is_read_by_one_source() {
    let told = faults(&[
        SOURCE,
        (
            "sources/again.sql",
            "CREATE EXTERNAL TABLE again STORED AS KAFKA LOCATION 'raw-logs'",
        ),
    ]);
    assert_eq!(
        told,
        [
            "sources/raw.sql: two sources read topic raw-logs: sources/again.sql and \
             sources/raw.sql; keep one of them; several pipelines may read it"
        ]
    );
}

#[test]
fn a_pipeline_may_not_be_named_as_the_archive_is() {
    let told = faults(&[
        SOURCE,
        TABLE,
        (
            "pipelines/archive.sql",
            "INSERT INTO seen SELECT 'a' AS product, 'd' AS device, 1 AS n, received AS at FROM raw",
        ),
    ]);
    assert_eq!(
        told,
        ["pipelines/archive.sql: archive is the name of a built-in table; rename the file"]
    );
}

#[test]
fn a_dimension_has_columns_that_json_can_give() {
    let told = faults(&[(
        "dimensions/apps.sql",
        "CREATE EXTERNAL TABLE apps (app STRING, icon BINARY,\nprice DECIMAL(9, 2), since DATE, PRIMARY KEY (app))
         STORED AS UPSERT_KAFKA LOCATION 'apps'",
    )]);
    let known = "known: STRING, BIGINT, INT, BOOLEAN, DOUBLE, DATE, TIMESTAMP";
    assert_eq!(
        told,
        [
            format!(
                "dimensions/apps.sql:1:41: column icon has type BINARY, which a dimension can't hold; {known}"
            ),
            format!(
                "dimensions/apps.sql:2:1: column price has type DECIMAL(9,2), which a dimension can't hold; {known}"
            ),
        ]
    );
}

#[test]
fn the_hash_is_of_content_and_variables() {
    let hash = |topic: &str, text: &str| {
        let dir = folder(&[("sources/raw.sql", text)]);
        let variables = [("t".to_owned(), topic.to_owned())].into();
        Configuration::load(dir.path(), &variables).unwrap().hash
    };
    let text = "CREATE EXTERNAL TABLE raw STORED AS KAFKA LOCATION '${t}'";
    assert_eq!(hash("a", text), hash("a", text));
    assert_ne!(hash("a", text), hash("b", text));
    assert_ne!(hash("a", text), hash("a", &format!("{text};")));
    assert_eq!(hash("a", text).len(), 32);
}

#[test]
fn a_table_has_its_declared_columns_and_the_engines() {
    let configuration = configuration(&[(
        "tables/t.sql",
        "-- Purpose: a test.\n-- Grain: none.\nCREATE EXTERNAL TABLE t (
             s STRING NOT NULL, i INT, b BIGINT, o BOOLEAN, d DOUBLE, y DATE, t TIMESTAMP, x BINARY,
             m DECIMAL(18, 2), l ARRAY<STRING>, r STRUCT<a INT, b STRING>
         ) STORED AS DELTA PARTITIONED BY (y, arrival_hour) LOCATION 'some/where'",
    )]);
    let table = configuration.table("t").unwrap();
    let types: Vec<String> = table
        .schema
        .fields()
        .iter()
        .map(|f| format!("{} {}", f.name(), f.data_type()))
        .collect();
    assert_eq!(
        types[..11],
        [
            "s Utf8",
            "i Int32",
            "b Int64",
            "o Boolean",
            "d Float64",
            "y Date32",
            "t Timestamp(µs, \"UTC\")",
            "x Binary",
            "m Decimal128(18, 2)",
            "l List(Utf8)",
            "r Struct(\"a\": Int32, \"b\": Utf8)",
        ]
    );
    assert_eq!(table.schema.fields().len(), 14);
    assert!(!table.schema.field(0).is_nullable());
    assert_eq!(table.partition_by, ["y", "arrival_hour"]);
    assert_eq!(table.location, "some/where");
    assert_eq!(
        table.comment.as_deref(),
        Some("Purpose: a test.\nGrain: none.")
    );
}

#[test]
fn a_folder_that_holds_no_configuration_is_a_wrong_one() {
    for files in [
        &[][..],
        &[("hosts", "127.0.0.1"), ("tables/notes.txt", "later")],
    ] {
        let told = faults(files).concat();
        assert!(
            told.contains("no `.sql` file is in any of sources/"),
            "{told}"
        );
        assert!(told.contains("sql.folder names the folder"), "{told}");
    }
}

#[test]
fn a_misspelt_variable_is_a_fault_and_one_that_nothing_needs_is_not() {
    let source = "CREATE EXTERNAL TABLE raw STORED AS KAFKA LOCATION '${raw_topic:-raw}'";
    let dir = folder(&[("sources/raw.sql", source)]);
    let told = |name: &str| {
        let variables = [(name.to_owned(), "other".to_owned())].into();
        let faults = check(dir.path(), &variables, &session()).err();
        texts(dir.path(), &faults.unwrap_or_default()).concat()
    };
    let misspelt = told("raw_topik");
    assert!(misspelt.ends_with("no file has variable raw_topik; did you mean raw_topic?"));
    assert_eq!(
        (told("raw_topic"), told("zone")),
        (String::new(), String::new())
    );
}

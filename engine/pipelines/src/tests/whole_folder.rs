//! What is wrong with a folder, its plans included, told at once.

use super::*;

#[test]
fn names_and_plans_are_looked_at_where_files_are_wrong_and_nothing_is_told_twice() {
    let told = faults(&[
        SOURCE,
        DIMENSION,
        TABLE,
        ("sources/broken.sql", "CREATE EXTERNAL"),
        (
            "tables/wrong.sql",
            "CREATE EXTERNAL TABLE wrong (a JSON) STORED AS DELTA LOCATION 'w'",
        ),
        (
            "pipelines/a.sql",
            "INSERT INTO wrong SELECT 1 AS a FROM raw",
        ),
        (
            "pipelines/b.sql",
            "INSERT INTO seen SELECT 1 AS n FROM broken",
        ),
        ("pipelines/c.sql", "INSERT INTO seen SELECT 1 AS n FROM rwa"),
        (
            "pipelines/d.sql",
            "INSERT INTO seen SELECT now() AS n FROM raw",
        ),
        ("metrics/e.sql", "CREATE VIEW e AS SELECT a FROM wrong"),
        ("metrics/f.sql", "CREATE VIEW f AS SELECT a FROM e"),
        ("metrics/g.sql", "CREATE VIEW g AS SELECT a FROM sean"),
        ("metrics/h.sql", "CREATE VIEW h AS SELECT a FROM g"),
        ("metrics/i.sql", "CREATE VIEW i AS SELECT nothing FROM seen"),
    ]);
    let files: Vec<&str> = told.iter().filter_map(|t| t.split(':').next()).collect();
    assert_eq!(
        files,
        [
            "sources/broken.sql",
            "tables/wrong.sql",
            "pipelines/c.sql",
            "metrics/g.sql",
            "pipelines/d.sql",
            "metrics/i.sql",
        ],
        "{told:?}"
    );
}

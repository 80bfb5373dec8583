//! The catalog as drivers read it: exact schemas, and who matches which pattern.

use arrow::array::AsArray;
use arrow::datatypes::{DataType, Schema};
use arrow_flight::IpcMessage;
use arrow_flight::sql::metadata::{GetDbSchemasBuilder, GetTablesBuilder};
use arrow_flight::sql::{
    CommandGetCrossReference, CommandGetDbSchemas, CommandGetExportedKeys, CommandGetImportedKeys,
    CommandGetPrimaryKeys, CommandGetTables, CommandGetXdbcTypeInfo,
};

use super::fixture::{Answer, Client, Server, query, read};

fn shape(schema: &Schema) -> Vec<String> {
    schema
        .fields()
        .iter()
        .map(|f| {
            let null = if f.is_nullable() { "" } else { "!" };
            format!("{} {}{null}", f.name(), f.data_type())
        })
        .collect()
}

async fn names(client: &mut Client, request: &CommandGetTables) -> Vec<String> {
    let info = client.get_tables(request.clone()).await.unwrap();
    let answer = read(client, info).await.unwrap();
    answer
        .batches
        .iter()
        .flat_map(|b| {
            let column = |i: usize| b.column(i).as_string::<i32>().clone();
            let (schema, table, kind) = (column(1), column(2), column(3));
            (0..b.num_rows())
                .map(|i| format!("{}.{} {}", schema.value(i), table.value(i), kind.value(i)))
                .collect::<Vec<_>>()
        })
        .collect()
}

fn like(pattern: &str) -> CommandGetTables {
    CommandGetTables {
        table_name_filter_pattern: Some(pattern.to_owned()),
        ..CommandGetTables::default()
    }
}

#[tokio::test]
async fn answers_have_the_shapes_of_the_protocol() {
    let server = Server::open().await;
    let mut client = server.client().await;
    let ask = async |client: &mut Client, info| -> Answer { read(client, info).await.unwrap() };

    let info = client.get_catalogs().await.unwrap();
    let catalogs = ask(&mut client, info).await;
    assert_eq!(shape(&catalogs.sent), ["catalog_name Utf8!"]);
    assert_eq!(catalogs.column(), ["headwater"]);

    let info = client
        .get_db_schemas(CommandGetDbSchemas::default())
        .await
        .unwrap();
    let schemas = ask(&mut client, info).await;
    let expected = GetDbSchemasBuilder::new(None::<String>, None::<String>).schema();
    assert_eq!(schemas.sent, expected);
    assert_eq!(schemas.rows(), 2);

    for include_schema in [false, true] {
        let request = CommandGetTables {
            include_schema,
            ..CommandGetTables::default()
        };
        let info = client.get_tables(request).await.unwrap();
        let found = ask(&mut client, info).await;
        let expected = GetTablesBuilder::new(
            None::<String>,
            None::<String>,
            None::<String>,
            Vec::<String>::new(),
            include_schema,
        )
        .schema();
        assert_eq!(found.sent, expected);
    }

    let info = client.get_table_types().await.unwrap();
    let types = ask(&mut client, info).await;
    assert_eq!(shape(&types.sent), ["table_type Utf8!"]);
    assert_eq!(types.column(), ["LOCAL TEMPORARY", "TABLE", "VIEW"]);

    let info = client
        .get_primary_keys(CommandGetPrimaryKeys::default())
        .await
        .unwrap();
    let keys = ask(&mut client, info).await;
    assert_eq!(
        shape(&keys.sent),
        [
            "catalog_name Utf8",
            "db_schema_name Utf8",
            "table_name Utf8!",
            "column_name Utf8!",
            "key_name Utf8",
            "key_sequence Int32!"
        ]
    );
    let foreign = [
        client
            .get_imported_keys(CommandGetImportedKeys::default())
            .await
            .unwrap(),
        client
            .get_exported_keys(CommandGetExportedKeys::default())
            .await
            .unwrap(),
        client
            .get_cross_reference(CommandGetCrossReference::default())
            .await
            .unwrap(),
    ];
    for info in foreign {
        let keys = ask(&mut client, info).await;
        assert_eq!(keys.rows(), 0);
        assert_eq!(
            shape(&keys.sent),
            [
                "pk_catalog_name Utf8",
                "pk_db_schema_name Utf8",
                "pk_table_name Utf8!",
                "pk_column_name Utf8!",
                "fk_catalog_name Utf8",
                "fk_db_schema_name Utf8",
                "fk_table_name Utf8!",
                "fk_column_name Utf8!",
                "key_sequence Int32!",
                "fk_key_name Utf8",
                "pk_key_name Utf8",
                "update_rule UInt8!",
                "delete_rule UInt8!"
            ]
        );
    }

    for (data_type, rows) in [(None, 19), (Some(93), 1), (Some(-5), 1), (Some(77), 0)] {
        let request = CommandGetXdbcTypeInfo { data_type };
        let info = client.get_xdbc_type_info(request).await.unwrap();
        let types = ask(&mut client, info).await;
        assert_eq!((types.rows(), types.sent.fields().len()), (rows, 19));
    }
}

#[tokio::test]
async fn tables_are_found_by_pattern_type_and_catalog() {
    let server = Server::open().await;
    let mut client = server.client().await;
    // A name with an underscore is a pattern too; the table of that very name comes first.
    assert_eq!(
        names(&mut client, &like("t_1")).await,
        ["public.t_1 TABLE", "realtime.t_1 TABLE", "public.tx1 TABLE"]
    );
    assert_eq!(
        names(&mut client, &like("t\\_1")).await,
        ["public.t_1 TABLE", "realtime.t_1 TABLE"]
    );
    assert_eq!(
        names(&mut client, &like("new%")).await,
        ["public.new_users VIEW"]
    );
    assert!(names(&mut client, &like("ENTRIES")).await.is_empty());
    for (types, expected) in [
        (vec!["VIEW"], vec!["public.new_users VIEW"]),
        (vec!["view", "nonsense"], vec!["public.new_users VIEW"]),
        (vec!["nonsense"], vec![]),
        (vec!["BASE TABLE", "table"], vec!["public.entries TABLE"]),
    ] {
        let found = names(
            &mut client,
            &CommandGetTables {
                table_types: types.iter().map(ToString::to_string).collect(),
                ..like("%e%s")
            },
        )
        .await;
        let found: Vec<&str> = found
            .iter()
            .map(String::as_str)
            .filter(|n| !n.contains("types") && !n.contains("endless"))
            .collect();
        assert_eq!(found, expected, "{types:?}");
    }
    for (catalog, schema, rows) in [
        (Some("headwater"), None, 2),
        (Some("%"), None, 2),
        (Some(""), None, 0),
        (Some("other"), None, 0),
        (None, Some("realtime"), 1),
        (None, Some("r%"), 1),
        (None, Some(""), 0),
    ] {
        let request = CommandGetTables {
            catalog: catalog.map(str::to_owned),
            db_schema_filter_pattern: schema.map(str::to_owned),
            ..like("t\\_1")
        };
        assert_eq!(
            names(&mut client, &request).await.len(),
            rows,
            "{catalog:?} {schema:?}"
        );
    }
}

#[tokio::test]
async fn a_tables_schema_is_that_of_its_rows() {
    let server = Server::open().await;
    for agent in ["tests", "grpc-java-netty/1.71.0"] {
        let channel = server.channel(agent).await;
        let mut client = Client::new(channel);
        let request = CommandGetTables {
            include_schema: true,
            ..like("types")
        };
        let info = client.get_tables(request).await.unwrap();
        let answer = read(&mut client, info).await.unwrap();
        let bytes = answer.batches[0]
            .column(4)
            .as_binary::<i32>()
            .value(0)
            .to_vec();
        let listed = Schema::try_from(IpcMessage(bytes.into())).unwrap();
        let rows = query(&mut client, "SELECT * FROM types").await;
        assert_eq!(shape(&listed), shape(&rows.sent));
        let decimal = listed.field_with_name("dec128").unwrap().metadata();
        let shown = |key: &str| decimal.get(&format!("ARROW:FLIGHT:SQL:{key}")).cloned();
        assert_eq!(shown("TYPE_NAME").as_deref(), Some("DECIMAL"));
        assert_eq!(shown("PRECISION").as_deref(), Some("38"));
        assert_eq!(shown("SCALE").as_deref(), Some("4"));
        assert_eq!(shown("TABLE_NAME").as_deref(), Some("types"));
        assert!(rows.sent.fields().iter().all(|f| f.metadata().is_empty()));
        assert!(
            !listed
                .fields()
                .iter()
                .any(|f| f.data_type() == &DataType::Utf8View)
        );
    }
}

/// A view's plan is kept as it was written, and its types are those after coercion.
#[tokio::test]
async fn a_views_schema_is_that_of_its_rows() {
    let server = Server::open().await;
    let mut client = server.client().await;
    for view in ["coerced", "new_users"] {
        let request = CommandGetTables {
            include_schema: true,
            ..like(view)
        };
        let info = client.get_tables(request).await.unwrap();
        let answer = read(&mut client, info).await.unwrap();
        let bytes = answer.batches[0].column(4).as_binary::<i32>().value(0);
        let listed = Schema::try_from(IpcMessage(bytes.to_vec().into())).unwrap();
        let rows = query(&mut client, &format!("SELECT * FROM {view}")).await;
        assert_eq!(shape(&listed), shape(&rows.sent));
    }
}

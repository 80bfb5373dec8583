//! GetSqlInfo: every code of the protocol, each with the type of value that drivers cast it to.
//!
//! JDBC fails on a code that is missing, and on one that it doesn't know; so all codes of Flight
//! SQL's definition are here, and no others.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::RecordBatch;
use arrow::compute::can_cast_types;
use arrow::datatypes::{DataType, IntervalUnit, TimeUnit};
use arrow_flight::sql::metadata::SqlInfoDataBuilder;
use arrow_flight::sql::{CommandGetSqlInfo, SqlInfo as I, SqlSupportsConvert as Convert};
use datafusion::execution::session_state::SessionState;
use datafusion::prelude::SessionContext;
use datafusion::sql::sqlparser::keywords::ALL_KEYWORDS;
use tonic::Status;

use crate::{ServerConfig, status};

/// The version of arrow-flight that this server speaks.
const ARROW_VERSION: &str = "59.3.2";

/// Answers for the codes asked for; for all, if none is.
pub(crate) fn answer(
    config: &ServerConfig,
    ctx: &SessionContext,
    codes: &[u32],
) -> Result<RecordBatch, Status> {
    let mut info = SqlInfoDataBuilder::new();
    server(&mut info, config);
    names(&mut info);
    functions(&mut info, &ctx.state());
    grammar(&mut info);
    limits(&mut info);
    transactions_and_results(&mut info);
    let command = CommandGetSqlInfo {
        info: codes.to_vec(),
    };
    info.build()
        .and_then(|data| command.into_builder(&data).build())
        .map_err(|e| status::internal("listing SQL info", e))
}

fn server(info: &mut SqlInfoDataBuilder, config: &ServerConfig) {
    info.append(I::FlightSqlServerName, config.product.as_str());
    info.append(I::FlightSqlServerVersion, config.version.as_str());
    info.append(I::FlightSqlServerArrowVersion, ARROW_VERSION);
    info.append(I::FlightSqlServerReadOnly, true);
    info.append(I::FlightSqlServerSql, true);
    info.append(I::FlightSqlServerSubstrait, false);
    info.append(I::FlightSqlServerSubstraitMinVersion, "");
    info.append(I::FlightSqlServerSubstraitMaxVersion, "");
    info.append(I::FlightSqlServerTransaction, 0i32);
    info.append(I::FlightSqlServerCancel, true);
    info.append(I::FlightSqlServerBulkIngestion, false);
    info.append(I::FlightSqlServerIngestTransactionsSupported, false);
    let prepared_ttl_ms = i32::try_from(config.prepared_ttl.as_millis()).unwrap_or(i32::MAX);
    info.append(I::FlightSqlServerStatementTimeout, prepared_ttl_ms);
    info.append(I::FlightSqlServerTransactionTimeout, 0i32);
    info.append(I::SqlDdlCatalog, false);
    info.append(I::SqlDdlSchema, false);
    info.append(I::SqlDdlTable, false);
}

fn names(info: &mut SqlInfoDataBuilder) {
    const LOWERCASE: i64 = 3;
    const AS_WRITTEN: i64 = 0;
    const NULLS_HIGH: i64 = 0;
    info.append(I::SqlIdentifierCase, LOWERCASE);
    info.append(I::SqlIdentifierQuoteChar, "\"");
    info.append(I::SqlQuotedIdentifierCase, AS_WRITTEN);
    info.append(I::SqlAllTablesAreSelectable, true);
    info.append(I::SqlNullOrdering, NULLS_HIGH);
    info.append(I::SqlKeywords, keywords());
    info.append(I::SqlSearchStringEscape, "\\");
    info.append(I::SqlExtraNameCharacters, "");
    info.append(I::SqlSchemaTerm, "schema");
    info.append(I::SqlProcedureTerm, "procedure");
    info.append(I::SqlCatalogTerm, "catalog");
    info.append(I::SqlCatalogAtStart, true);
}

fn functions(info: &mut SqlInfoDataBuilder, state: &SessionState) {
    let mut numeric = BTreeSet::new();
    let mut string = BTreeSet::new();
    let mut datetime = BTreeSet::new();
    let mut system = BTreeSet::new();
    for (name, function) in state.scalar_functions() {
        let section = function.documentation().map_or("", |d| d.doc_section.label);
        let group = match section {
            "Math Functions" => &mut numeric,
            "String Functions" | "Regular Expression Functions" | "Binary String Functions" => {
                &mut string
            }
            "Time and Date Functions" => &mut datetime,
            _ => &mut system,
        };
        group.insert(name.to_uppercase());
    }
    let list = |names: BTreeSet<String>| names.into_iter().collect::<Vec<_>>();
    info.append(I::SqlNumericFunctions, list(numeric));
    info.append(I::SqlStringFunctions, list(string));
    info.append(I::SqlSystemFunctions, list(system));
    info.append(I::SqlDatetimeFunctions, list(datetime));
}

fn grammar(info: &mut SqlInfoDataBuilder) {
    info.append(I::SqlSupportsColumnAliasing, true);
    info.append(I::SqlNullPlusNullIsNull, true);
    info.append(I::SqlSupportsConvert, conversions());
    info.append(I::SqlSupportsTableCorrelationNames, true);
    info.append(I::SqlSupportsDifferentTableCorrelationNames, false);
    info.append(I::SqlSupportsExpressionsInOrderBy, true);
    info.append(I::SqlSupportsOrderByUnrelated, true);
    info.append(I::SqlSupportedGroupBy, 0b11);
    info.append(I::SqlSupportsLikeEscapeClause, true);
    info.append(I::SqlSupportsNonNullableColumns, true);
    info.append(I::SqlSupportedGrammar, 0b111);
    info.append(I::SqlAnsi92SupportedLevel, 0b1);
    info.append(I::SqlSupportsIntegrityEnhancementFacility, false);
    info.append(I::SqlOuterJoinsSupportLevel, 0b110);
    info.append(I::SqlSchemasSupportedActions, 0i32);
    info.append(I::SqlCatalogsSupportedActions, 0i32);
    info.append(I::SqlSupportedPositionedCommands, 0i32);
    info.append(I::SqlSelectForUpdateSupported, false);
    info.append(I::SqlStoredProceduresSupported, false);
    info.append(I::SqlSupportedSubqueries, 0b1111);
    info.append(I::SqlCorrelatedSubqueriesSupported, true);
    info.append(I::SqlSupportedUnions, 0b11);
}

/// Zero says that there is no limit, or none known. Drivers narrow these values.
fn limits(info: &mut SqlInfoDataBuilder) {
    for limit in [
        I::SqlMaxBinaryLiteralLength,
        I::SqlMaxCharLiteralLength,
        I::SqlMaxColumnNameLength,
        I::SqlMaxColumnsInGroupBy,
        I::SqlMaxColumnsInIndex,
        I::SqlMaxColumnsInOrderBy,
        I::SqlMaxColumnsInSelect,
        I::SqlMaxColumnsInTable,
        I::SqlMaxConnections,
        I::SqlMaxCursorNameLength,
        I::SqlMaxIndexLength,
        I::SqlDbSchemaNameLength,
        I::SqlMaxProcedureNameLength,
        I::SqlMaxCatalogNameLength,
        I::SqlMaxRowSize,
        I::SqlMaxStatementLength,
        I::SqlMaxStatements,
        I::SqlMaxTableNameLength,
        I::SqlMaxTablesInSelect,
        I::SqlMaxUsernameLength,
    ] {
        info.append(limit, 0i64);
    }
    info.append(I::SqlMaxRowSizeIncludesBlobs, true);
}

fn transactions_and_results(info: &mut SqlInfoDataBuilder) {
    const NO_TRANSACTIONS: i64 = 0;
    const ONLY_THAT: i32 = 1 << 0;
    const FORWARD_ONLY: i32 = 1 << 1;
    const READ_ONLY: i32 = 1 << 1;
    info.append(I::SqlDefaultTransactionIsolation, NO_TRANSACTIONS);
    info.append(I::SqlTransactionsSupported, false);
    info.append(I::SqlSupportedTransactionsIsolationLevels, ONLY_THAT);
    info.append(I::SqlDataDefinitionCausesTransactionCommit, false);
    info.append(I::SqlDataDefinitionsInTransactionsIgnored, false);
    info.append(I::SqlSupportedResultSetTypes, FORWARD_ONLY);
    for concurrency in [
        I::SqlSupportedConcurrenciesForResultSetUnspecified,
        I::SqlSupportedConcurrenciesForResultSetForwardOnly,
        I::SqlSupportedConcurrenciesForResultSetScrollSensitive,
        I::SqlSupportedConcurrenciesForResultSetScrollInsensitive,
    ] {
        info.append(concurrency, READ_ONLY);
    }
    info.append(I::SqlBatchUpdatesSupported, true);
    info.append(I::SqlSavepointsSupported, false);
    info.append(I::SqlNamedParametersSupported, false);
    info.append(I::SqlLocatorsUpdateCopy, false);
    info.append(I::SqlStoredFunctionsUsingCallSyntaxSupported, false);
}

/// The parser's keywords that SQL-92 doesn't have.
fn keywords() -> Vec<String> {
    let known: BTreeSet<&str> = include_str!("sql92_keywords.txt")
        .split_whitespace()
        .collect();
    ALL_KEYWORDS
        .iter()
        .filter(|word| !known.contains(*word))
        .map(|word| (*word).to_owned())
        .collect()
}

/// From each of SQL's types, those that `CAST` can make of it.
fn conversions() -> BTreeMap<i32, Vec<i32>> {
    use DataType as T;
    let types = [
        (Convert::SqlConvertBigint, T::Int64),
        (Convert::SqlConvertBinary, T::Binary),
        (Convert::SqlConvertBit, T::Boolean),
        (Convert::SqlConvertChar, T::Utf8),
        (Convert::SqlConvertDate, T::Date32),
        (Convert::SqlConvertDecimal, T::Decimal128(38, 9)),
        (Convert::SqlConvertFloat, T::Float64),
        (Convert::SqlConvertInteger, T::Int32),
        (
            Convert::SqlConvertIntervalDayTime,
            T::Interval(IntervalUnit::DayTime),
        ),
        (
            Convert::SqlConvertIntervalYearMonth,
            T::Interval(IntervalUnit::YearMonth),
        ),
        (Convert::SqlConvertLongvarbinary, T::Binary),
        (Convert::SqlConvertLongvarchar, T::Utf8),
        (Convert::SqlConvertNumeric, T::Decimal128(38, 9)),
        (Convert::SqlConvertReal, T::Float32),
        (Convert::SqlConvertSmallint, T::Int16),
        (Convert::SqlConvertTime, T::Time64(TimeUnit::Microsecond)),
        (
            Convert::SqlConvertTimestamp,
            T::Timestamp(TimeUnit::Microsecond, None),
        ),
        (Convert::SqlConvertTinyint, T::Int8),
        (Convert::SqlConvertVarbinary, T::Binary),
        (Convert::SqlConvertVarchar, T::Utf8),
    ];
    types
        .iter()
        .map(|(code, from)| {
            let to = types
                .iter()
                .filter(|(_, to)| can_cast_types(from, to))
                .map(|(code, _)| i32::from(*code))
                .collect();
            (i32::from(*code), to)
        })
        .collect()
}

//! The tables' Arrow schemas. Every column name is a constant here; `docs/columns.md` maps each to its
//! OpenTelemetry name.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};

macro_rules! columns {
    ($($(#[$doc:meta])* $name:ident = $text:literal),* $(,)?) => {
        $($(#[$doc])* pub const $name: &str = $text;)*
    };
}

columns! {
    /// Event time, microseconds since the epoch, UTC.
    TS = "ts",
    /// Arrival time, microseconds since the epoch, UTC.
    OBSERVED_TS = "observed_ts",
    /// `date(ts)`, the partition of the Delta table.
    DAY = "day",
    /// Journal batch that brought the row; with `row_idx` the row's identity.
    BATCH_ID = "batch_id",
    /// Position of the row in its batch.
    ROW_IDX = "row_idx",
    SOURCE = "source",
    SOURCE_PATH = "source_path",
    SOURCE_OFFSET = "source_offset",
    HOST = "host",
    SERVICE = "service",
    FORMAT = "format",
    FLAGS = "flags",
    LEVEL = "level",
    IS_ERROR = "is_error",
    ERROR_CLASS = "error_class",
    MESSAGE = "message",
    RAW = "raw",
    PARSE_ERROR = "parse_error",
    METHOD = "method",
    PATH = "path",
    QUERY_STRING = "query_string",
    STATUS = "status",
    BYTES = "bytes",
    DURATION_US = "duration_us",
    REFERER = "referer",
    USER_AGENT = "user_agent",
    BROWSER = "browser",
    OS = "os",
    IS_BOT = "is_bot",
    SERVER_NAME = "server_name",
    HTTP_VERSION = "http_version",
    TLS = "tls",
    CLIENT_IP = "client_ip",
    CLIENT_PORT = "client_port",
    SERVER_IP = "server_ip",
    SERVER_PORT = "server_port",
    TRANSPORT = "transport",
    ACTION = "action",
    RULE_NAME = "rule_name",
    INTERFACE_IN = "interface_in",
    INTERFACE_OUT = "interface_out",
    USER_NAME = "user_name",
    COUNTRY = "country",
    REGION = "region",
    CITY = "city",
    LAT = "lat",
    LON = "lon",
    ASN = "asn",
    AS_ORG = "as_org",
    ATTRS = "attrs",
    /// Length of a rollup's bucket, seconds.
    GRAIN_S = "grain_s",
    /// How finely a rollup tells places apart: 0 by country, 1 by region, 2 by city.
    LEVEL_OF_PLACE = "level_of_place",
    /// How many requests a rollup's row stands for.
    N = "n",
}

/// The value of `format` for a line that fits no format.
pub const UNPARSED: &str = "unparsed";

fn text(name: &str) -> Field {
    Field::new(name, DataType::Utf8View, true)
}

/// `ts` without a zone: UTC by definition, and twice to five times cheaper in `date_trunc`.
fn time(name: &str) -> Field {
    Field::new(name, DataType::Timestamp(TimeUnit::Microsecond, None), true)
}

/// Type of `flags`.
pub fn flags_type() -> DataType {
    DataType::List(Arc::new(Field::new("element", DataType::Utf8, true)))
}

/// Type of `attrs`: a map of texts, named as Delta and Parquet name the parts of a map.
pub fn attrs_type() -> DataType {
    let entries = Fields::from(vec![
        Field::new("key", DataType::Utf8, false),
        Field::new("value", DataType::Utf8, true),
    ]);
    let entries = Field::new("key_value", DataType::Struct(entries), false);
    DataType::Map(Arc::new(entries), false)
}

/// Columns of `logs` as SQL sees them, except the partition column `day`, which stands last there.
pub fn logs() -> SchemaRef {
    let of = |name: &str, data_type: DataType| Field::new(name, data_type, true);
    Arc::new(Schema::new(vec![
        time(TS),
        time(OBSERVED_TS),
        of(BATCH_ID, DataType::Int64),
        of(ROW_IDX, DataType::Int32),
        text(SOURCE),
        text(SOURCE_PATH),
        of(SOURCE_OFFSET, DataType::Int64),
        text(HOST),
        text(SERVICE),
        text(FORMAT),
        of(FLAGS, flags_type()),
        text(LEVEL),
        of(IS_ERROR, DataType::Boolean),
        text(ERROR_CLASS),
        text(MESSAGE),
        text(RAW),
        text(PARSE_ERROR),
        text(METHOD),
        text(PATH),
        text(QUERY_STRING),
        of(STATUS, DataType::Int16),
        of(BYTES, DataType::Int64),
        of(DURATION_US, DataType::Int64),
        text(REFERER),
        text(USER_AGENT),
        text(BROWSER),
        text(OS),
        of(IS_BOT, DataType::Boolean),
        text(SERVER_NAME),
        text(HTTP_VERSION),
        text(TLS),
        text(CLIENT_IP),
        of(CLIENT_PORT, DataType::Int32),
        text(SERVER_IP),
        of(SERVER_PORT, DataType::Int32),
        text(TRANSPORT),
        text(ACTION),
        text(RULE_NAME),
        text(INTERFACE_IN),
        text(INTERFACE_OUT),
        text(USER_NAME),
        text(COUNTRY),
        text(REGION),
        text(CITY),
        of(LAT, DataType::Float32),
        of(LON, DataType::Float32),
        of(ASN, DataType::Int64),
        text(AS_ORG),
        of(ATTRS, attrs_type()),
    ]))
}

/// Columns of `host_metrics`, except `day`.
pub fn host_metrics() -> SchemaRef {
    let float = |name: &str| Field::new(name, DataType::Float64, true);
    let int = |name: &str| Field::new(name, DataType::Int64, true);
    Arc::new(Schema::new(vec![
        time(TS),
        time(OBSERVED_TS),
        int(BATCH_ID),
        Field::new(ROW_IDX, DataType::Int32, true),
        text(HOST),
        float("cpu_pct"),
        float("load1"),
        float("mem_used_pct"),
        float("swap_used_pct"),
        float("disk_used_pct"),
        int("net_rx_bytes"),
        int("net_tx_bytes"),
    ]))
}

/// Columns of `rollups`, except `day`: requests counted by bucket of time, place and class of status.
///
/// `ts` is the bucket's start, `status` the class (`500` for 500 to 599), `lat` and `lon` the largest of the
/// rows. The same rows are counted once for every grain and level.
pub fn rollups() -> SchemaRef {
    let of = |name: &str, data_type: DataType| Field::new(name, data_type, true);
    Arc::new(Schema::new(vec![
        time(TS),
        of(GRAIN_S, DataType::Int32),
        of(LEVEL_OF_PLACE, DataType::Int8),
        text(COUNTRY),
        text(REGION),
        text(CITY),
        of(STATUS, DataType::Int16),
        of(LAT, DataType::Float32),
        of(LON, DataType::Float32),
        of(N, DataType::Int64),
    ]))
}

/// The partition column.
pub fn day() -> Field {
    Field::new(DAY, DataType::Date32, true)
}

/// A table of the store: its name, folder and columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    Logs,
    HostMetrics,
    /// Made from `logs`, file by file.
    Rollups,
}

impl Table {
    /// All tables, in the order in which a flush writes them.
    pub const ALL: [Table; 3] = [Table::Logs, Table::HostMetrics, Table::Rollups];

    /// The name in SQL and the folder under the data folder.
    pub fn name(self) -> &'static str {
        match self {
            Table::Logs => "logs",
            Table::HostMetrics => "host_metrics",
            Table::Rollups => "rollups",
        }
    }

    /// Columns kept inside the Parquet files (all but `day`), zone-less.
    pub fn file_schema(self) -> SchemaRef {
        match self {
            Table::Logs => logs(),
            Table::HostMetrics => host_metrics(),
            Table::Rollups => rollups(),
        }
    }

    /// Columns as SQL sees them: those of the files and `day` last.
    pub fn sql_schema(self) -> SchemaRef {
        let mut fields: Vec<_> = self.file_schema().fields().iter().cloned().collect();
        fields.push(Arc::new(day()));
        Arc::new(Schema::new(fields))
    }

    /// Columns as Delta stores them: timestamps carry the zone UTC.
    pub fn delta_schema(self) -> SchemaRef {
        zoned(&self.sql_schema())
    }
}

/// The schema with UTC put on its timestamps, as Delta's `timestamp` type asks.
pub fn zoned(schema: &Schema) -> SchemaRef {
    let fields = schema.fields().iter().map(|field| match field.data_type() {
        DataType::Timestamp(unit, None) => {
            let zoned = DataType::Timestamp(*unit, Some("UTC".into()));
            Arc::new(field.as_ref().clone().with_data_type(zoned))
        }
        _ => Arc::clone(field),
    });
    Arc::new(Schema::new(fields.collect::<Fields>()))
}

//! Records to Arrow: every field goes straight into its column builder, no value tree in between.

use std::net::IpAddr;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Float32Builder, Int16Builder, Int32Builder, Int64Builder,
    ListBuilder, MapBuilder, MapFieldNames, RecordBatch, StringBuilder, StringViewBuilder,
    TimestampMicrosecondBuilder, new_null_array,
};
use arrow::datatypes::{DataType, Field, SchemaRef};
use chrono_tz::Tz;

use crate::enrich::Enricher;
use crate::enrich::geoip::{GeoIp, Networks, Places};
use crate::enrich::user_agent::Agents;
use crate::record::{ErrorClass, EventTime, Flags, Level, Record};
use crate::source::Chunk;
use crate::{format, schema, time};

const US_PER_DAY: i64 = 86_400_000_000;
/// 1990-01-01: an earlier event time is a clock that was never set (design, "Store").
const TS_MIN_US: i64 = 631_152_000_000_000;

/// What a source says of all lines of a chunk.
#[derive(Clone, Debug)]
pub struct Origin {
    /// Name of the source, the `source` column.
    pub source: Arc<str>,
    /// File path or peer address.
    pub path: Option<Arc<str>>,
    /// Host to take when the line names none.
    pub host: Option<Arc<str>>,
    /// Zone of times without one.
    pub zone: Tz,
    /// A year-less time is put no later than this (file time or arrival, plus a day).
    pub not_after_us: i64,
    /// Format to use for every line, instead of detection.
    pub format: Option<&'static dyn format::Format>,
    /// Keep the text of every line, not only of unparsed ones.
    pub keep_raw: bool,
}

/// How many lines became what; part of a source's account.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    serde::Deserialize,
    serde::Serialize,
    utoipa::ToSchema,
)]
pub struct Tally {
    /// Frames that the source cut, blank ones included.
    pub received: u64,
    /// Rows stored, unparsed ones included.
    pub stored: u64,
    /// Of the stored rows, those that fit no format.
    pub unparsed: u64,
    /// Empty lines, which make no row.
    pub blank: u64,
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.received += other.received;
        self.stored += other.stored;
        self.unparsed += other.unparsed;
        self.blank += other.blank;
    }
}

/// The answers that a worker's rows take their place, network and browser from.
pub struct Enrichment {
    places: Places,
    networks: Networks,
    agents: Agents,
}

impl Enrichment {
    /// Makes empty tables over the files in use.
    pub fn new(geo: &Arc<GeoIp>) -> Self {
        Self {
            places: Places::new(geo),
            networks: Networks::new(geo),
            agents: Agents::new(),
        }
    }
}

/// A text column that costs nothing for rows without a value.
#[derive(Default)]
struct Texts {
    builder: Option<StringViewBuilder>,
    len: usize,
}

impl Texts {
    fn set(&mut self, row: usize, value: &str) {
        let builder = self
            .builder
            .get_or_insert_with(|| StringViewBuilder::new().with_deduplicate_strings());
        pad(self.len, row, || builder.append_null());
        builder.append_value(value);
        self.len = row + 1;
    }

    fn finish(&mut self, rows: usize) -> ArrayRef {
        let Some(mut builder) = self.builder.take() else {
            return new_null_array(&DataType::Utf8View, rows);
        };
        pad(self.len, rows, || builder.append_null());
        self.len = 0;
        Arc::new(builder.finish())
    }
}

fn pad(from: usize, to: usize, mut append_null: impl FnMut()) {
    for _ in from..to {
        append_null();
    }
}

macro_rules! numbers {
    ($name:ident, $builder:ty, $native:ty) => {
        #[derive(Default)]
        struct $name {
            builder: $builder,
            len: usize,
        }

        impl $name {
            fn set(&mut self, row: usize, value: $native) {
                self.builder.append_nulls(row - self.len);
                self.builder.append_value(value);
                self.len = row + 1;
            }

            fn finish(&mut self, rows: usize) -> ArrayRef {
                self.builder.append_nulls(rows - self.len);
                self.len = 0;
                Arc::new(self.builder.finish())
            }
        }
    };
}

numbers!(Shorts, Int16Builder, i16);
numbers!(Ints, Int32Builder, i32);
numbers!(Longs, Int64Builder, i64);
numbers!(Floats, Float32Builder, f32);
numbers!(Bools, BooleanBuilder, bool);
numbers!(Times, TimestampMicrosecondBuilder, i64);

/// Builds batches of the `logs` table.
pub struct BatchBuilder {
    schema: SchemaRef,
    rows: usize,
    bytes: usize,
    enrichment: Enrichment,
    ts: Times,
    observed_ts: Times,
    source: Texts,
    source_path: Texts,
    source_offset: Longs,
    host: Texts,
    service: Texts,
    format: Texts,
    flags: ListBuilder<StringBuilder>,
    level: Texts,
    is_error: Bools,
    error_class: Texts,
    message: Texts,
    raw: Texts,
    parse_error: Texts,
    method: Texts,
    path: Texts,
    query_string: Texts,
    status: Shorts,
    n_bytes: Longs,
    duration_us: Longs,
    referer: Texts,
    user_agent: Texts,
    browser: Texts,
    os: Texts,
    is_bot: Bools,
    server_name: Texts,
    http_version: Texts,
    tls: Texts,
    client_ip: Texts,
    client_port: Ints,
    server_ip: Texts,
    server_port: Ints,
    transport: Texts,
    action: Texts,
    rule_name: Texts,
    interface_in: Texts,
    interface_out: Texts,
    user_name: Texts,
    country: Texts,
    region: Texts,
    city: Texts,
    lat: Floats,
    lon: Floats,
    asn: Longs,
    as_org: Texts,
    attrs: MapBuilder<StringBuilder, StringBuilder>,
    ip_text: String,
}

impl BatchBuilder {
    /// Makes an empty builder that enriches with `enrichment`.
    pub fn new(enrichment: Enrichment) -> Self {
        let names = MapFieldNames {
            entry: "key_value".into(),
            key: "key".into(),
            value: "value".into(),
        };
        Self {
            schema: schema::logs(),
            rows: 0,
            bytes: 0,
            enrichment,
            ts: Times::default(),
            observed_ts: Times::default(),
            source: Texts::default(),
            source_path: Texts::default(),
            source_offset: Longs::default(),
            host: Texts::default(),
            service: Texts::default(),
            format: Texts::default(),
            flags: flags_builder(),
            level: Texts::default(),
            is_error: Bools::default(),
            error_class: Texts::default(),
            message: Texts::default(),
            raw: Texts::default(),
            parse_error: Texts::default(),
            method: Texts::default(),
            path: Texts::default(),
            query_string: Texts::default(),
            status: Shorts::default(),
            n_bytes: Longs::default(),
            duration_us: Longs::default(),
            referer: Texts::default(),
            user_agent: Texts::default(),
            browser: Texts::default(),
            os: Texts::default(),
            is_bot: Bools::default(),
            server_name: Texts::default(),
            http_version: Texts::default(),
            tls: Texts::default(),
            client_ip: Texts::default(),
            client_port: Ints::default(),
            server_ip: Texts::default(),
            server_port: Ints::default(),
            transport: Texts::default(),
            action: Texts::default(),
            rule_name: Texts::default(),
            interface_in: Texts::default(),
            interface_out: Texts::default(),
            user_name: Texts::default(),
            country: Texts::default(),
            region: Texts::default(),
            city: Texts::default(),
            lat: Floats::default(),
            lon: Floats::default(),
            asn: Longs::default(),
            as_org: Texts::default(),
            attrs: MapBuilder::new(Some(names), StringBuilder::new(), StringBuilder::new()),
            ip_text: String::new(),
        }
    }

    /// Rows in the batch being built.
    pub fn n_rows(&self) -> usize {
        self.rows
    }

    /// Bytes of log text that went into it.
    pub fn n_bytes(&self) -> usize {
        self.bytes
    }

    /// Parses every frame of the chunk and appends one row for each that is not blank.
    pub fn push_chunk(&mut self, chunk: &Chunk, origin: &Origin) -> Tally {
        let mut tally = Tally::default();
        let mut escaped = String::new();
        for span in &chunk.spans {
            tally.received += 1;
            let bytes = &chunk.bytes[span.start as usize..span.end as usize];
            if bytes.is_empty() {
                tally.blank += 1;
                continue;
            }
            let (line, mut flags) = as_text(bytes, &mut escaped);
            if span.truncated {
                flags |= Flags::TRUNCATED;
            }
            let mut record = Record::default();
            let offset = chunk.offset.map(|start| start + i64::from(span.start));
            let parsed = match origin.format {
                Some(format) => format.parse(line, &mut record).map(|()| format),
                None => format::parse_line(line, &mut record),
            };
            match parsed {
                Ok(_) => self.push_record(&record, flags, line, offset, origin, chunk.observed_us),
                Err(error) => {
                    tally.unparsed += 1;
                    self.push_unparsed(&error, flags, line, offset, origin, chunk.observed_us);
                }
            }
            tally.stored += 1;
        }
        tally
    }

    fn push_unparsed(
        &mut self,
        error: &format::ParseError,
        flags: Flags,
        line: &str,
        offset: Option<i64>,
        origin: &Origin,
        observed_us: i64,
    ) {
        let record = Record {
            format: schema::UNPARSED,
            ..Record::default()
        };
        let row = self.rows;
        self.parse_error.set(row, &error.to_string());
        if !origin.keep_raw {
            self.raw.set(row, line);
        }
        self.push_record(&record, flags, line, offset, origin, observed_us);
    }

    fn push_record(
        &mut self,
        record: &Record<'_>,
        flags: Flags,
        line: &str,
        offset: Option<i64>,
        origin: &Origin,
        observed_us: i64,
    ) {
        let row = self.rows;
        let (ts, time_flags) = place_in_time(record.time, origin, observed_us);
        let flags = flags | record.flags | time_flags;
        self.ts.set(row, ts);
        self.observed_ts.set(row, observed_us);
        self.source.set(row, &origin.source);
        if let Some(path) = &origin.path {
            self.source_path.set(row, path);
        }
        if let Some(offset) = offset {
            self.source_offset.set(row, offset);
        }
        self.format.set(row, record.format);
        for name in flags.names() {
            self.flags.values().append_value(name);
        }
        self.flags.append(!flags.is_empty());
        if origin.keep_raw {
            self.raw.set(row, line);
        }
        match (&record.host, &origin.host) {
            (Some(host), _) => self.host.set(row, host),
            (None, Some(host)) => self.host.set(row, host),
            (None, None) => {}
        }
        self.push_meaning(row, record);
        self.push_texts(row, record);
        self.push_client(row, record);
        if let Some(agent) = &record.user_agent {
            let id = self.enrichment.agents.find(Some(agent));
            let agent = self.enrichment.agents.answer(id);
            if let Some(browser) = &agent.browser {
                self.browser.set(row, browser);
            }
            if let Some(os) = &agent.os {
                self.os.set(row, os);
            }
            if let Some(is_bot) = agent.is_bot {
                self.is_bot.set(row, is_bot);
            }
        }
        for (key, value) in &record.attrs {
            self.attrs.keys().append_value(key);
            self.attrs.values().append_value(value);
        }
        self.attrs
            .append(!record.attrs.is_empty())
            .expect("keys and values are appended in pairs");
        self.rows += 1;
        self.bytes += line.len();
    }

    fn push_meaning(&mut self, row: usize, record: &Record<'_>) {
        let class = error_class(record);
        if let Some(level) = record.level {
            self.level.set(row, level.as_str());
        }
        if let Some(class) = class {
            self.error_class.set(row, class.as_str());
        }
        let is_error = matches!(class, Some(ErrorClass::Server | ErrorClass::App));
        self.is_error.set(row, is_error);
    }

    fn push_texts(&mut self, row: usize, record: &Record<'_>) {
        let texts = [
            (&record.service, &mut self.service),
            (&record.message, &mut self.message),
            (&record.method, &mut self.method),
            (&record.path, &mut self.path),
            (&record.query_string, &mut self.query_string),
            (&record.referer, &mut self.referer),
            (&record.user_agent, &mut self.user_agent),
            (&record.server_name, &mut self.server_name),
            (&record.http_version, &mut self.http_version),
            (&record.tls, &mut self.tls),
            (&record.transport, &mut self.transport),
            (&record.action, &mut self.action),
            (&record.rule_name, &mut self.rule_name),
            (&record.interface_in, &mut self.interface_in),
            (&record.interface_out, &mut self.interface_out),
            (&record.user_name, &mut self.user_name),
        ];
        for (value, column) in texts {
            if let Some(value) = value {
                column.set(row, value);
            }
        }
        if let Some(status) = record.status {
            self.status.set(row, status);
        }
        for (value, column) in [
            (record.bytes, &mut self.n_bytes),
            (record.duration_us, &mut self.duration_us),
        ] {
            if let Some(value) = value {
                column.set(row, value);
            }
        }
        for (value, column) in [
            (record.client_port, &mut self.client_port),
            (record.server_port, &mut self.server_port),
        ] {
            if let Some(value) = value {
                column.set(row, i32::from(value));
            }
        }
    }

    fn push_client(&mut self, row: usize, record: &Record<'_>) {
        if let Some(ip) = record.server_ip {
            set_ip(&mut self.server_ip, row, ip, &mut self.ip_text);
        }
        let Some(ip) = record.client_ip else { return };
        set_ip(&mut self.client_ip, row, ip, &mut self.ip_text);
        let id = self.enrichment.places.find(ip);
        let place = self.enrichment.places.answer(id);
        if let Some(country) = &place.country {
            self.country.set(row, country);
        }
        if let Some(region) = &place.region {
            self.region.set(row, region);
        }
        if let Some(city) = &place.city {
            self.city.set(row, city);
        }
        if let (Some(lat), Some(lon)) = (place.lat, place.lon) {
            self.lat.set(row, lat);
            self.lon.set(row, lon);
        }
        let id = self.enrichment.networks.find(ip);
        let network = self.enrichment.networks.answer(id);
        if let Some(asn) = network.asn {
            self.asn.set(row, i64::from(asn));
        }
        if let Some(org) = &network.org {
            self.as_org.set(row, org);
        }
    }

    /// Takes up newer geo data; call between batches.
    pub fn refresh(&mut self) {
        self.enrichment.places.refresh();
        self.enrichment.networks.refresh();
        self.enrichment.agents.refresh();
    }

    /// Returns the rows so far as a batch of [`schema::logs`] and starts anew. `batch_id` is the store's to
    /// give.
    pub fn finish(&mut self) -> RecordBatch {
        let rows = self.rows;
        self.rows = 0;
        self.bytes = 0;
        let columns = self
            .schema
            .fields()
            .iter()
            .map(|field| match field.name().as_str() {
                schema::TS => self.ts.finish(rows),
                schema::OBSERVED_TS => self.observed_ts.finish(rows),
                schema::ROW_IDX => Arc::new(arrow::array::Int32Array::from_iter_values(
                    0..i32::try_from(rows).expect("a batch holds fewer rows than i32 counts"),
                )),
                schema::SOURCE => self.source.finish(rows),
                schema::SOURCE_PATH => self.source_path.finish(rows),
                schema::SOURCE_OFFSET => self.source_offset.finish(rows),
                schema::HOST => self.host.finish(rows),
                schema::SERVICE => self.service.finish(rows),
                schema::FORMAT => self.format.finish(rows),
                schema::FLAGS => Arc::new(self.flags.finish()),
                schema::LEVEL => self.level.finish(rows),
                schema::IS_ERROR => self.is_error.finish(rows),
                schema::ERROR_CLASS => self.error_class.finish(rows),
                schema::MESSAGE => self.message.finish(rows),
                schema::RAW => self.raw.finish(rows),
                schema::PARSE_ERROR => self.parse_error.finish(rows),
                schema::METHOD => self.method.finish(rows),
                schema::PATH => self.path.finish(rows),
                schema::QUERY_STRING => self.query_string.finish(rows),
                schema::STATUS => self.status.finish(rows),
                schema::BYTES => self.n_bytes.finish(rows),
                schema::DURATION_US => self.duration_us.finish(rows),
                schema::REFERER => self.referer.finish(rows),
                schema::USER_AGENT => self.user_agent.finish(rows),
                schema::BROWSER => self.browser.finish(rows),
                schema::OS => self.os.finish(rows),
                schema::IS_BOT => self.is_bot.finish(rows),
                schema::SERVER_NAME => self.server_name.finish(rows),
                schema::HTTP_VERSION => self.http_version.finish(rows),
                schema::TLS => self.tls.finish(rows),
                schema::CLIENT_IP => self.client_ip.finish(rows),
                schema::CLIENT_PORT => self.client_port.finish(rows),
                schema::SERVER_IP => self.server_ip.finish(rows),
                schema::SERVER_PORT => self.server_port.finish(rows),
                schema::TRANSPORT => self.transport.finish(rows),
                schema::ACTION => self.action.finish(rows),
                schema::RULE_NAME => self.rule_name.finish(rows),
                schema::INTERFACE_IN => self.interface_in.finish(rows),
                schema::INTERFACE_OUT => self.interface_out.finish(rows),
                schema::USER_NAME => self.user_name.finish(rows),
                schema::COUNTRY => self.country.finish(rows),
                schema::REGION => self.region.finish(rows),
                schema::CITY => self.city.finish(rows),
                schema::LAT => self.lat.finish(rows),
                schema::LON => self.lon.finish(rows),
                schema::ASN => self.asn.finish(rows),
                schema::AS_ORG => self.as_org.finish(rows),
                schema::ATTRS => Arc::new(self.attrs.finish()),
                _ => new_null_array(field.data_type(), rows),
            })
            .collect();
        RecordBatch::try_new(Arc::clone(&self.schema), columns)
            .expect("each builder makes the type that the schema names for it")
    }
}

fn flags_builder() -> ListBuilder<StringBuilder> {
    ListBuilder::new(StringBuilder::new()).with_field(Field::new("element", DataType::Utf8, true))
}

fn set_ip(column: &mut Texts, row: usize, ip: IpAddr, text: &mut String) {
    use std::fmt::Write;
    text.clear();
    write!(text, "{ip}").expect("writing into a String cannot fail");
    column.set(row, text);
}

/// Server and client errors follow from the status, application errors from the level; a format says deny and auth itself.
fn error_class(record: &Record<'_>) -> Option<ErrorClass> {
    match (record.error_class, record.status, record.level) {
        (Some(class), _, _) => Some(class),
        (None, Some(500..), _) => Some(ErrorClass::Server),
        (None, Some(400..=499), _) => Some(ErrorClass::Client),
        (None, None, Some(Level::Error | Level::Fatal)) => Some(ErrorClass::App),
        _ => None,
    }
}

/// Event time in microseconds; a missing, broken or absurd one becomes the arrival time, with a flag.
fn place_in_time(event: EventTime, origin: &Origin, observed_us: i64) -> (i64, Flags) {
    let (ts, flags) = time::resolve(event, origin.zone, origin.not_after_us);
    match ts {
        Some(ts) if (TS_MIN_US..=observed_us + US_PER_DAY).contains(&ts) => (ts, flags),
        Some(_) => (observed_us, flags | Flags::TIME_OUT_OF_RANGE),
        None => (observed_us, flags | Flags::TIME_GUESSED),
    }
}

/// The bytes as text. Bytes that are no UTF-8 are written as `\xNN`, with a flag, so that nothing is lost.
fn as_text<'a>(bytes: &'a [u8], escaped: &'a mut String) -> (&'a str, Flags) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return (text, Flags::default());
    }
    use std::fmt::Write;
    escaped.clear();
    for part in bytes.utf8_chunks() {
        escaped.push_str(part.valid());
        for byte in part.invalid() {
            write!(escaped, "\\x{byte:02X}").expect("writing into a String cannot fail");
        }
    }
    (escaped.as_str(), Flags::INVALID_UTF8)
}

/// The `day` column of rows with these times: days since the epoch.
pub fn day_of(ts_us: i64) -> i32 {
    i32::try_from(ts_us.div_euclid(US_PER_DAY)).unwrap_or(0)
}

//! Rows to text or files, one writer a format.
//!
//! Log text is hostile: in a table it may not move the cursor, in CSV it may not become a formula
//! (ASVS 5.0, 1.2.10).

use std::io::Write;
use std::sync::{Arc, Mutex};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringViewArray};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Field, Float64Type, Int64Type, Schema, SchemaRef, TimeUnit, TimestampMicrosecondType,
};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use bytes::Bytes;
use clap::ValueEnum;
use futures::{Stream, StreamExt};
use parquet::arrow::ArrowWriter;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{Answer, QueryError, Rows};

/// What rows can be written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// Aligned columns for people
    Table,
    /// Comma separated with a header line
    Csv,
    /// One array of objects
    Json,
    /// One object a line
    Ndjson,
    /// A Parquet file
    Parquet,
    /// An Arrow IPC file
    Arrow,
}

impl OutputFormat {
    /// The media type for HTTP.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Table => "text/plain; charset=utf-8",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Json => "application/json",
            Self::Ndjson => "application/x-ndjson",
            Self::Parquet => "application/vnd.apache.parquet",
            Self::Arrow => "application/vnd.apache.arrow.file",
        }
    }

    /// Whether a terminal can show it.
    pub fn is_text(self) -> bool {
        !matches!(self, Self::Parquet | Self::Arrow)
    }
}

/// Rows of a table are gathered to align them; more than this would not be read anyway.
pub const TABLE_ROWS_MAX: usize = 10_000;

/// A Parquet writer holds this much before it ends a row group.
const ROW_GROUP_BYTES_MAX: usize = 64 << 20;

/// Writes all rows as they come.
pub async fn write_rows<W: Write + Send>(
    rows: Rows,
    format: OutputFormat,
    mut out: W,
) -> Result<(), QueryError> {
    let mut pieces = std::pin::pin!(pieces(rows, format).await?);
    while let Some(piece) = pieces.next().await {
        out.write_all(&piece?).map_err(failed)?;
    }
    out.flush().map_err(failed)
}

/// The bytes of a file of the rows, as they come: what is not read yet is not asked for, and a few rows are held.
/// What is wrong with the first rows is told before there are any bytes.
pub async fn pieces(
    mut rows: Rows,
    format: OutputFormat,
) -> Result<impl Stream<Item = Result<Bytes, QueryError>> + Send + 'static, QueryError> {
    let written = Written::default();
    let sink = Sink::new(format, &rows.schema, written.clone()).map_err(failed)?;
    let first = rows.next().await.transpose()?;
    let ahead = futures::stream::iter(first.map(Ok));
    let rows = futures::stream::unfold(rows, async |mut rows| Some((rows.next().await?, rows)));
    let batches = Box::pin(ahead.chain(rows));
    let state = Some((sink, batches, written));
    Ok(futures::stream::try_unfold(state, |state| async {
        let Some((mut sink, mut batches, written)) = state else {
            return Ok(None);
        };
        while let Some(batch) = batches.next().await {
            sink.write(&batch?).map_err(failed)?;
            if let Some(piece) = written.take() {
                return Ok(Some((piece, Some((sink, batches, written)))));
            }
        }
        sink.finish().map_err(failed)?;
        Ok(written.take().map(|piece| (piece, None)))
    }))
}

fn failed(error: impl ToString) -> QueryError {
    QueryError::Failed(error.to_string())
}

/// What a sink has written and nobody has taken yet.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Written {
    fn take(&self) -> Option<Bytes> {
        let mut bytes = self.0.lock().unwrap_or_else(|p| p.into_inner());
        (!bytes.is_empty()).then(|| std::mem::take(&mut *bytes).into())
    }
}

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let mut written = self.0.lock().unwrap_or_else(|p| p.into_inner());
        written.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Writes a whole answer into memory.
pub fn to_bytes(answer: &Answer, format: OutputFormat) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut sink = Sink::new(format, &answer.schema, &mut bytes)?;
    for batch in &answer.batches {
        sink.write(batch)?;
    }
    sink.finish()?;
    Ok(bytes)
}

enum Sink<W: Write + Send> {
    Table(W, SchemaRef, Vec<RecordBatch>),
    Csv(Box<arrow::csv::Writer<W>>),
    Json(arrow::json::ArrayWriter<W>),
    Ndjson(arrow::json::LineDelimitedWriter<W>),
    Parquet(Box<ArrowWriter<W>>),
    Arrow(Box<arrow::ipc::writer::FileWriter<W>>),
}

impl<W: Write + Send> Sink<W> {
    fn new(format: OutputFormat, schema: &SchemaRef, mut out: W) -> anyhow::Result<Self> {
        use arrow::json::writer::{JsonArray, LineDelimited, WriterBuilder};
        let json = WriterBuilder::new().with_explicit_nulls(true);
        Ok(match format {
            OutputFormat::Table => Self::Table(out, Arc::clone(schema), Vec::new()),
            OutputFormat::Csv => {
                let names: Vec<_> = schema.fields().iter().map(|f| csv_cell(f.name())).collect();
                writeln!(out, "{}", names.join(","))?;
                let writer = arrow::csv::WriterBuilder::new().with_header(false);
                Self::Csv(Box::new(writer.build(out)))
            }
            OutputFormat::Json => Self::Json(json.build::<_, JsonArray>(out)),
            OutputFormat::Ndjson => Self::Ndjson(json.build::<_, LineDelimited>(out)),
            OutputFormat::Parquet => Self::Parquet(Box::new(ArrowWriter::try_new(
                out,
                Arc::clone(schema),
                None,
            )?)),
            OutputFormat::Arrow => Self::Arrow(Box::new(arrow::ipc::writer::FileWriter::try_new(
                out, schema,
            )?)),
        })
    }

    fn write(&mut self, batch: &RecordBatch) -> anyhow::Result<()> {
        match self {
            Self::Table(_, _, batches) => {
                let held: usize = batches.iter().map(RecordBatch::num_rows).sum();
                let room = TABLE_ROWS_MAX.saturating_sub(held);
                if room > 0 {
                    batches.push(batch.slice(0, room.min(batch.num_rows())));
                }
            }
            Self::Csv(writer) => writer.write(&as_cells(batch, csv_text)?)?,
            Self::Json(writer) => writer.write(batch)?,
            Self::Ndjson(writer) => writer.write(batch)?,
            Self::Parquet(writer) => {
                writer.write(batch)?;
                if writer.in_progress_size() > ROW_GROUP_BYTES_MAX {
                    writer.flush()?;
                }
            }
            Self::Arrow(writer) => writer.write(batch)?,
        }
        Ok(())
    }

    fn finish(self) -> anyhow::Result<()> {
        match self {
            Self::Table(mut out, schema, batches) => {
                let cells = batches
                    .iter()
                    .map(|batch| as_cells(batch, crate::text::escape_controls));
                let cells = cells.collect::<anyhow::Result<Vec<_>>>()?;
                let options = FormatOptions::default().with_null("");
                let table = arrow::util::pretty::pretty_format_batches_with_schema(schema, &cells);
                let table = match table {
                    Ok(table) => table.to_string(),
                    Err(_) => {
                        arrow::util::pretty::pretty_format_batches_with_options(&cells, &options)?
                            .to_string()
                    }
                };
                writeln!(out, "{table}")?;
            }
            Self::Csv(writer) => writer.into_inner().flush()?,
            Self::Json(mut writer) => {
                writer.finish()?;
                writeln!(writer.into_inner())?;
            }
            Self::Ndjson(mut writer) => writer.finish()?,
            Self::Parquet(writer) => drop(writer.close()?),
            Self::Arrow(mut writer) => writer.finish()?,
        }
        Ok(())
    }
}

/// The batch with its nested columns as text and every text cell passed through `clean`.
fn as_cells(batch: &RecordBatch, clean: impl Fn(&str) -> String) -> anyhow::Result<RecordBatch> {
    let mut fields = Vec::new();
    let mut columns: Vec<ArrayRef> = Vec::new();
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        let text = match column.data_type() {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
                cast(column, &DataType::Utf8View)?
            }
            t if t.is_nested() => Arc::new(as_text(column)?),
            _ => {
                fields.push(Arc::clone(field));
                columns.push(Arc::clone(column));
                continue;
            }
        };
        let cleaned: StringViewArray = text
            .as_string_view()
            .iter()
            .map(|text| text.map(&clean))
            .collect();
        fields.push(Arc::new(Field::new(field.name(), DataType::Utf8View, true)));
        columns.push(Arc::new(cleaned));
    }
    Ok(RecordBatch::try_new(
        Arc::new(Schema::new(fields)),
        columns,
    )?)
}

fn as_text(column: &ArrayRef) -> anyhow::Result<StringViewArray> {
    let options = FormatOptions::default();
    let formatter = ArrayFormatter::try_new(column, &options)?;
    Ok((0..column.len())
        .map(|row| {
            column
                .is_valid(row)
                .then(|| formatter.value(row).to_string())
        })
        .collect())
}

/// Text that a spreadsheet will not take for a formula.
fn csv_text(text: &str) -> String {
    match text.chars().next() {
        Some('=' | '+' | '-' | '@' | '\t' | '\r' | '\0') => format!("'{text}"),
        _ => text.to_owned(),
    }
}

fn csv_cell(name: &str) -> String {
    let text = csv_text(name);
    match text.contains(['"', ',', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text,
    }
}

/// Integers beyond this are not exact in a browser's numbers.
const SAFE_INT_MAX: i64 = 1 << 53;

/// An answer as columns, for the browser: times are epoch milliseconds, large integers are texts, what is
/// no number is null.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Columns {
    pub columns: Vec<Column>,
    /// One list a column, as long as there are rows: numbers, texts, truth values and nulls.
    pub data: Vec<Vec<Value>>,
    pub n_rows: usize,
    /// Whether rows were left out because of the limits.
    pub truncated: bool,
    pub elapsed_ms: f64,
}

/// A column's head.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Column {
    pub name: String,
    /// `bool`, `int`, `float`, `timestamp` (epoch milliseconds) or `text`.
    #[serde(rename = "type")]
    #[schema(value_type = String)]
    pub column_type: &'static str,
}

/// Turns an answer's batches into its columns.
pub fn to_columns(answer: &Answer) -> anyhow::Result<Columns> {
    let columns: Vec<Column> = answer
        .schema
        .fields()
        .iter()
        .map(|field| Column {
            name: field.name().clone(),
            column_type: type_name(field.data_type()),
        })
        .collect();
    let mut data: Vec<Vec<Value>> = vec![Vec::new(); columns.len()];
    for batch in &answer.batches {
        for (values, column) in data.iter_mut().zip(batch.columns()) {
            append_values(values, column)?;
        }
    }
    Ok(Columns {
        columns,
        data,
        n_rows: answer.n_rows(),
        truncated: answer.truncated,
        elapsed_ms: answer.elapsed.as_secs_f64() * 1000.0,
    })
}

fn type_name(data_type: &DataType) -> &'static str {
    match data_type {
        DataType::Boolean => "bool",
        t if t.is_integer() => "int",
        t if t.is_floating() || matches!(t, DataType::Decimal128(..)) => "float",
        DataType::Timestamp(..) => "timestamp",
        _ => "text",
    }
}

fn append_values(values: &mut Vec<Value>, column: &ArrayRef) -> anyhow::Result<()> {
    let n = column.len();
    match type_name(column.data_type()) {
        "bool" => {
            let column = column.as_boolean();
            values.extend((0..n).map(|row| match column.is_valid(row) {
                true => Value::Bool(column.value(row)),
                false => Value::Null,
            }));
        }
        "int" => {
            let column = cast(column, &DataType::Int64)?;
            let column = column.as_primitive::<Int64Type>();
            values.extend(column.iter().map(|n| match n {
                Some(n) if n.abs() <= SAFE_INT_MAX => Value::from(n),
                Some(n) => Value::from(n.to_string()),
                None => Value::Null,
            }));
        }
        "float" => {
            let column = cast(column, &DataType::Float64)?;
            let column = column.as_primitive::<Float64Type>();
            // `from` turns NaN and infinities into null.
            values.extend(column.iter().map(|x| x.map_or(Value::Null, Value::from)));
        }
        "timestamp" => {
            let column = cast(column, &DataType::Timestamp(TimeUnit::Microsecond, None))?;
            let column = column.as_primitive::<TimestampMicrosecondType>();
            values.extend(
                column
                    .iter()
                    .map(|us| us.map_or(Value::Null, |us| Value::from(us.div_euclid(1000)))),
            );
        }
        _ => {
            let column = as_text(column)?;
            values.extend(
                column
                    .iter()
                    .map(|text| text.map_or(Value::Null, Value::from)),
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(texts: &[&str]) -> Answer {
        let column: ArrayRef = Arc::new(StringViewArray::from_iter_values(texts));
        let batch = RecordBatch::try_from_iter([("t", column)]).unwrap();
        Answer {
            schema: batch.schema(),
            batches: vec![batch],
            truncated: false,
            elapsed: std::time::Duration::ZERO,
        }
    }

    #[track_caller]
    fn check(format: OutputFormat, text: &str, expected: &str) {
        let bytes = to_bytes(&answer(&[text]), format).unwrap();
        assert_eq!(String::from_utf8(bytes).unwrap(), expected);
    }

    #[test]
    fn hostile_text_stays_text() {
        check(OutputFormat::Csv, "=HYPERLINK(1)", "t\n'=HYPERLINK(1)\n");
        check(OutputFormat::Csv, "@SUM", "t\n'@SUM\n");
        check(OutputFormat::Csv, "a,\"b\"", "t\n\"a,\"\"b\"\"\"\n");
        check(
            OutputFormat::Ndjson,
            "\u{1b}[2J",
            "{\"t\":\"\\u001b[2J\"}\n",
        );
        check(OutputFormat::Json, "x", "[{\"t\":\"x\"}]\n");
        check(
            OutputFormat::Table,
            "\u{1b}[2J",
            "+---------+\n| t       |\n+---------+\n| \\x1b[2J |\n+---------+\n",
        );
    }

    #[test]
    fn files_hold_the_same_rows() {
        let answer = answer(&["a", "b"]);
        for format in [OutputFormat::Parquet, OutputFormat::Arrow] {
            let bytes = to_bytes(&answer, format).unwrap();
            assert!(bytes.starts_with(b"PAR1") || bytes.starts_with(b"ARROW1"));
        }
    }
}

//! SQL functions beyond DataFusion's, registered in one place.
//!
//! | function | answers |
//! |---|---|
//! | `wilson_low(k, n)`, `wilson_high(k, n)` | bounds of the 95 % interval of a rate (Wilson 1927) |
//! | `shrunk_rate(k, n, prior, weight)` | the rate drawn towards its parent's: `(k + weight * prior) / (n + weight)` |
//! | `two_proportion_z(k1, n1, k2, n2)` | how many standard errors two rates lie apart |
//! | `local_hour(ts, country)` | hour of the day 0..23 in the country's main zone |
//! | `local_weekday(ts, country)` | day of the week 1 (Monday) .. 7 in the country's main zone |
//! | `geo_country(ip)`, `geo_region(ip)`, `geo_city(ip)`, `geo_asn(ip)`, `geo_org(ip)` | place and network of an address |

use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use arrow::array::{
    Array, ArrayRef, AsArray, Float64Array, Float64Builder, Int64Builder, StringViewBuilder,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, TimeUnit, TimestampMicrosecondType};
use chrono::{DateTime, Datelike, Timelike};
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::FunctionRegistry;
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::enrich::Enricher;
use crate::enrich::geoip::{GeoIp, Networks, Place, Places};
use crate::places;
use crate::stats::{shrunk_rate, two_proportion_z, wilson};

/// A function of numbers, row by row; null when an argument is null.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Numeric {
    WilsonLow,
    WilsonHigh,
    ShrunkRate,
    TwoProportionZ,
}

impl Numeric {
    const ALL: [Self; 4] = [
        Self::WilsonLow,
        Self::WilsonHigh,
        Self::ShrunkRate,
        Self::TwoProportionZ,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::WilsonLow => "wilson_low",
            Self::WilsonHigh => "wilson_high",
            Self::ShrunkRate => "shrunk_rate",
            Self::TwoProportionZ => "two_proportion_z",
        }
    }

    fn n_args(self) -> usize {
        match self {
            Self::WilsonLow | Self::WilsonHigh => 2,
            Self::ShrunkRate | Self::TwoProportionZ => 4,
        }
    }

    fn value(self, args: &[f64]) -> f64 {
        match (self, args) {
            (Self::WilsonLow, [k, n]) => wilson(*k, *n).0,
            (Self::WilsonHigh, [k, n]) => wilson(*k, *n).1,
            (Self::ShrunkRate, [k, n, prior, weight]) => shrunk_rate(*k, *n, *prior, *weight),
            (Self::TwoProportionZ, [k1, n1, k2, n2]) => two_proportion_z(*k1, *n1, *k2, *n2),
            _ => f64::NAN,
        }
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct NumericUdf(Numeric, Signature);

impl ScalarUDFImpl for NumericUdf {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn signature(&self) -> &Signature {
        &self.1
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let n_rows = args.number_rows;
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let columns = arrays
            .iter()
            .map(|array| cast(array, &DataType::Float64))
            .collect::<std::result::Result<Vec<_>, _>>()?;
        let columns: Vec<&Float64Array> = columns
            .iter()
            .map(|c| c.as_primitive::<Float64Type>())
            .collect();
        let mut values = Float64Builder::with_capacity(n_rows);
        let mut row_args = vec![0.0; columns.len()];
        for row in 0..n_rows {
            if columns.iter().any(|column| column.is_null(row)) {
                values.append_null();
                continue;
            }
            for (arg, column) in row_args.iter_mut().zip(&columns) {
                *arg = column.value(row);
            }
            values.append_value(self.0.value(&row_args));
        }
        Ok(ColumnarValue::Array(Arc::new(values.finish())))
    }
}

/// A part of the local time of a country.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum LocalPart {
    Hour,
    Weekday,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct LocalUdf(LocalPart, Signature);

impl ScalarUDFImpl for LocalUdf {
    fn name(&self) -> &str {
        match self.0 {
            LocalPart::Hour => "local_hour",
            LocalPart::Weekday => "local_weekday",
        }
    }

    fn signature(&self) -> &Signature {
        &self.1
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int64)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let ts = cast(
            &arrays[0],
            &DataType::Timestamp(TimeUnit::Microsecond, None),
        )?;
        let ts = ts.as_primitive::<TimestampMicrosecondType>();
        let countries = cast(&arrays[1], &DataType::Utf8View)?;
        let countries = countries.as_string_view();
        let mut values = Int64Builder::with_capacity(ts.len());
        for row in 0..ts.len() {
            let zone = countries
                .is_valid(row)
                .then(|| places::zone(countries.value(row)))
                .flatten();
            let time = ts
                .is_valid(row)
                .then(|| DateTime::from_timestamp_micros(ts.value(row)))
                .flatten();
            let local = zone.zip(time).map(|(zone, time)| time.with_timezone(&zone));
            values.append_option(local.map(|local| match self.0 {
                LocalPart::Hour => i64::from(local.hour()),
                LocalPart::Weekday => i64::from(local.weekday().number_from_monday()),
            }));
        }
        Ok(ColumnarValue::Array(Arc::new(values.finish())))
    }
}

/// What a `geo_*` function looks up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum GeoPart {
    Country,
    Region,
    City,
    Asn,
    Org,
}

impl GeoPart {
    const ALL: [Self; 5] = [
        Self::Country,
        Self::Region,
        Self::City,
        Self::Asn,
        Self::Org,
    ];
}

struct GeoUdf {
    part: GeoPart,
    signature: Signature,
    tables: Mutex<(Places, Networks)>,
}

impl std::fmt::Debug for GeoUdf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "GeoUdf({:?})", self.part)
    }
}

impl PartialEq for GeoUdf {
    fn eq(&self, other: &Self) -> bool {
        self.part == other.part
    }
}

impl Eq for GeoUdf {}

impl std::hash::Hash for GeoUdf {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.part.hash(state);
    }
}

impl ScalarUDFImpl for GeoUdf {
    fn name(&self) -> &str {
        match self.part {
            GeoPart::Country => "geo_country",
            GeoPart::Region => "geo_region",
            GeoPart::City => "geo_city",
            GeoPart::Asn => "geo_asn",
            GeoPart::Org => "geo_org",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(match self.part {
            GeoPart::Asn => DataType::Int64,
            _ => DataType::Utf8View,
        })
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let texts = cast(&arrays[0], &DataType::Utf8View)?;
        let addresses = texts
            .as_string_view()
            .iter()
            .map(|text| text.and_then(|text| text.trim().parse::<IpAddr>().ok()));
        let mut tables = self
            .tables
            .lock()
            .map_err(|_| DataFusionError::Execution("the geo tables are gone".into()))?;
        let (places, networks) = &mut *tables;
        places.refresh();
        networks.refresh();
        let array: ArrayRef = match self.part {
            GeoPart::Asn => {
                let mut values = Int64Builder::new();
                for ip in addresses {
                    let id = ip.map(|ip| networks.find(ip));
                    values.append_option(id.and_then(|id| networks.answer(id).asn).map(i64::from));
                }
                Arc::new(values.finish())
            }
            GeoPart::Org => {
                let mut values = StringViewBuilder::new();
                for ip in addresses {
                    let id = ip.map(|ip| networks.find(ip));
                    values.append_option(id.and_then(|id| networks.answer(id).org.as_deref()));
                }
                Arc::new(values.finish())
            }
            part => {
                let mut values = StringViewBuilder::new();
                for ip in addresses {
                    let id = ip.map(|ip| places.find(ip));
                    values.append_option(id.and_then(|id| place_text(part, places.answer(id))));
                }
                Arc::new(values.finish())
            }
        };
        Ok(ColumnarValue::Array(array))
    }
}

fn place_text(part: GeoPart, place: &Place) -> Option<&str> {
    match part {
        GeoPart::Country => place.country.as_deref(),
        GeoPart::Region => place.region.as_deref(),
        _ => place.city.as_deref(),
    }
}

/// Adds all functions of this file to a session.
pub fn register(state: &mut SessionState, geo: &Arc<GeoIp>) -> Result<()> {
    for function in Numeric::ALL {
        let signature = Signature::any(function.n_args(), Volatility::Immutable);
        state.register_udf(Arc::new(ScalarUDF::from(NumericUdf(function, signature))))?;
    }
    for part in [LocalPart::Hour, LocalPart::Weekday] {
        let signature = Signature::any(2, Volatility::Immutable);
        state.register_udf(Arc::new(ScalarUDF::from(LocalUdf(part, signature))))?;
    }
    for part in GeoPart::ALL {
        let udf = GeoUdf {
            part,
            signature: Signature::any(1, Volatility::Stable),
            tables: Mutex::new((Places::new(geo), Networks::new(geo))),
        };
        state.register_udf(Arc::new(ScalarUDF::from(udf)))?;
    }
    Ok(())
}

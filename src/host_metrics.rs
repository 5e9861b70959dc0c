//! CPU, memory, disk and network of this host, as rows of `host_metrics`.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{
    ArrayRef, Float64Array, Int32Array, Int64Array, RecordBatch, StringViewArray,
    TimestampMicrosecondArray, new_null_array,
};
use sysinfo::{Disks, Networks, System};

use crate::schema::{self, Table};
use crate::source::Shutdown;
use crate::store::{Append, Store, StoreError};

/// How often the host is looked at.
pub const INTERVAL: Duration = Duration::from_secs(15);

/// One look at a host.
#[derive(Clone, Debug, PartialEq)]
pub struct HostSample {
    /// Microseconds since the epoch.
    pub ts_us: i64,
    pub host: String,
    pub cpu_pct: f64,
    pub load1: f64,
    pub mem_used_pct: f64,
    pub swap_used_pct: f64,
    /// Of this host, the disk that holds the data folder.
    pub disk_used_pct: f64,
    /// Since the look before.
    pub net_rx_bytes: i64,
    pub net_tx_bytes: i64,
}

/// The samples as a batch of `host_metrics`.
pub fn to_batch(samples: &[HostSample], observed_us: i64) -> RecordBatch {
    let schema = Table::HostMetrics.file_schema();
    let n = samples.len();
    let floats = |value: fn(&HostSample) -> f64| -> ArrayRef {
        Arc::new(Float64Array::from_iter_values(samples.iter().map(value)))
    };
    let ints = |value: fn(&HostSample) -> i64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(samples.iter().map(value)))
    };
    let rows = 0..i32::try_from(n).unwrap_or(i32::MAX);
    let columns = schema.fields().iter().map(|field| -> ArrayRef {
        match field.name().as_str() {
            schema::TS => Arc::new(TimestampMicrosecondArray::from_iter_values(
                samples.iter().map(|s| s.ts_us),
            )),
            schema::OBSERVED_TS => Arc::new(TimestampMicrosecondArray::from_value(observed_us, n)),
            schema::ROW_IDX => Arc::new(Int32Array::from_iter_values(rows.clone())),
            schema::HOST => Arc::new(StringViewArray::from_iter_values(
                samples.iter().map(|s| &s.host),
            )),
            "cpu_pct" => floats(|s| s.cpu_pct),
            "load1" => floats(|s| s.load1),
            "mem_used_pct" => floats(|s| s.mem_used_pct),
            "swap_used_pct" => floats(|s| s.swap_used_pct),
            "disk_used_pct" => floats(|s| s.disk_used_pct),
            "net_rx_bytes" => ints(|s| s.net_rx_bytes),
            "net_tx_bytes" => ints(|s| s.net_tx_bytes),
            _ => new_null_array(field.data_type(), n),
        }
    });
    RecordBatch::try_new(Arc::clone(&schema), columns.collect())
        .expect("each column has the type that the schema names for it")
}

/// Stores samples.
pub async fn store(store: &Store, samples: &[HostSample]) -> Result<(), StoreError> {
    let append = Append {
        table: Table::HostMetrics,
        batch: to_batch(samples, crate::time::now_us()),
        positions: Vec::new(),
        tallies: Vec::new(),
        idempotency: Vec::new(),
    };
    store.append(&append).await
}

/// Looks at this host every [`INTERVAL`] until shutdown.
pub async fn run(target: Store, shutdown: Shutdown) {
    let (Ok(mut system), Ok(mut networks)) = (System::new(), Networks::new_with_refreshed_list())
    else {
        tracing::warn!("this system does not tell its CPU, memory and network, no host metrics");
        return;
    };
    system.refresh_cpu_usage();
    loop {
        tokio::select! {
            () = tokio::time::sleep(INTERVAL) => {}
            () = shutdown.cancelled() => return,
        }
        let sample = look(&mut system, &mut networks, target.dir());
        if let Err(error) = store(&target, &[sample]).await {
            tracing::warn!(%error, "host metrics could not be stored");
        }
    }
}

fn look(system: &mut System, networks: &mut Networks, data: &Path) -> HostSample {
    system.refresh_cpu_usage();
    system.refresh_memory();
    networks.refresh(true);
    let disks = Disks::new_with_refreshed_list();
    let disks = disks.iter().flat_map(|disks| disks.iter());
    // The one whose mount point is the closest above the data folder.
    let of_store = disks
        .filter(|disk| data.starts_with(disk.mount_point()))
        .max_by_key(|disk| disk.mount_point().components().count());
    let (total, free) =
        of_store.map_or((0, 0), |disk| (disk.total_space(), disk.available_space()));
    let traffic = |value: fn(&sysinfo::NetworkData) -> u64| {
        let sum: u64 = networks.values().map(value).sum();
        i64::try_from(sum).unwrap_or(i64::MAX)
    };
    HostSample {
        ts_us: crate::time::now_us(),
        host: System::host_name().unwrap_or_else(|_| "localhost".into()),
        cpu_pct: f64::from(system.global_cpu_usage()),
        load1: System::load_average().map_or(0.0, |load| load.one),
        mem_used_pct: share(system.used_memory(), system.total_memory()),
        swap_used_pct: share(system.used_swap(), system.total_swap()),
        disk_used_pct: share(total.saturating_sub(free), total),
        net_rx_bytes: traffic(sysinfo::NetworkData::received),
        net_tx_bytes: traffic(sysinfo::NetworkData::transmitted),
    }
}

fn share(part: u64, whole: u64) -> f64 {
    match whole {
        0 => 0.0,
        _ => 100.0 * part as f64 / whole as f64,
    }
}

//! Our own log: to standard error, readable, never with users' lines, addresses or secrets in it.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Sets up the log. `LOGATLAS_LOG` chooses what is shown, in the syntax of `tracing`'s `EnvFilter`.
pub fn init(default: &str) {
    let filter = EnvFilter::try_from_env("LOGATLAS_LOG").unwrap_or_else(|_| {
        // DataFusion and deltalake have much to say that helps only their developers.
        EnvFilter::new(format!(
            "warn,logatlas={default},delta_kernel=error,deltalake_core=error,datafusion=error,datafusion_datasource_parquet=error,datafusion_common=error,parquet=error"
        ))
    });
    let set = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .try_init();
    // A second call, as tests make, leaves the first in place.
    drop(set);
}

//! The program as its users meet it: commands, sockets, files, kills. One program, because each test binary
//! links DataFusion anew.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on should say where"
)]

mod alerts;
mod api;
mod bad_input;
mod corpus;
mod crash;
mod geo_corpus;
mod live;
mod pictures;
mod program;
mod promises;
mod queries;
mod replay;
mod rollups;
mod rules;
mod sources;
mod store;
mod tidy;
mod tls;

use std::path::PathBuf;

/// The folder of real logs, which lies beside the repository where there is one; `LOGATLAS_CORPUS` names
/// another place. Without it the suites that need it are skipped, and say so. CI may not skip.
#[expect(clippy::print_stderr, reason = "a skipped suite has to be seen")]
fn corpus() -> Option<PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/corpus");
    let path =
        std::env::var_os("LOGATLAS_CORPUS").map_or_else(|| PathBuf::from(beside), PathBuf::from);
    if path.is_dir() {
        return Some(path);
    }
    assert!(
        std::env::var_os("CI").is_none(),
        "CI has to have the corpus at {}",
        path.display()
    );
    eprintln!("SKIPPED: no corpus of real logs at {}", path.display());
    None
}

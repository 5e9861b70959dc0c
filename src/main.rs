//! Parses the arguments, calls the library, prints the error, chooses the exit code.

use std::process::ExitCode;

use clap::Parser;
use logatlas::cli::{self, Cli};
use logatlas::telemetry;
use mimalloc::MiMalloc;

/// The system's allocator keeps most of what many threads have freed; this one gives it back.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let command = Cli::parse();
    telemetry::init(command.log_level());
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return cli::report(&error.into()),
    };
    match runtime.block_on(command.run()) {
        Ok(code) => {
            // A thread that waits for standard input must not keep the program from ending.
            runtime.shutdown_background();
            ExitCode::from(code)
        }
        Err(error) => cli::report(&error),
    }
}

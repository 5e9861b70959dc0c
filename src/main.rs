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
    end_quietly_when_nobody_reads();
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

/// Whoever closes the pipe, as `head` does, has read enough: that is no fault to report.
fn end_quietly_when_nobody_reads() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let text = info.payload_as_str().unwrap_or_default();
        if text.starts_with("failed printing to std") && text.contains("Broken pipe") {
            std::process::exit(0);
        }
        usual(info);
    }));
}

//! `mock-pagerduty`.

use std::net::SocketAddr;

use anyhow::Context;
use clap::Args;
use tokio::net::TcpListener;

use super::DONE;
use crate::mock_pagerduty::{MockPagerDuty, settings};

/// Example:
///   logatlas mock-pagerduty --listen 127.0.0.1:7272
/// prints the settings that send alerts to it, and each incident as it opens and closes.
/// GET /incidents and GET /events show what came.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct MockPagerduty {
    /// Address to listen on
    #[arg(long, default_value = "127.0.0.1:7272")]
    listen: SocketAddr,
}

impl MockPagerduty {
    #[expect(clippy::print_stdout, reason = "this is the command's answer")]
    pub(super) async fn run(self) -> anyhow::Result<u8> {
        let listener = TcpListener::bind(self.listen).await;
        let listener = listener.with_context(|| format!("cannot listen on {}", self.listen))?;
        let mock = MockPagerDuty::printing(|line| {
            println!(
                "{}",
                crate::text::escape_controls(line).replace("\\n", "\n")
            )
        });
        let address = mock.serve(listener)?;
        println!("# in logatlas.toml:\n{}", settings(address));
        tokio::signal::ctrl_c().await?;
        Ok(DONE)
    }
}

//! Debian's `vhost_combined`: the combined format with the virtual host and its port in front.
//!
//! `www.example.org:443 192.0.2.7 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.1" 200 23 "-" "curl/8.5.0"`

use super::access::{self, Cursor};
use super::{Format, ParseError};
use crate::record::Record;

/// The combined log format after a virtual host.
pub(super) struct VhostCombined;

impl Format for VhostCombined {
    fn name(&self) -> &'static str {
        "vhost_combined"
    }

    fn about(&self) -> &'static str {
        "combined access log with the virtual host in front: Apache's other_vhosts_access.log"
    }

    fn parse<'a>(&self, line: &'a str, record: &mut Record<'a>) -> Result<(), ParseError> {
        let mut cursor = Cursor::new(self.name(), line);
        access::vhost(&mut cursor, record)?;
        access::common(&mut cursor, record)?;
        access::combined(&mut cursor, record)?;
        record.format = self.name();
        Ok(())
    }
}

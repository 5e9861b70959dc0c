//! The Common Log Format of NCSA httpd, Apache and most servers after them:
//! <https://httpd.apache.org/docs/2.4/logs.html#common>.
//!
//! `192.0.2.7 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 2326`

use super::access::{self, Cursor};
use super::{Format, ParseError};
use crate::record::Record;

/// The Common Log Format.
pub(super) struct Common;

impl Format for Common {
    fn name(&self) -> &'static str {
        "common"
    }

    fn about(&self) -> &'static str {
        "Common Log Format: Apache, Jetty, Tomcat, most HTTP servers"
    }

    fn parse<'a>(&self, line: &'a str, record: &mut Record<'a>) -> Result<(), ParseError> {
        let mut cursor = Cursor::new(self.name(), line);
        access::common(&mut cursor, record)?;
        if !cursor.rest.trim_end().is_empty() {
            return Err(cursor.expected("the end of the line"));
        }
        record.format = self.name();
        Ok(())
    }
}

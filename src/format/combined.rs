//! The combined format of Apache (<https://httpd.apache.org/docs/2.4/logs.html#combined>) and nginx
//! (<https://nginx.org/en/docs/http/ngx_http_log_module.html>), with whatever a site appends.
//!
//! `192.0.2.7 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.1" 200 23 "-" "curl/8.5.0"`

use super::access::{self, Cursor};
use super::{Format, ParseError};
use crate::record::Record;

/// The combined log format.
pub(super) struct Combined;

impl Format for Combined {
    fn name(&self) -> &'static str {
        "combined"
    }

    fn about(&self) -> &'static str {
        "combined access log: nginx, Apache, LiteSpeed, Caddy's transform"
    }

    fn parse<'a>(&self, line: &'a str, record: &mut Record<'a>) -> Result<(), ParseError> {
        let mut cursor = Cursor::new(self.name(), line);
        access::common(&mut cursor, record)?;
        access::combined(&mut cursor, record)?;
        record.format = self.name();
        Ok(())
    }
}

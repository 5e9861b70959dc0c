//! Points the program at the built web view, or at a page that says how to build it. No network, no npm.

use std::path::Path;
use std::{env, fs};

const HELP: &str = r#"<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>logatlas</title>
<h1>logatlas is running</h1>
<p>This binary was built without the web view. To build it:</p>
<pre>make web
cargo build</pre>
<p>The command line, the API under <code>/api/v1</code> and SQL work as they are: see <code>logatlas --help</code>.</p>
"#;

fn main() {
    println!("cargo::rerun-if-changed=web/dist");
    println!("cargo::rerun-if-env-changed=WEB_REQUIRED");
    let root = env::var("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR");
    let dist = Path::new(&root).join("web/dist");
    if dist.join("index.html").is_file() {
        // Relative to the manifest, so that two clones can share one target folder.
        println!("cargo::rustc-env=WEB_DIST=web/dist");
        return;
    }
    let required = env::var_os("WEB_REQUIRED").is_some();
    assert!(
        !required,
        "WEB_REQUIRED is set and web/dist is missing: run `make web` first"
    );
    println!(
        "cargo::warning=web/dist is missing: the binary will serve a page that says how to build the web view"
    );
    let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    let help = Path::new(&out).join("web");
    fs::create_dir_all(&help).expect("OUT_DIR can be written");
    fs::write(help.join("index.html"), HELP).expect("OUT_DIR can be written");
    println!("cargo::rustc-env=WEB_DIST={}", help.display());
}

//! Places at which tests let the program die, as `kill -9` would, to see what is left.
//!
//! Of a build with debug assertions only: the variable `LOGATLAS_CRASH_AT` names the place.

/// The places, in the order in which a page meets them.
pub const POINTS: [&str; 4] = ["applying", "applied", "marked", "sent"];

/// Ends the process at once when the environment asks for it here.
pub fn point(name: &str) {
    debug_assert!(POINTS.contains(&name), "{name} is none of the places");
    if cfg!(debug_assertions) && std::env::var("LOGATLAS_CRASH_AT").is_ok_and(|at| at == name) {
        std::process::abort();
    }
}

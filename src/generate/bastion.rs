//! The ssh server's log: guesses from outside, people and deployments from inside.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::{Moment, pick, stamp};

const GUESSES: &[&str] = &[
    "admin", "root", "test", "oracle", "ubuntu", "postgres", "git", "pi", "user", "ftp",
];
const PEOPLE: &[&str] = &["deploy", "jane", "ravi", "lucia"];

pub(super) fn line(moment: &Moment<'_>, random: &mut ChaCha8Rng) -> String {
    let (time, host, pid) = (
        stamp(moment.us),
        moment.host,
        random.random_range(1000..30_000),
    );
    let port: u16 = random.random_range(1024..65_535);
    let guess = GUESSES[random.random_range(0..GUESSES.len())];
    let scanner = pick(random, &moment.networks.scanners).address(random);
    let message = match random.random_range(0..100) {
        0..45 if guess == "root" => {
            format!("Failed password for root from {scanner} port {port} ssh2")
        }
        0..45 => {
            format!("Failed password for invalid user {guess} from {scanner} port {port} ssh2")
        }
        45..75 => format!("Invalid user {guess} from {scanner} port {port}"),
        75..90 => {
            format!("Connection closed by invalid user {guess} {scanner} port {port} [preauth]")
        }
        90..99 => {
            let person = PEOPLE[random.random_range(0..PEOPLE.len())];
            let from = moment.networks.visitor(moment.us, random).address(random);
            format!(
                "Accepted publickey for {person} from {from} port {port} ssh2: ED25519 SHA256:c2hvcC1leGFtcGxlLWtleQ"
            )
        }
        _ => "Server listening on 0.0.0.0 port 22.".into(),
    };
    format!("{time} {host} sshd[{pid}]: {message}")
}

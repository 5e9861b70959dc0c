//! The certificate of whoever takes the pages: one that is not good is a reason that is shown, and nothing is sent.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

use crate::program::Home;

type Issuer = CertifiedIssuer<'static, KeyPair>;

/// A certificate authority of our own.
fn authority() -> Issuer {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params
        .distinguished_name
        .push(DnType::CommonName, "authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Answers each request with 200, behind a certificate for that name, valid until that year; returns its port.
async fn receiver(name: &str, until: i32, issuer: Option<&Issuer>) -> u16 {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    let subject = format!("{name}, in a test");
    params.distinguished_name.push(DnType::CommonName, subject);
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(until, 1, 1);
    let certificate = match issuer {
        Some(issuer) => params.signed_by(&key, issuer),
        None => params.self_signed(&key),
    };
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.unwrap().der().clone()], key.into())
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let mut request = [0; 16 * 1024];
            if matches!(stream.read(&mut request).await, Ok(n) if n > 0) {
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                let _sent = stream.write_all(answer).await;
                let _closed = stream.shutdown().await;
            }
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_certificate_is_a_reason_that_is_shown() {
    let authority = authority();
    let rows = [
        (
            "good",
            receiver("localhost", 2100, Some(&authority)).await,
            "",
        ),
        (
            "expired",
            receiver("localhost", 2021, Some(&authority)).await,
            "expired",
        ),
        (
            "elsewhere",
            receiver("other.example", 2100, Some(&authority)).await,
            "not valid for name",
        ),
        (
            "self_signed",
            receiver("localhost", 2100, None).await,
            "UnknownIssuer",
        ),
    ];
    let home = Home::new();
    let trusted = home.write("authority.pem", authority.pem());
    let mut settings = String::new();
    for (name, port, _) in &rows {
        settings.push_str(&format!(
            "[targets.{name}]\nkind = \"webhook\"\nurl = \"https://localhost:{port}/\"\nallow_private = true\nsecret = \"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"\n",
        ));
    }
    let config = home.write("logatlas.toml", settings);
    let variables = [("SSL_CERT_FILE", trusted.to_str().unwrap())];
    let _server = home.serve_with(&["--config", config.to_str().unwrap()], &variables);
    for (name, _, expected) in rows {
        let rule = "server-error-rate-by-country";
        let args = ["rule", "fire", rule, "--target", name];
        match expected {
            "" => drop(home.ok(&args)),
            expected => {
                let output = home.run(&args);
                let said = format!(
                    "{}{}",
                    String::from_utf8_lossy(&output.stdout),
                    String::from_utf8_lossy(&output.stderr)
                );
                assert!(
                    !output.status.success() && said.contains(expected),
                    "{name}: {said}"
                );
            }
        }
    }
}

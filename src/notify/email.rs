//! E-mail by SMTP (lettre). The mails of an incident make one thread (RFC 5322, section 3.6.4), and say that a
//! machine wrote them (RFC 3834, section 5).

use std::time::Duration;

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MessageBuilder};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use serde::{Deserialize, Serialize};

use super::{MessageId, Notification, Notifier, NotifyError, Secret, headline, one_line};
use crate::http_client::HttpClient;

const TIMEOUT: Duration = Duration::from_secs(20);

/// `[targets.NAME]` with `kind = "email"`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Email {
    /// `smtps://user:password@mail.example.org`, or `smtp://...?tls=required`.
    url: Secret,
    from: String,
    to: Vec<String>,
}

fn text(message: &Notification) -> String {
    let mut lines = vec![one_line(&message.summary, 2000), String::new()];
    lines.extend(
        message
            .explanation_text()
            .map(|sentence| one_line(sentence, 1000)),
    );
    lines.push(format!(
        "severity {}, service {}, team {}, episode {}",
        message.severity.as_str(),
        one_line(&message.service, 100),
        one_line(&message.team, 100),
        message.episode
    ));
    for (name, url) in [
        ("map", &message.client_url),
        ("runbook", &message.runbook_url),
    ] {
        if !url.is_empty() {
            lines.push(format!("{name}: {}", one_line(url, 2000)));
        }
    }
    lines.extend(
        message
            .past
            .iter()
            .map(|past| format!("before: {}", one_line(past, 500))),
    );
    lines.join("\r\n")
}

/// The id of the incident's thread: the same for all its mails.
fn thread_id(message: &Notification) -> String {
    format!(
        "<{}.{}@logatlas>",
        message.dedup_key.replace(':', "."),
        message.episode
    )
}

fn mail(settings: &Email, message: &Notification, id: &str) -> Result<Message, NotifyError> {
    let bad = |error: String| NotifyError::Reject(error);
    let mailbox = |address: &str| -> Result<Mailbox, NotifyError> {
        address
            .parse()
            .map_err(|error| bad(format!("{address}: {error}")))
    };
    let mut builder: MessageBuilder = Message::builder().from(mailbox(&settings.from)?);
    for to in &settings.to {
        builder = builder.to(mailbox(to)?);
    }
    let thread = thread_id(message);
    // The subject stays the same too, for programs that thread by it.
    let subject = format!(
        "[{}] {}",
        one_line(&message.rule, 100),
        one_line(&message.summary, 200)
    );
    let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
    builder
        .message_id(Some(format!("<{id}@logatlas>")))
        .in_reply_to(thread.clone())
        .references(thread)
        .subject(format!("{}: {subject}", headline(message)))
        .raw_header(HeaderValue::new(automatic, "auto-generated".into()))
        .header(ContentType::TEXT_PLAIN)
        .body(text(message))
        .map_err(|error| bad(error.to_string()))
}

#[async_trait::async_trait]
impl Notifier for Email {
    async fn send(
        &self,
        _: &HttpClient,
        message: &Notification,
        id: MessageId<'_>,
    ) -> Result<(), NotifyError> {
        let again = |reason: String| NotifyError::Retry {
            reason,
            after: None,
        };
        let mail = mail(self, message, id.0)?;
        // The address may hold a password, so its errors are not quoted.
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(&self.url.read()?)
            .map_err(|_| NotifyError::Reject("url is no smtp:// or smtps:// address".into()))?
            .timeout(Some(TIMEOUT))
            .build();
        match transport.send(mail).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_permanent() => Err(NotifyError::Reject(error.to_string())),
            Err(error) => Err(again(error.to_string())),
        }
    }

    fn rate_key(&self) -> String {
        self.url.name()
    }

    fn check(&self) -> Result<(), String> {
        let addresses = self.to.iter().chain([&self.from]);
        for address in addresses {
            let parsed = address.parse::<Mailbox>();
            parsed.map_err(|error| format!("{address}: {error}"))?;
        }
        match self.to.is_empty() {
            true => Err("to is empty".into()),
            false => Ok(()),
        }
    }
}

//! What a webhook is sent. Chat is not the ledger: who, where, what to which tables and by which rule, and no values. Everything that
//! somebody else has chosen is plain text there, whatever it looks like.

use std::time::{SystemTime, UNIX_EPOCH};

use audit::record::{ApprovalEvent, UnixMicros};
use jiff::Timestamp;
use ring::hmac;
use serde_json::{Value, json};

use super::Told;
use crate::approvals::Held;
use crate::config::{Format, LinkTo, REQUEST, WebhookConfig};
use crate::console::{cut, visible};

/// Letters of a value in chat: Slack takes 2,000 in a field, Teams 28 kB in all.
const CHAT_LETTERS_MAX: usize = 300;

/// Letters of a statement as JSON.
const STATEMENT_LETTERS_MAX: usize = 10_000;

/// Most fields of one of Slack's sections.
const FIELDS_MAX: usize = 10;

/// The body of one request.
pub(super) fn body(config: &WebhookConfig, host: &str, told: &Told) -> Value {
    let link = match &config.link {
        Some(LinkTo::Place(link)) => Some(link.replace(REQUEST, &told.held.id.to_string())),
        Some(LinkTo::Page(origin)) => told.link.as_ref().map(|link| format!("{origin}/links/{link}")),
        None => None,
    };
    match config.format {
        Format::Json => own(config, host, told, link),
        Format::Slack => slack(title(told.event), &facts(config, host, told), link),
        Format::Teams => teams(title(told.event), &facts(config, host, told), link),
    }
}

/// A receiver knows by the signature that it is the proxy, and by the time that it is no old message.
pub(super) fn headers(config: &WebhookConfig, told: &Told, body: &str) -> Vec<(&'static str, String)> {
    let mut headers = vec![("x-picket-delivery", told.id.to_string())];
    if let Some(key) = config.signing() {
        let secs = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        headers.push(("x-picket-timestamp", secs.to_string()));
        headers.push(("x-picket-signature", signature(&key, secs, body)));
    }
    headers
}

fn signature(key: &hmac::Key, secs: u64, body: &str) -> String {
    let signed = hmac::sign(key, format!("v1:{secs}:{body}").as_bytes());
    signed.as_ref().iter().fold("v1=".to_owned(), |text, byte| text + &format!("{byte:02x}"))
}

fn own(config: &WebhookConfig, host: &str, told: &Told, link: Option<String>) -> Value {
    let held = &told.held;
    let mut request = json!({
        "id": held.id, "name": held.name(), "asked_at": time(held.asked_at), "expires_at": time(held.expires_at),
        "session_id": held.session_id, "session_started_at": time(held.background.started_at), "execution": held.sequence,
        "principal": visible(&held.principal), "actor": visible(&held.actor), "application": visible(&held.application),
        "database": visible(&held.database), "environment": held.environment, "effects": held.effects,
        "reads": all(&held.read), "writes": all(&held.written), "classes": classes(held), "rules": all(&held.rules),
        "groups": all(&held.groups.iter().map(ToString::to_string).collect::<Vec<_>>()), "reason": visible(&held.reason),
    });
    if config.shows_statement {
        request["statement"] = json!(visible(&cut(&held.text, STATEMENT_LETTERS_MAX)));
    }
    json!({
        "version": 1, "delivery": told.id, "event": told.event.word(), "at": time(told.at), "proxy": host,
        "by": visible(&told.by), "reason": visible(&told.reason), "request": request, "link": link,
    })
}

fn all(texts: &[impl AsRef<str>]) -> Vec<String> {
    texts.iter().map(|text| visible(text.as_ref())).collect()
}

/// What the columns hold that it touches, each once: which they are is for those who may see the request.
fn classes(held: &Held) -> Vec<&'static str> {
    let mut classes: Vec<_> = held.classes.iter().map(|(_, class)| class.name()).collect();
    classes.sort_unstable();
    classes.dedup();
    classes
}

fn title(event: ApprovalEvent) -> &'static str {
    match event {
        ApprovalEvent::Asked => "A statement waits for an approval",
        ApprovalEvent::Approved => "Somebody has approved a statement",
        ApprovalEvent::Granted => "Somebody has approved a statement, and what is alike for a while",
        ApprovalEvent::Revoked => "Somebody has taken a grant back",
        ApprovalEvent::Denied => "Somebody has denied a statement",
        ApprovalEvent::Expired => "Nobody has answered in time",
        ApprovalEvent::Cancelled => "A statement waits no more",
    }
}

/// What people read; nothing that is empty.
fn facts(config: &WebhookConfig, host: &str, told: &Told) -> Vec<(&'static str, String)> {
    let held = &told.held;
    let acting =
        if held.actor.is_empty() { String::new() } else { format!(", for whom {} acts", held.actor) };
    let place = if held.environment.is_empty() { String::new() } else { format!(" ({})", held.environment) };
    let session = format!(
        "logged in {} by {}, {} statements before",
        time(held.background.started_at),
        held.background.authenticated_by,
        held.sequence.saturating_sub(1)
    );
    let mut facts = vec![
        ("Request", held.name()),
        ("Principal", format!("{}{acting}", held.principal)),
        ("Application", held.application.clone()),
        ("Database", format!("{}{place}", held.database)),
        ("Proxy", host.to_owned()),
        ("Session", session),
        ("Does", held.effects.join(", ")),
        ("Writes", held.written.join(", ")),
        ("Reads", held.read.join(", ")),
        ("Sensitive", classes(held).join(", ")),
        ("Rules", held.rules.join(", ")),
        ("Needs", held.groups()),
        ("Asked because", held.reason.clone()),
        ("By", told.by.clone()),
        ("Reason", told.reason.clone()),
    ];
    if told.event == ApprovalEvent::Asked {
        facts.push(("Until", time(held.expires_at)));
    }
    if config.shows_statement {
        facts.push(("Statement", held.text.clone()));
    }
    facts.retain(|(_, value)| !value.is_empty());
    facts.into_iter().map(|(name, value)| (name, visible(&cut(&value, CHAT_LETTERS_MAX)))).collect()
}

/// <https://docs.slack.dev/reference/block-kit/blocks>: as `plain_text` nothing calls anybody, nor is a link.
fn slack(title: &str, facts: &[(&str, String)], link: Option<String>) -> Value {
    let plain = |text: String| json!({ "type": "plain_text", "text": text, "emoji": false });
    let mut blocks = vec![json!({ "type": "header", "text": plain(title.to_owned()) })];
    for facts in facts.chunks(FIELDS_MAX) {
        let fields: Vec<Value> =
            facts.iter().map(|(name, value)| plain(format!("{name}\n{value}"))).collect();
        blocks.push(json!({ "type": "section", "fields": fields }));
    }
    if let Some(link) = link {
        blocks.push(json!({ "type": "section", "text": { "type": "mrkdwn", "text": format!("<{link}|Open the request>") } }));
    }
    json!({ "text": title, "blocks": blocks })
}

/// <https://learn.microsoft.com/en-us/connectors/teams/#microsoft-teams-webhook>: a `TextRun` is never read as Markdown.
fn teams(title: &str, facts: &[(&str, String)], link: Option<String>) -> Value {
    let run = |text: &str, weight: &str| json!({ "type": "TextRun", "text": text, "weight": weight });
    let mut body = vec![json!({
        "type": "TextBlock", "text": title, "weight": "bolder", "size": "medium", "wrap": true,
    })];
    body.extend(facts.iter().map(|(name, value)| {
        let inlines = [run(&format!("{name}: "), "bolder"), run(value, "default")];
        json!({ "type": "RichTextBlock", "inlines": inlines })
    }));
    let actions: Vec<Value> = link
        .into_iter()
        .map(|url| json!({ "type": "Action.OpenUrl", "title": "Open the request", "url": url }))
        .collect();
    let card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4",
        "body": body, "actions": actions,
    });
    json!({
        "type": "message",
        "attachments": [{ "contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": null, "content": card }],
    })
}

/// RFC 3339.
fn time(at: UnixMicros) -> String {
    Timestamp::from_microsecond(at.0).unwrap_or_default().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_over_time_and_body() {
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"0123456789abcdef");
        let of = |secs, body| signature(&key, secs, body);
        // printf 'v1:1790000000:{}' | openssl dgst -sha256 -hmac 0123456789abcdef
        assert_eq!(
            of(1_790_000_000, "{}"),
            "v1=ad10b40d1e481829c2d6784999216df309ff9bf95d9b0180d4dee4a3a96dc15b"
        );
        assert_ne!(of(1_790_000_000, "{}"), of(1_790_000_001, "{}"));
        assert_ne!(of(1_790_000_000, "{}"), of(1_790_000_000, "{ }"));
    }
}

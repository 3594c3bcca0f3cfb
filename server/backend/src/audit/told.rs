//! An entry as a person reads it: a sentence for the action, and the fields before and after.

use serde_json::{Map, Value};
use shared::{
    audit::{AuditEntry, Change, Outcome},
    whitelist::WhitelistMode,
};

use crate::db::row::audit::AuditRow;

/// What the words of an action are in a sentence: noun, and the same where nobody knows which one.
const NOUNS: &[(&str, &str, &str)] = &[
    ("alert", "the alert", "an alert"),
    ("audit", "the audit trail", "the audit trail"),
    ("invitation", "the invitation to", "an invitation"),
    ("key", "the key", "a key"),
    ("member", "the member", "a member"),
    ("organization", "the organization", "the organization"),
    ("permission", "the permission", "a permission"),
    ("role", "the role", "a role"),
    ("session", "the session", "a session"),
    ("team", "the team", "the team"),
    ("usage", "the usage", "the usage"),
    ("webhook", "the webhook", "a webhook"),
    ("whitelist", "the whitelist", "the whitelist"),
];

/// Verb, what was done, what somebody tried to do.
const VERBS: &[(&str, &str, &str)] = &[
    ("create", "Created", "create"),
    ("delete", "Deleted", "delete"),
    ("export", "Exported", "export"),
    ("get", "Looked at", "look at"),
    ("list", "Looked at", "look at"),
    ("pause", "Paused", "pause"),
    ("remove", "Removed", "remove"),
    ("resume", "Resumed", "resume"),
    ("revoke", "Revoked", "revoke"),
    ("rotate", "Rotated", "rotate"),
    ("update", "Edited", "edit"),
    ("withdraw", "Withdrew", "withdraw"),
];

/// Whole actions that are said in their own way. `{}` stands for the name.
const ACTIONS: &[(&str, &str, &str)] = &[
    ("account.password", "Changed their own password", "change their own password"),
    ("invitation.accept", "Joined the organization", "join the organization"),
    ("invitation.link", "Copied the link of the invitation to {}", "copy the link of an invitation"),
    ("invitation.resend", "Sent the invitation to {} again", "send an invitation again"),
    ("key.retire", "Retired the old secret of the key {}", "retire the old secret of a key"),
    ("key.contain", "Contained the compromised key {}", "contain a compromised key"),
    ("key.list", "Looked at the API keys", "look at the API keys"),
    ("many", "Did many things", "do many other things"),
    ("member.leave", "Left the organization", "leave the organization"),
    ("ownership.transfer", "Handed the ownership on to {}", "hand on the ownership"),
    ("page.open", "Opened a page", "open the page {}"),
    ("role.list", "Looked at the roles", "look at the roles"),
    ("session.create", "Signed in", "sign in"),
    ("session.delete", "Signed out", "sign out"),
    ("whitelist.create", "Added {} to the whitelist", "add to the whitelist"),
    ("whitelist.delete", "Removed {} from the whitelist", "remove from the whitelist"),
    ("whitelist.switch", "Switched the whitelist {}", "switch the whitelist"),
    ("whitelist.update", "Edited {} in the whitelist", "edit the whitelist"),
];

/// Why something was refused, after the words of [`super::attempts`].
const REASONS: &[(&str, &str)] = &[
    ("permission_missing", "The permission {} is missing."),
    ("above_ceiling", "It takes the permission {}, which they lack themselves."),
    ("owner_only", "Only the Organization Owner may do it."),
    ("last_owner", "An organization must have an Owner."),
    ("system_role_locked", "System roles are locked."),
    ("wrong_password", "The password was wrong."),
];

/// The entry, and what it tells in full.
pub(crate) fn told(row: AuditRow) -> (AuditEntry, Value) {
    // It is shown as it is, should somebody have changed it behind our back: the chain tells.
    let detail: Value = serde_json::from_str(&row.detail).unwrap_or(Value::String(row.detail));
    let outcome = Outcome::from_code(&row.outcome).unwrap_or(Outcome::Done);
    let half = |half: &str| detail.get(half).and_then(Value::as_object);
    let (before, after) = (half("before"), half("after"));
    let name = name(&detail, &row.action, &row.target);
    let entry = AuditEntry {
        seq: row.seq,
        at: row.at.0,
        actor: row.actor,
        actor_label: row.actor_label,
        sentence: sentence(&row.action, outcome, name.as_deref()),
        action: row.action,
        target: row.target,
        outcome,
        is_change: before.is_some() && after.is_some(),
        changes: changes(&detail, before, after),
        why: why(&detail, after),
        address: row.address,
        user_agent: row.user_agent,
        request_id: row.request_id,
        hash: hex(&row.hash.0),
    };
    (entry, detail)
}

/// Hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What the thing is called; what it is called now, if the name was changed.
fn name(detail: &Value, action: &str, target: &str) -> Option<String> {
    let of = |half: Option<&Value>| {
        let half = half?;
        ["name", "email", "owner"].into_iter().find_map(|field| half.get(field)?.as_str().map(str::to_owned))
    };
    // A permission's name is its id, and a page's its path.
    let itself = || (action.starts_with("permission.") || action == "page.open").then(|| target.to_owned());
    let named = || of(detail.get("after")).or_else(|| of(detail.get("before"))).or_else(|| of(Some(detail)));
    let whitelisted = if action.starts_with("whitelist.") { on_whitelist(detail) } else { None };
    whitelisted.or_else(named).or_else(itself)
}

/// What was done to the whitelist: which address it was about, or how many, or how it works from then on.
fn on_whitelist(detail: &Value) -> Option<String> {
    let about = detail.get("after").or_else(|| detail.get("before"))?;
    if let Some(entries) = about.as_array() {
        return Some(format!("{} addresses", entries.len()));
    }
    let text = |field| about.get(field).and_then(Value::as_str);
    let mode = || {
        let mode = text("mode")?;
        let told = WhitelistMode::from_code(mode).map(|mode| match mode {
            WhitelistMode::Off => "off",
            WhitelistMode::Report => "to reporting only",
            WhitelistMode::On => "on",
        });
        Some(told.unwrap_or(mode).to_owned())
    };
    text("address").map(str::to_owned).or_else(mode)
}

fn sentence(action: &str, outcome: Outcome, name: Option<&str>) -> String {
    let find = |table: &[(&'static str, &'static str, &'static str)], word: &str| {
        table.iter().find(|(found, ..)| *found == word).map(|(_, done, tried)| (*done, *tried))
    };
    let said = match (find(ACTIONS, action), outcome) {
        (Some((done, _)), Outcome::Done) => Some(done.to_owned()),
        (Some((_, tried)), Outcome::Refused) => Some(format!("Tried to {tried}")),
        (None, _) => None,
    };
    if let Some(said) = said {
        return said.replace("{}", name.unwrap_or("somebody"));
    }
    let (noun, verb) = action.rsplit_once('.').unwrap_or((action, ""));
    let verb = match (find(VERBS, verb), outcome) {
        (Some((done, _)), Outcome::Done) => done.to_owned(),
        (Some((_, tried)), Outcome::Refused) => format!("Tried to {tried}"),
        // Said in its own words, rather than not at all.
        (None, Outcome::Done) => format!("{}:", capitalized(verb)),
        (None, Outcome::Refused) => format!("Tried to {}", verb.replace('_', " ")),
    };
    let noun = match (find(NOUNS, noun), name) {
        (Some((this, _)), Some(name)) => format!("{this} {name}"),
        (Some((_, any)), None) => any.to_owned(),
        (None, name) => {
            [Some(noun.replace(['.', '_'], " ").as_str()), name].into_iter().flatten().collect::<Vec<_>>().join(" ")
        }
    };
    format!("{verb} {noun}")
}

/// The reason that somebody gave, or why it was refused.
fn why(detail: &Value, after: Option<&Map<String, Value>>) -> Option<String> {
    let reason = after.and_then(|after| after.get("reason")).or_else(|| detail.get("reason"))?.as_str()?;
    let permission = detail.get("permission").and_then(Value::as_str).unwrap_or_default();
    let refused = REASONS.iter().find(|(word, _)| after.is_none() && *word == reason);
    Some(refused.map_or_else(|| reason.to_owned(), |(_, said)| said.replace("{}", permission)))
}

fn changes(detail: &Value, before: Option<&Map<String, Value>>, after: Option<&Map<String, Value>>) -> Vec<Change> {
    let (none, whole) = (Map::new(), Map::new());
    let (before, after) = (before.unwrap_or(&none), after.unwrap_or(&none));
    let fields = before.keys().chain(after.keys().filter(|field| !before.contains_key(*field)));
    // An id beside what it is the id of tells nobody more.
    let is_told = |field: &&String| {
        let of = field.strip_suffix("_id");
        *field != "reason" && !of.is_some_and(|of| before.contains_key(of) || after.contains_key(of))
    };
    // What only the state before tells, to say which thing it is, was not changed: what became nothing is `null`.
    let later = |field: &str| after.get(field).or_else(|| before.get(field).filter(|_| !after.is_empty()));
    let fields = fields.filter(is_told).filter_map(|field| compared(field, before.get(field), later(field)));
    let others = detail.as_object().unwrap_or(&whole).iter();
    let others =
        others.filter(|(field, _)| !matches!(field.as_str(), "before" | "after" | "name" | "reason" | "permission"));
    // Many things that were made by one act.
    let made = detail.get("after").filter(|after| after.is_array());
    let made = made.and_then(|made| compared("added", None, Some(made)));
    fields.chain(made).chain(others.filter_map(|(field, value)| compared(field, None, Some(value)))).collect()
}

fn compared(field: &str, before: Option<&Value>, after: Option<&Value>) -> Option<Change> {
    let (before, after) = match (before, after) {
        // Of two lists, what is in one of them alone.
        (Some(Value::Array(a)), Some(Value::Array(b))) if a != b => {
            let without = |all: &[Value], others: &[Value]| {
                text(&Value::Array(all.iter().filter(|one| !others.contains(one)).cloned().collect()))
            };
            (without(a, b), without(b, a))
        }
        (before, after) => (before.and_then(text), after.and_then(text)),
    };
    (before.is_some() || after.is_some()).then(|| Change {
        field: capitalized(&field.replace('_', " ")),
        before,
        after,
    })
}

/// `None` for what is nothing.
fn text(value: &Value) -> Option<String> {
    let text = match value {
        Value::Null => return None,
        Value::String(text) => text.clone(),
        Value::Bool(is) => if *is { "yes" } else { "no" }.to_owned(),
        Value::Array(all) => all.iter().filter_map(text).collect::<Vec<_>>().join(", "),
        Value::Object(fields) => {
            let field =
                |(name, value): (&String, &Value)| Some(format!("{}: {}", name.replace('_', " "), text(value)?));
            fields.iter().filter_map(field).collect::<Vec<_>>().join(", ")
        }
        Value::Number(number) => number.to_string(),
    };
    (!text.is_empty()).then_some(text)
}

fn capitalized(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(action: &str, outcome: Outcome, detail: Value) -> String {
        sentence(action, outcome, name(&detail, action, "orders.read").as_deref())
    }

    #[test]
    fn actions_are_said_as_a_person_would() {
        use Outcome::{Done, Refused};
        for (action, outcome, detail, right) in [
            ("key.revoke", Done, json!({ "before": { "name": "Billing" } }), "Revoked the key Billing"),
            ("key.update", Done, json!({ "before": { "name": "A" }, "after": { "name": "B" } }), "Edited the key B"),
            ("key.revoke", Refused, json!({ "name": "Billing" }), "Tried to revoke the key Billing"),
            ("key.create", Refused, json!({}), "Tried to create a key"),
            ("invitation.create", Done, json!({ "after": { "email": "a@b.c" } }), "Created the invitation to a@b.c"),
            ("invitation.resend", Done, json!({ "after": { "email": "a@b.c" } }), "Sent the invitation to a@b.c again"),
            ("permission.delete", Done, json!({}), "Deleted the permission orders.read"),
            ("ownership.transfer", Done, json!({ "after": { "owner": "a@b.c" } }), "Handed the ownership on to a@b.c"),
            ("session.create", Refused, json!({}), "Tried to sign in"),
            ("team.list", Refused, json!({}), "Tried to look at the team"),
            (
                "whitelist.create",
                Done,
                json!({ "after": { "address": "192.0.2.0/24" } }),
                "Added 192.0.2.0/24 to the whitelist",
            ),
            ("whitelist.create", Done, json!({ "after": [{}, {}] }), "Added 2 addresses to the whitelist"),
            (
                "whitelist.switch",
                Done,
                json!({ "before": { "mode": "off" }, "after": { "mode": "report" } }),
                "Switched the whitelist to reporting only",
            ),
            ("whitelist.switch", Refused, json!({}), "Tried to switch the whitelist"),
            ("key.network.create", Done, json!({}), "Created key network"),
            ("thing.shake", Done, json!({}), "Shake: thing"),
            ("thing.shake_well", Refused, json!({}), "Tried to shake well thing"),
        ] {
            assert_eq!(said(action, outcome, detail), right);
        }
    }

    #[test]
    fn fields_are_compared_and_lists_by_what_differs() {
        let detail = json!({
            "before": { "name": "A", "role": "R", "role_id": "role_1", "permissions": ["a", "b"], "expires_at": null },
            "after": { "name": "B", "role": "R", "role_id": "role_1", "permissions": ["b", "c"], "reason": "Moved." },
            "holders": { "keys": 2, "members": 0 },
        });
        let half = |half: &str| detail[half].as_object();
        let changes = changes(&detail, half("before"), half("after"));
        let told: Vec<_> =
            changes.iter().map(|c| (c.field.as_str(), c.before.as_deref(), c.after.as_deref())).collect();
        assert_eq!(
            told,
            [
                ("Name", Some("A"), Some("B")),
                ("Permissions", Some("a"), Some("c")),
                ("Role", Some("R"), Some("R")),
                ("Holders", None, Some("keys: 2, members: 0")),
            ]
        );
        assert_eq!(why(&detail, half("after")).as_deref(), Some("Moved."));
        let revoked = json!({ "before": { "name": "A", "status": "active" }, "after": { "status": "revoked" } });
        let told = super::changes(&revoked, revoked["before"].as_object(), revoked["after"].as_object());
        assert!(told.iter().any(|change| change.field == "Name" && change.before == change.after), "{told:?}");
        let added = json!({ "after": [{ "address": "192.0.2.1" }, { "address": "192.0.2.2" }] });
        let told = super::changes(&added, None, None);
        assert_eq!(told[0].after.as_deref(), Some("address: 192.0.2.1, address: 192.0.2.2"));
        let refused = json!({ "reason": "permission_missing", "permission": "audit.view" });
        assert_eq!(why(&refused, None).as_deref(), Some("The permission audit.view is missing."));
    }
}

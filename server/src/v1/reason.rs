//! The words in `error.reason`: a closed set, so that programs can tell one refusal from another.

use http::StatusCode;
use shared::verify::Refusal;

/// The word of [`shared::AppError::Unavailable`].
pub(super) const UNAVAILABLE: &str = "unavailable";

/// Every word that is not about the calling key, with the status it comes with and what it means. Those about the key
/// are [`Refusal`]'s.
pub const REASONS: &[(&str, u16, &str)] = &[
    ("host", 400, "The request has no Host header, or several."),
    ("body_incomplete", 400, "The body broke off before its end."),
    ("invalid_json", 400, "The body is not JSON."),
    ("invalid_parameter", 400, "A parameter of the query is unknown, repeated or wrong. The detail names it."),
    ("invalid_header", 400, "A header cannot be read. The detail names it."),
    ("invalid_cursor", 400, "The cursor was made for another list or other filters. Begin without one."),
    ("unknown_zone", 400, "There is no time zone of this name."),
    ("invalid_address", 400, "The address in the path is none."),
    ("above_ceiling", 403, "The key would hand on a permission that it lacks itself."),
    ("system_role_locked", 403, "The four roles that come with every organization cannot be changed."),
    ("owner_only", 403, "Only the Organization Owner, a person, may do this."),
    ("not_found", 404, "There is nothing at this path, or nothing that the key may know of."),
    ("method_not_allowed", 405, "The path does not answer to this method. `Allow` lists those that it answers to."),
    ("body_too_slow", 408, "The body did not arrive in time."),
    (
        "conflict",
        409,
        "The request is right by itself and does not fit what there is: a name is taken, a role is gone.",
    ),
    ("wrong_state", 409, "The key's status does not allow it."),
    ("role_in_use", 409, "The role is held by somebody. Name a `replacement`."),
    ("last_owner", 409, "It would leave the organization without its Owner."),
    ("whitelist_empty", 409, "Switched on while it is empty, the whitelist refuses everybody. Say `accept_empty`."),
    ("limit_reached", 409, "There are as many as the plan, or the console, allows."),
    ("answer_lost", 409, "The same request was carried out before, and its answer is lost. Look at what there is now."),
    ("precondition_failed", 412, "Somebody changed it since. `ETag` says what it is now."),
    ("body_too_large", 413, "The body is too large."),
    ("content_type", 415, "The body must be sent as `application/json`."),
    ("invalid_field", 422, "A field of the body is missing, unknown or wrong. `error.fields` names it."),
    ("idempotency_key_reused", 422, "The Idempotency-Key was used for another request within the last 24 hours."),
    ("precondition_required", 428, "A change needs `If-Match`, so that nobody's edit is lost."),
    ("rate_limited", 429, "Too many requests in a minute. `Retry-After` says when to come back."),
    ("internal", 500, "A fault of ours. Report it with the request id."),
    ("starting", 503, "The server has just started and does not know the keys yet. Try again in a second."),
    (UNAVAILABLE, 503, "The database cannot be reached, or the change could not be saved. Try again."),
];

/// All words that come with `status`, with what they mean, in the order of the rules.
pub fn of_status(status: u16) -> impl Iterator<Item = (&'static str, &'static str)> {
    let of_key = Refusal::ALL.into_iter().filter(move |refusal| refusal.status() == status);
    let others = REASONS.iter().filter(move |(_, of, _)| *of == status).map(|(word, _, means)| (*word, *means));
    of_key.map(|refusal| (refusal.reason(), refusal.detail())).chain(others)
}

/// Whether this word may come with this status.
#[must_use]
pub fn is_known(status: StatusCode, reason: &str) -> bool {
    of_status(status.as_u16()).any(|(word, _)| word == reason)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_word_means_two_things() {
        let words: Vec<_> = (400..600).flat_map(of_status).map(|(word, _)| word).collect();
        assert_eq!(words.iter().collect::<HashSet<_>>().len(), words.len(), "{words:?}");
    }
}

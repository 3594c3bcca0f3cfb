//! What an operator's monitoring is told: numbers about this server, and nothing about anybody's keys.

use shared::verify::Refusal;

use crate::{Backend, UsageLag};

/// How the engine is doing, at this moment.
#[derive(Debug, Clone)]
pub struct Vitals {
    /// Whether the keys are loaded.
    pub is_ready: bool,
    /// Secrets in memory.
    pub secrets: usize,
    /// Verifications by outcome, `None` for allowed, since the start. Those of genuine secrets come up to a second late:
    /// with the notes about them.
    pub verifications: Vec<(Option<Refusal>, u64)>,
    /// Verifications that are not in the journal yet.
    pub notes_waiting: usize,
    /// Refusals that were counted, but whose details found no room.
    pub refusal_details_dropped: u64,
    /// What is on its way to the database.
    pub usage: UsageLag,
}

impl Backend {
    /// How the engine is doing. Reads memory only.
    #[must_use]
    pub fn vitals(&self) -> Vitals {
        let keyring = &self.inner.keyring;
        let recorder = &keyring.recorder;
        let strangers = recorder.strangers().map(|(refusal, count)| (Some(refusal), count));
        Vitals {
            is_ready: self.is_ready(),
            secrets: keyring.index.len(),
            verifications: recorder.answered().chain(strangers).collect(),
            notes_waiting: recorder.waiting(),
            refusal_details_dropped: recorder.details_dropped(),
            usage: self.inner.usage.lag(self.now()),
        }
    }
}

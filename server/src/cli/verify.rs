//! `ipaware verify`: whether the server would let a secret through.

use std::net::IpAddr;

use clap::Args;
use serde::Deserialize;
use serde_json::{Value, json};
use shared::verify::Refusal;

use super::{ask, client::Client, failure::Failure, output};

const PATH: &str = "/v1/verify";

/// What the secret should be good for.
#[derive(Debug, Args)]
#[command(after_help = "\
The secret comes from standard input, or is asked for on a terminal. It is never an argument.

Environment:
  IPAWARE_URL     The server, such as https://keys.example.com. Asked for on a terminal when it is not set.
  IPAWARE_SECRET  The secret of the key to ask with; its role needs api.key.verify.

Exit status:
  0  It is allowed.
  1  It is refused.
  2  It was called wrongly, or the key to ask with may not ask.
  3  The server cannot be reached, or cannot answer now.")]
pub struct Verify {
    /// What the role has to hold; several are all needed.
    #[arg(long = "permission", value_name = "PERMISSION")]
    permissions: Vec<String>,
    /// From where the secret was presented. Without it, a key that is bound to addresses is refused.
    #[arg(long, value_name = "ADDRESS")]
    ip: Option<IpAddr>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What the server says.
#[derive(Deserialize)]
struct Verdict {
    allowed: bool,
    reason: Option<String>,
    key_id: Option<String>,
    role: Option<String>,
}

impl Verify {
    /// Whether it is allowed.
    pub(super) fn run(self) -> Result<bool, Failure> {
        let client = Client::of_environment()?;
        let secret = ask::secret_to_look_at()?;
        let question = json!({ "secret": secret.expose(), "permission": self.permissions, "ip": self.ip });
        let answer = client.post(PATH, Some(&question)).map_err(Failure::of_question)?;
        let verdict: Verdict = answer.read()?;
        output::print(&if self.json { output::json(&answer.data) } else { said(&verdict) })?;
        Ok(verdict.allowed)
    }
}

/// `refused: paused. …`, and whose secret it is.
fn said(verdict: &Verdict) -> String {
    let mut lines = vec!["allowed".to_owned()];
    if !verdict.allowed {
        let reason = verdict.reason.as_deref().unwrap_or("no reason given");
        let detail = serde_json::from_value(Value::from(reason)).map_or("", Refusal::detail);
        lines = vec![format!("refused: {reason}. {detail}").trim_end().to_owned()];
    }
    if let Some(id) = &verdict.key_id {
        lines.push(format!("key: {id}, role: {}", verdict.role.as_deref().unwrap_or_default()));
    }
    lines.iter().map(|line| output::plain(line)).collect::<Vec<_>>().join("\n")
}

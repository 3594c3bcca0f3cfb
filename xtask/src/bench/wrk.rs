//! wrk: 32 connections, another key in each request.
use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use super::driven::{Driven, pinned};
use crate::process::capture;

const CONNECTIONS: u32 = 32;

/// Asks for each secret of its list in turn. wrk calls `init` with the arguments after `--`.
const SCRIPT: &str = r#"
local requests, count, at = {}, 0, 0

function init(args)
  local number, step = 0, tonumber(args[2])
  for secret in io.lines(args[1]) do
    if number % step == 0 then
      count = count + 1
      requests[count] = "GET /v1/verify?permission=ip.lookup HTTP/1.1\r\nHost: localhost\r\n"
        .. "Authorization: Bearer " .. secret .. "\r\n\r\n"
    end
    number = number + 1
  end
end

function request()
  at = at % count + 1
  return requests[at]
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format("result %d %d %d %.1f %.1f\n", summary.requests, summary.duration,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
"#;

/// wrk waits for so many milliseconds before each request, if there is such a function.
const AT_LEISURE: &str = r#"
function delay()
  return math.random(1, 3)
end
"#;

/// Which keys are asked about, and how.
pub(super) struct Load {
    secrets: PathBuf,
    step: u32,
    haste: Haste,
}

/// How soon after an answer the next request follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Haste {
    /// At once: the server has as much to do as it can.
    Full,
    /// Some milliseconds later: about an eighth of that.
    AtLeisure,
}

/// What came of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measured {
    /// CPU of the server for each request.
    pub(super) cpu_micros: f64,
    pub(super) per_second: f64,
    pub(super) p50_micros: f64,
    pub(super) p99_micros: f64,
}

impl Load {
    /// Each `step`th secret of the list in this folder.
    pub(super) fn of(folder: &Path, step: u32, haste: Haste) -> Self {
        Self { secrets: folder.join("secrets"), step, haste }
    }

    pub(super) fn run(&self, server: &Driven, seconds: u32) -> Result<Measured> {
        let script = self.secrets.with_extension("lua");
        let delay = match self.haste {
            Haste::Full => "",
            Haste::AtLeisure => AT_LEISURE,
        };
        fs::write(&script, [SCRIPT, delay].concat())?;
        let mut wrk = Command::new("wrk");
        wrk.args(["--threads", "1", "--connections", &CONNECTIONS.to_string()]);
        wrk.args(["--duration", &format!("{seconds}s"), "--script"]).arg(&script);
        wrk.arg(format!("http://{}/", server.address)).arg("--").arg(&self.secrets).arg(self.step.to_string());
        let before = server.cpu()?;
        let output = capture(&mut pinned(wrk, 1)?)?;
        let cpu = server.cpu()?.saturating_sub(before);
        let text = String::from_utf8_lossy(&output.stdout);
        let result = text.lines().find_map(|line| line.strip_prefix("result ")).with_context(|| {
            let mut said = text.clone().into_owned();
            _ = write!(said, "{}", String::from_utf8_lossy(&output.stderr));
            format!("wrk did not say what came of it: {said}")
        })?;
        let numbers = result.split(' ').map(str::parse::<f64>).collect::<Result<Vec<_>, _>>()?;
        let &[requests, duration_micros, errors, p50_micros, p99_micros] = numbers.as_slice() else {
            bail!("wrk said {result:?}")
        };
        if requests < 1.0 || errors > 0.0 {
            bail!("{errors} of {requests} requests were not answered with 200");
        }
        Ok(Measured {
            cpu_micros: cpu.as_secs_f64() * 1e6 / requests,
            per_second: requests * 1e6 / duration_micros,
            p50_micros,
            p99_micros,
        })
    }
}

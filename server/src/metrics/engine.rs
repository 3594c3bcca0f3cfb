//! The engine's numbers, read from it whenever somebody asks.

use std::fmt::Error;

use backend::{Backend, Vitals};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric as _},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
};

/// The engine.
#[derive(Debug)]
pub(super) struct Engine(pub(super) Backend);

impl Collector for Engine {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        let Vitals { is_ready, secrets, verifications, notes_waiting, refusal_details_dropped, usage } =
            self.0.vitals();
        let mut family =
            encoder.encode_descriptor("verifications", "Verifications by outcome", None, MetricType::Counter)?;
        for (outcome, count) in verifications {
            let outcome = outcome.map_or("allowed", |refusal| refusal.reason());
            let counter = ConstCounter::new(count);
            counter.encode(family.encode_family(&[("outcome", outcome)])?)?;
        }
        let counters = [
            ("refusal_details_dropped", "Refusals counted without their details", refusal_details_dropped),
            ("usage_journal_failures", "How often the usage journal could not be written to", usage.journal_failures),
        ];
        for (name, help, value) in counters {
            ConstCounter::new(value).encode(encoder.encode_descriptor(name, help, None, MetricType::Counter)?)?;
        }
        let gauges = [
            ("ready", "Whether the keys are loaded", u64::from(is_ready)),
            ("secrets", "Secrets in memory", secrets as u64),
            ("usage_notes_waiting", "Verifications since the journal was last written to", notes_waiting as u64),
            ("usage_unwritten", "Numbers and notes that the database does not have yet", usage.unwritten),
            ("usage_lag_seconds", "How long the oldest of them has been waiting", usage.seconds),
            ("usage_journal_bytes", "Length of the open part of the usage journal", usage.journal_bytes),
        ];
        for (name, help, value) in gauges {
            let value = i64::try_from(value).unwrap_or(i64::MAX);
            ConstGauge::new(value).encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)?;
        }
        Ok(())
    }
}

//! Where log lines and traces go. Lines go to stderr, as text for people or as JSON for machines: standard output is left
//! for what scripts wait for (`listening on …`). Traces go to a collector that speaks OpenTelemetry's protocol (OTLP over
//! HTTP), if one is named.
//!
//! A trace has a span for each request, with the same facts as its line in the log: no query, no header, no body. A
//! verification has none: it takes less time than a span would.

mod collector;

use std::{io::IsTerminal as _, time::Duration};

use anyhow::{Context as _, Result};
use http::HeaderMap;
use opentelemetry::{propagation::TextMapPropagator as _, trace::TracerProvider as _};
use opentelemetry_http::HeaderExtractor;
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::{Resource, propagation::TraceContextPropagator, trace::SdkTracerProvider};
use tracing::{Level, Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::{
    EnvFilter, Layer,
    filter::{FilterExt as _, LevelFilter, filter_fn},
    fmt::{self, MakeWriter},
    layer::SubscriberExt as _,
    registry::LookupSpan,
    util::SubscriberInitExt as _,
};

use self::collector::Collector;
use crate::config::LogFormat;

/// What spans are for: the log does not show them.
const TRACES: &str = "traces";
/// What our own lines are about.
const OUR_TARGETS: [&str; 6] = ["access", "app", "backend", "ipaware", "server", "shared"];
/// How long the last spans may take to leave when the server stops.
const FAREWELL: Duration = Duration::from_secs(5);

/// The traces on their way. To be [finished](Self::finish) when the server stops.
#[derive(Debug)]
pub struct Traces(Option<SdkTracerProvider>);

/// Starts logging, and tracing to `collector`, the base of an OTLP endpoint such as `http://localhost:4318`. `RUST_LOG`
/// chooses what is logged; without it everything from `info` on is. The service's name, the share of requests that are
/// traced and further headers are OpenTelemetry's own variables (`OTEL_SERVICE_NAME`, `OTEL_TRACES_SAMPLER`,
/// `OTEL_EXPORTER_OTLP_HEADERS`).
///
/// # Errors
/// When the endpoint cannot be used.
pub fn start(format: LogFormat, collector: Option<&str>) -> Result<Traces> {
    let provider = collector.map(provider).transpose()?;
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let spans = provider.as_ref().map(|provider| {
        tracing_opentelemetry::layer()
            .with_tracer(provider.tracer("ipaware"))
            .with_location(false)
            .with_threads(false)
            .with_filter(filter_fn(|metadata| metadata.target() == TRACES).with_max_level_hint(LevelFilter::INFO))
    });
    tracing_subscriber::registry().with(lines(format, filter, std::io::stderr)).with(spans).init();
    Ok(Traces(provider))
}

/// Lines of the log: what `filter` chooses, but of other people's code nothing below `info`, where a database driver
/// writes the values of its queries and an HTTP library its headers.
pub fn lines<S, W>(format: LogFormat, filter: EnvFilter, to: W) -> impl Layer<S>
where
    S: Subscriber + for<'s> LookupSpan<'s>,
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let lines = fmt::layer().with_writer(to);
    let lines = match format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    let is_ours = |target: &str| OUR_TARGETS.contains(&target.split("::").next().unwrap_or_default());
    let allowed = filter_fn(move |metadata| {
        metadata.target() != TRACES && (*metadata.level() <= Level::INFO || is_ours(metadata.target()))
    });
    // Said in advance: asked each time, a filter of one layer never says no for the whole, and what is not written costs
    // nearly as much as what is.
    lines.with_filter(filter.and(allowed.with_max_level_hint(LevelFilter::TRACE)))
}

fn provider(endpoint: &str) -> Result<SdkTracerProvider> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(Collector::default())
        .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
        .build()
        .context("the traces cannot be sent there (--otlp-endpoint, OTEL_EXPORTER_OTLP_ENDPOINT)")?;
    let mut resource = Resource::builder();
    if std::env::var_os("OTEL_SERVICE_NAME").is_none() {
        resource = resource.with_service_name("ipaware");
    }
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource.build()).build())
}

impl Traces {
    /// Sends what is still here.
    pub fn finish(self) {
        if let Some(Err(error)) = self.0.map(|provider| provider.shutdown_with_timeout(FAREWELL)) {
            tracing::warn!(%error, "the last traces may be lost");
        }
    }
}

/// The span of a request, as part of its client's trace if that says so (W3C Trace Context). Nothing where nobody
/// collects traces. Names are those of OpenTelemetry's conventions for HTTP.
#[must_use]
pub fn request_span(method: &http::Method, path: &str, headers: &HeaderMap, request_id: &str) -> Span {
    let span = tracing::info_span!(
        target: TRACES,
        "request",
        otel.name = %method,
        otel.kind = "server",
        http.request.method = %method,
        http.response.status_code = tracing::field::Empty,
        url.path = path,
        ipaware.request_id = request_id,
    );
    if !span.is_disabled() {
        let parent = TraceContextPropagator::new().extract(&HeaderExtractor(headers));
        // Only fails where no layer collects, and then nothing is lost.
        _ = span.set_parent(parent);
    }
    span
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_written_is_known_before_it_is_made() {
        for (chosen, most) in [
            ("info", LevelFilter::INFO),
            ("warn", LevelFilter::WARN),
            ("warn,access=debug", LevelFilter::DEBUG),
            ("off", LevelFilter::OFF),
        ] {
            let lines = lines(LogFormat::Text, EnvFilter::new(chosen), std::io::sink);
            let subscriber =
                tracing_subscriber::registry().with(lines).with(None::<tracing_subscriber::layer::Identity>);
            assert_eq!(subscriber.max_level_hint(), Some(most), "{chosen}");
        }
    }
}

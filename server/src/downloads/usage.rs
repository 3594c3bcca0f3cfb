//! Requests and refusals of the organization, or of one of its keys, as a file: a line for each part of the window.

use axum::response::Response;
use backend::{authz::UsageRead, calendar::Zone};
use shared::{
    AppError,
    usage::{Bucket, UsageSeries, Window},
};

use super::{Download, Kind, Refused, csv};

const COLUMNS: [&str; 5] = ["begins_at", "name", "requests", "allowed", "refused"];

/// `GET /download/usage.csv`, by the values that the page's own address has, and the zone that it was drawn in.
pub(super) async fn csv(download: Download<UsageRead>) -> Result<Response, Refused> {
    let query: Vec<(String, String)> = form_urlencoded::parse(download.query.as_bytes()).into_owned().collect();
    let value = |name: &str| query.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
    let key = match value("key").map(str::parse) {
        Some(Ok(key)) => Some(key),
        Some(Err(_)) => return Err(Refused(AppError::not_found("API key"))),
        None => None,
    };
    let window = value("window").and_then(Window::from_code).unwrap_or(Window::Month);
    let zone = value("zone").and_then(Zone::of).unwrap_or_else(Zone::utc);
    let (backend, permit) = (download.backend.clone(), download.permit.clone());
    let write = move |_: Option<()>| {
        let (backend, permit, zone) = (backend.clone(), permit.clone(), zone.clone());
        async move { Ok((lines(&backend.usage_series(&permit, key, window, &zone).await?), None)) }
    };
    download.streamed("usage", Kind::Csv, write).await
}

fn lines(series: &UsageSeries) -> String {
    let line = |Bucket { begins, name, answers, .. }: &Bucket| {
        let [requests, allowed, refused] =
            [answers.requests(), answers.allowed, answers.refused].map(|n| n.to_string());
        csv::line([begins.rfc3339().as_str(), name, &requests, &allowed, &refused])
    };
    std::iter::once(csv::line(COLUMNS)).chain(series.buckets.iter().map(line)).collect()
}

//! Alerts: the list, from when on there are any, and the webhooks that hear of them.

pub mod api;

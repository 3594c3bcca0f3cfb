//! Alerts: the list, from when on there are any, and the webhooks that hear of them.

pub mod api;
mod deliveries;
mod filters;
mod kind_checks;
mod list_url;
pub mod page;
mod settings_dialogs;
pub mod settings_page;
mod settings_tab;
mod tab;
mod table;
mod threshold_form;
mod webhook_form;
mod webhook_row;
mod webhook_secret;

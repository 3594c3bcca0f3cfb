//! Alerts: the list, from when on there are any, and the webhooks that hear of them.

pub mod api;
mod deliveries;
mod filters;
mod kind_checks;
mod list_url;
mod mute_section;
pub mod page;
pub mod settings_page;
mod tab;
mod table;
mod threshold_section;
mod webhook_dialogs;
mod webhook_form;
mod webhook_section;

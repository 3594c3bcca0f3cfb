//! Building blocks of pages. They know nothing of the product, only of people, screens and keyboards.

pub mod badge;
pub mod banner;
pub(crate) mod browser;
pub mod button;
pub mod chart;
pub mod copy;
pub mod copy_field;
pub mod dialog;
pub mod dialog_form;
pub mod empty_state;
pub mod field;
pub mod filters;
pub mod form;
pub mod guarded_link;
pub mod icon;
pub mod menu;
pub mod number;
pub mod pager;
pub mod password_field;
pub mod table;
pub mod time;
pub mod toast;
pub mod unavailable;

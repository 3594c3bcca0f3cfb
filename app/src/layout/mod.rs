//! What is around the pages.

pub(crate) mod account_menu;
mod bell;
pub mod forbidden;
pub mod frame;
pub(crate) mod loaded;
mod organization_switch;
pub mod page_header;
pub mod plain_frame;
pub mod section;
pub mod skeleton;
mod theme;

//! What is around the pages.

mod account_menu;
pub mod forbidden;
pub mod frame;
pub mod page_header;
pub mod plain_frame;
pub mod skeleton;
mod theme;

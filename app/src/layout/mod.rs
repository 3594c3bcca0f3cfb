//! What is around the pages.

mod account_menu;
pub mod frame;
pub mod page_header;
pub mod plain_frame;
mod theme;

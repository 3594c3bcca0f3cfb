//! One folder per feature: its server functions, forms and pages stand side by side.

pub mod account;
pub mod alerts;
pub mod audit;
pub mod keys;
pub mod roles;
pub mod settings;
pub mod team;
pub mod usage;
pub mod whitelist;

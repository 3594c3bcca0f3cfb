//! The words that browser and server share: ids, permissions, parameters, views, errors, the rules of a field.
//!
//! Nothing here reads a clock, draws a random number or does I/O, so all of it compiles to WebAssembly and every
//! function gives the same answer on both sides.

pub mod account;
pub mod alert;
pub mod audit;
pub mod base62;
pub mod error;
pub mod explain;
pub mod field;
pub mod id;
pub mod incident;
pub mod key;
pub mod limit;
pub mod network;
pub mod organization;
pub mod page;
pub mod path;
pub mod permission;
pub mod role;
pub mod rotation;
pub mod team;
pub mod timestamp;
pub mod usage;
pub mod verify;
pub mod webhook;
pub mod whitelist;

pub use error::AppError;
pub use id::{
    AlertId, DeliveryId, IncidentId, InvitationId, KeyId, MailId, MemberId, NetworkId, OrganizationId, RoleId,
    SecretId, SessionId, UserId, WebhookId,
};
pub use permission::{Grants, Permission, PermissionSet};
pub use timestamp::Timestamp;

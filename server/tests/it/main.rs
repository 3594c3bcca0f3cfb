//! The server as its callers see it: over a real connection, with a fresh database for every test, on SQLite and on
//! PostgreSQL. One file per operation or outcome; each test's name states what is guaranteed.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test may fail anywhere")]

mod harness;

mod application_permission;
mod audit;
mod audit_export;
mod ceiling;
mod cli;
mod client_address;
mod conditional;
mod cross_site;
mod cursor;
mod docs;
mod durability;
mod endpoint_coverage;
mod flood;
mod guard;
mod health;
mod http_limits;
mod idempotency;
mod invitation;
mod ip;
mod key_attention;
mod key_create;
mod key_limit_race;
mod key_list;
mod key_notes;
mod key_pause;
mod key_rate_limits;
mod key_refused;
mod key_resume;
mod key_revoke;
mod key_rotate;
mod key_update;
mod keys_as_actors;
mod mail;
mod manage_keys;
mod manage_roles;
mod manage_team;
mod me;
mod member;
mod metrics;
mod openapi;
mod organization;
mod own_account;
mod pages;
mod pepper;
mod proxy;
mod quota;
mod rate_limit;
mod role;
mod secrets_nowhere;
mod security_headers;
mod security_txt;
mod session;
mod sign_in;
mod sign_out;
mod sign_up;
mod start_and_stop;
mod usage;
mod usage_series;
mod verify_forward_auth;
mod verify_question;

//! `ipaware roles`: what keys and members may do.

use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use shared::{RoleId, role::RoleHolders};

use super::{
    ask,
    client::{Answer, Client, read},
    failure::Failure,
    output,
};

const PATH: &str = "/v1/roles";

/// What to do with roles.
#[derive(Debug, Args)]
#[command(after_help = super::ENVIRONMENT)]
pub struct Roles {
    #[command(subcommand)]
    command: Command,
    /// Print the server's own JSON.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the roles: the four that come with every organization, then its own by name.
    List(Filters),
    /// Show a role with its permissions.
    Show(Which),
    /// Create a role. You have to hold every permission that you put in.
    Create(New),
    /// Change a role, for the very next request of whoever holds it. Refused if somebody else changes it at the same
    /// moment.
    Edit(Edit),
    /// Delete a role.
    Delete(Delete),
}

#[derive(Debug, Args)]
struct Which {
    /// The role's ID or its exact name.
    #[arg(value_name = "ROLE")]
    role: String,
}

#[derive(Debug, Args)]
struct Filters {
    /// Part of a name, a description, or the name of a permission.
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// How many at most. [default: all]
    #[arg(long, value_name = "NUMBER")]
    limit: Option<usize>,
}

#[derive(Debug, Args)]
struct New {
    /// No two roles of an organization have the same.
    #[arg(long)]
    name: String,
    /// One line about it.
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    description: String,
    /// What it may do, such as api.key.view. To be repeated.
    #[arg(long = "permission", value_name = "PERMISSION")]
    permissions: Vec<String>,
}

#[derive(Debug, Args)]
struct Edit {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    changes: Changes,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
struct Changes {
    /// Another name.
    #[arg(long)]
    name: Option<String>,
    /// Another line about it.
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// A permission that it gets. May be repeated.
    #[arg(long, value_name = "PERMISSION")]
    add: Vec<String>,
    /// A permission that it loses. May be repeated.
    #[arg(long, value_name = "PERMISSION")]
    remove: Vec<String>,
}

#[derive(Debug, Args)]
struct Delete {
    #[command(flatten)]
    which: Which,
    /// What its keys, members and invitations get instead: an ID or a name. Needed when there are any.
    #[arg(long, value_name = "ROLE")]
    replacement: Option<String>,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
}

/// What is shown of a role.
#[derive(Deserialize)]
struct Role {
    id: RoleId,
    name: String,
    description: String,
    system: Option<String>,
    permissions: Vec<String>,
    holders: RoleHolders,
}

impl Role {
    fn kind(&self) -> String {
        if self.system.is_some() { "system" } else { "custom" }.to_owned()
    }
}

impl Roles {
    pub(super) fn run(self) -> Result<(), Failure> {
        let Self { command, json } = self;
        let client = Client::of_environment()?;
        match command {
            Command::List(filters) => list(&client, filters, json),
            Command::Show(which) => show(&client.get(&path(find(&client, &which.role)?))?, json),
            Command::Create(new) => create(&client, new, json),
            Command::Edit(edit) => edit_role(&client, edit, json),
            Command::Delete(delete) => delete_role(&client, &delete, json),
        }
    }
}

fn path(id: RoleId) -> String {
    format!("{PATH}/{id}")
}

/// The role that somebody names by its ID or by its exact name.
pub(super) fn find(client: &Client, named: &str) -> Result<RoleId, Failure> {
    if let Ok(id) = named.parse() {
        return Ok(id);
    }
    let items = client.list(PATH, &[("q", named.to_owned())], None)?;
    let roles = items.iter().map(read).collect::<Result<Vec<Role>, _>>()?;
    let found = roles.into_iter().find(|role| role.name == named);
    found.map(|role| role.id).ok_or_else(|| {
        Failure::refused(format!("There is no role {named:?} in this organization. See `ipaware roles list`."))
    })
}

fn list(client: &Client, filters: Filters, json: bool) -> Result<(), Failure> {
    let Filters { search, limit } = filters;
    let filters: Vec<_> = search.map(|search| ("q", search)).into_iter().collect();
    let items = client.list(PATH, &filters, limit)?;
    if json {
        return output::print(&output::json(&Value::from(items)));
    }
    let roles = items.iter().map(read).collect::<Result<Vec<Role>, _>>()?;
    let rows = roles.into_iter().map(|role| {
        let (kind, count) = (role.kind(), role.permissions.len().to_string());
        [role.name, role.id.to_string(), kind, count, role.holders.said(), role.description]
    });
    output::print(&output::table(["Name", "Id", "Kind", "Permissions", "Held by", "Description"], rows))
}

fn create(client: &Client, new: New, json: bool) -> Result<(), Failure> {
    let New { name, description, permissions } = new;
    let body = json!({ "name": name, "description": description, "permissions": permissions });
    show(&client.post(PATH, Some(&body))?, json)
}

fn edit_role(client: &Client, edit: Edit, json: bool) -> Result<(), Failure> {
    let path = path(find(client, &edit.which.role)?);
    let Changes { name, description, add, remove } = edit.changes;
    let seen = client.get(&path)?;
    let permissions = if add.is_empty() && remove.is_empty() {
        None
    } else {
        let role: Role = seen.read()?;
        Some(changed(role.permissions, add, &remove)?)
    };
    let fields = [
        ("name", name.map(Value::from)),
        ("description", description.map(Value::from)),
        ("permissions", permissions.map(Value::from)),
    ];
    let change: Map<_, _> = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
    show(&client.patch(&path, &seen, &change.into())?, json)
}

/// A mistyped permission must not look as if it had been taken away.
fn changed(mut held: Vec<String>, add: Vec<String>, remove: &[String]) -> Result<Vec<String>, Failure> {
    if let Some(unknown) = remove.iter().find(|name| !held.contains(name)) {
        return Err(Failure::refused(format!("The role does not hold {unknown}. Nothing was changed.")));
    }
    held.retain(|name| !remove.contains(name));
    for name in add {
        if !held.contains(&name) {
            held.push(name);
        }
    }
    Ok(held)
}

fn delete_role(client: &Client, delete: &Delete, json: bool) -> Result<(), Failure> {
    let mut path = path(find(client, &delete.which.role)?);
    let replacement = delete.replacement.as_ref().map(|role| find(client, role)).transpose()?;
    let seen = client.get(&path)?;
    let role: Role = seen.read()?;
    if !delete.yes {
        ask::confirm(&format!("The role {}, held by {}, will be deleted.", role.name, role.holders.said()))?;
    }
    if let Some(replacement) = replacement {
        path = format!("{path}?replacement={replacement}");
    }
    let gone = client.delete(&path, &seen)?;
    output::print(&if json { output::json(&gone.data) } else { format!("{} was deleted.", role.id) })
}

fn show(answer: &Answer, json: bool) -> Result<(), Failure> {
    if json {
        return output::print(&output::json(&answer.data));
    }
    let role: Role = answer.read()?;
    output::print(&output::details([
        ("Name", vec![role.name.clone()]),
        ("Id", vec![role.id.to_string()]),
        ("Kind", vec![role.kind()]),
        ("Description", vec![role.description]),
        ("Held by", vec![role.holders.said()]),
        ("Permissions", role.permissions),
    ]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn permissions_are_added_once_and_taken_away_only_if_they_are_there() {
        let held = names(&["a", "b"]);
        assert_eq!(changed(held.clone(), names(&["b", "c"]), &names(&["a"])).expect("a change"), names(&["b", "c"]));
        assert!(changed(held, names(&[]), &names(&["x"])).expect_err("mistyped").to_string().contains('x'));
    }
}

//! Every permission there is, under its heading: the catalogue, then the organization's own.

use shared::{Permission, permission::ApplicationPermission};

/// The heading of the organization's own.
const APPLICATION: &str = "Application";

/// A permission with its sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) name: String,
    pub(super) says: String,
}

/// The permissions under one heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) title: &'static str,
    pub(super) lines: Vec<Line>,
}

/// All of them, in the order in which pages show them.
pub(super) fn groups(own: &[ApplicationPermission]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for permission in Permission::ALL {
        let line = Line { name: permission.name().to_owned(), says: permission.description().to_owned() };
        let title = permission.group().title();
        match groups.last_mut() {
            Some(group) if group.title == title => group.lines.push(line),
            _ => groups.push(Group { title, lines: vec![line] }),
        }
    }
    if !own.is_empty() {
        let lines = own.iter().map(|own| Line { name: own.name.clone(), says: own.description.clone() }).collect();
        groups.push(Group { title: APPLICATION, lines });
    }
    groups
}

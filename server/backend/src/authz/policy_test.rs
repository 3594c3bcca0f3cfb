//! The policy as a table. Whoever changes what a system role may do sees it here.

use shared::{Permission, role::SystemRole};

use super::OPERATIONS;

#[test]
fn system_roles_hold_exactly_these_permissions() {
    let mut table = format!("{:36}", "");
    for role in SystemRole::ALL {
        table.push_str(&format!("{:>21}", role.name()));
    }
    for permission in Permission::ALL {
        table.push_str(&format!("\n{:36}", permission.name()));
        for role in SystemRole::ALL {
            table.push_str(&format!("{:>21}", if role.permissions().contains(*permission) { "yes" } else { "-" }));
        }
    }
    insta::assert_snapshot!(table);
}

#[test]
fn every_operation_takes_this_permission_and_these_system_roles_may() {
    let mut table = format!("{:20}{:36}", "", "");
    for role in SystemRole::ALL {
        table.push_str(&format!("{:>21}", role.name()));
    }
    for (operation, permission) in OPERATIONS {
        let name = permission.map_or("(a session)", Permission::name);
        table.push_str(&format!("\n{operation:20}{name:36}"));
        for role in SystemRole::ALL {
            let may = permission.is_none_or(|permission| role.permissions().contains(permission));
            table.push_str(&format!("{:>21}", if may { "yes" } else { "-" }));
        }
    }
    insta::assert_snapshot!(table);
}

/// A permission that no operation takes is a promise that nobody keeps; these are asked for elsewhere, or later.
#[test]
fn every_permission_of_the_catalogue_is_asked_for_by_something() {
    const ELSEWHERE: [Permission; 2] = [Permission::KeyVerify, Permission::IpLookup];
    for permission in Permission::ALL {
        let taken = OPERATIONS.iter().any(|(_, taken)| *taken == Some(*permission));
        assert_ne!(taken, ELSEWHERE.contains(permission), "{permission}");
    }
}

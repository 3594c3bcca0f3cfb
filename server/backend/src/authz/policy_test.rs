//! The policy as a table. Whoever changes what a system role may do sees it here.

use shared::{Permission, role::SystemRole};

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

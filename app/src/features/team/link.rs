//! The link of an invitation: whoever has it can accept, so it is shown to be handed on, and kept nowhere in the page.

use leptos::prelude::*;
use shared::team::InvitationSent;

use super::tab::Tab;
use crate::ui::{
    banner::{Banner, Severity},
    browser,
    copy_field::CopyField,
};

const LINK: &str = "invitation-link";

/// Why the link is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum LinkNews {
    /// Somebody was invited.
    Invited(InvitationSent),
    /// They were invited again.
    Resent(InvitationSent),
    /// It was to be copied, and the browser has refused.
    NotCopied {
        /// Whose it is.
        email: String,
        /// The link.
        link: String,
    },
}

impl LinkNews {
    /// The dialog's heading.
    pub(super) const fn title(&self) -> &'static str {
        match self {
            Self::Invited(_) => "Invitation sent",
            Self::Resent(_) => "Invitation sent again",
            Self::NotCopied { .. } => "Copy the link by hand",
        }
    }
}

/// What was done, the link, and the one button.
#[component]
pub(super) fn HandOn(tab: Tab, news: LinkNews) -> impl IntoView {
    let (what, link, mailed) = match news {
        LinkNews::Invited(InvitationSent { invitation, link, by_mail }) => {
            let what = view! {
                <strong>{invitation.email}</strong>" is invited as "{invitation.role.name}
                ". The invitation is valid for seven days, until "{invitation.expires_at.exact()}"."
            };
            (what.into_any(), link, Some(by_mail))
        }
        LinkNews::Resent(InvitationSent { invitation, link, by_mail }) => {
            let what = view! {
                "The invitation of "<strong>{invitation.email}</strong>" has a new link and is valid for seven days again, until "
                {invitation.expires_at.exact()}". The old link works no longer."
            };
            (what.into_any(), link, Some(by_mail))
        }
        LinkNews::NotCopied { email, link } => {
            let what = view! { "The browser did not allow copying the link for "<strong>{email}</strong>"." };
            (what.into_any(), link, None)
        }
    };
    let mailed = mailed.map(|by_mail| {
        if by_mail {
            view! { <p>"It is on its way by mail. You can also hand the link on yourself."</p> }.into_any()
        } else {
            view! {
                <Banner severity=Severity::Warning>
                    <p>
                        <strong>"No mail server is set up, so nobody has got this link yet."</strong>
                        " Copy it and hand it on yourself."
                    </p>
                </Banner>
            }
            .into_any()
        }
    });
    // The form that had the focus is gone. The link is what comes next.
    Effect::new(|_| _ = browser::select_text(LINK));
    view! {
        <div class="form">
            <p role="status">{what}</p>
            {mailed}
            <CopyField
                id=LINK
                label="Invitation link"
                text=link
                what="invitation link"
                help="Whoever has this link can accept the invitation. Hand it on to nobody else."
            />
            <footer class="dialog-footer">
                <button type="button" class="button button-primary" on:click=move |_| tab.tasks.close()>"Done"</button>
            </footer>
        </div>
    }
}

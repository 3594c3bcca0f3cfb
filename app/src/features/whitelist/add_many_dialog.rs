//! Many addresses at once, a line for each. What is added goes away from the lines; what is not stays, with the reason.

use leptos::prelude::*;
use shared::{
    network::Network,
    whitelist::{LINES_MAX, LineOutcome, WhitelistAddParams, WhitelistLine},
};

use super::{api::whitelist_add, tab::Tab};
use crate::ui::{
    dialog_form::DialogForm,
    field::{Field, described_by},
    form::Problems,
    icon::{Glyph, Icon},
};

/// The form's prefix.
const FORM: &str = "add-many";

/// A line with what is known of it.
type Known = (WhitelistLine, LineOutcome);

/// The form.
#[component]
pub(super) fn AddManyForm(tab: Tab) -> impl IntoView {
    let problems = RwSignal::new(Problems::default());
    let pending = RwSignal::new(false);
    // What became of the lines that were sent last.
    let known = RwSignal::new(Vec::<Known>::new());
    let lines = Memo::new(move |_| WhitelistLine::read_all(&tab.lines.read()));
    let send = move |()| {
        let sent = lines.get_untracked();
        if !(1..=LINES_MAX).contains(&sent.len()) {
            let wrong = format!("Paste 1 to {LINES_MAX} lines at once; this has {}.", sent.len());
            return problems.set(Problems::from_checks([("lines", Some(wrong))]));
        }
        problems.set(Problems::default());
        // What was warned about before is sent a second time: it is meant.
        let accept = known.read_untracked().iter().any(|(_, outcome)| matches!(outcome, LineOutcome::Unsure { .. }));
        let params = WhitelistAddParams { lines: sent.clone(), accept };
        tab.tasks.call(pending, whitelist_add(params), move |answer| match answer {
            Ok(outcomes) => {
                let outcomes: Vec<Known> = sent.into_iter().zip(outcomes).collect();
                let (added, left): (Vec<_>, Vec<_>) =
                    outcomes.iter().partition(|(_, outcome)| matches!(outcome, LineOutcome::Added(_)));
                let rest: Vec<_> = left.iter().map(|(line, _)| text(line)).collect();
                tab.lines.set(rest.join("\n"));
                if left.is_empty() {
                    tab.tasks.done(format!("Added. {} more on the whitelist.", addresses(added.len())));
                } else {
                    tab.list.refetch();
                    known.set(outcomes);
                }
            }
            Err(error) => problems.set(Problems::from_error(&error)),
        });
    };
    let wrong = Memo::new(move |_| problems.read().on("lines"));
    view! {
        <DialogForm
            form=FORM
            problems
            pending
            label="Add IPs"
            working="Adding…"
            on_submit=Callback::new(send)
            on_cancel=Callback::new(move |()| tab.tasks.close())
        >
            <Field
                form=FORM
                name="lines"
                label="IP Addresses"
                help="One to a line, each perhaps with a label behind it: 203.0.113.0/24 Office"
                error=wrong
            >
                <textarea
                    class="input mono-lines"
                    id="add-many-lines"
                    rows="7"
                    autofocus
                    spellcheck="false"
                    autocomplete="off"
                    aria-describedby=described_by(FORM, "lines")
                    prop:value=move || tab.lines.get()
                    on:input=move |event| {
                        tab.lines.set(event_target_value(&event));
                        problems.update(|problems| problems.forget("lines"));
                    }
                ></textarea>
            </Field>
            <div aria-live="polite">
                {move || {
                    let sent = known.get();
                    if sent.is_empty() {
                        view! { <Typed lines/> }.into_any()
                    } else {
                        view! { <Outcomes known=sent/> }.into_any()
                    }
                }}
            </div>
        </DialogForm>
    }
}

/// What can be said before anything is sent.
#[component]
fn Typed(lines: Memo<Vec<WhitelistLine>>) -> impl IntoView {
    move || {
        let lines = lines.get();
        let remark = |line: &WhitelistLine| match Network::read(&line.address) {
            Err(message) => Some((line.clone(), LineOutcome::Refused { message })),
            Ok(network) => {
                let warnings: Vec<_> = network.meaning(&line.address).into_iter().chain(network.breadth()).collect();
                (!warnings.is_empty()).then(|| (line.clone(), LineOutcome::Unsure { warnings }))
            }
        };
        let known: Vec<_> = lines.iter().filter_map(remark).collect();
        (!lines.is_empty()).then(|| {
            view! {
                <p>{addresses(lines.len())}</p>
                <Lines known/>
            }
        })
    }
}

/// What became of the lines.
#[component]
fn Outcomes(known: Vec<Known>) -> impl IntoView {
    let count = |is: fn(&LineOutcome) -> bool| known.iter().filter(|(_, outcome)| is(outcome)).count();
    let added = count(|outcome| matches!(outcome, LineOutcome::Added(_)));
    let unsure = count(|outcome| matches!(outcome, LineOutcome::Unsure { .. }));
    view! {
        <p>{format!("{added} of {} added. The others are left above.", known.len())}</p>
        {(unsure > 0).then(|| view! { <p>"Press Add IPs again to add those with a warning, too."</p> })}
        <Lines known/>
    }
}

#[component]
fn Lines(known: Vec<Known>) -> impl IntoView {
    let row = |(line, outcome): Known| {
        let (class, icon, said) = match outcome {
            LineOutcome::Added(saved) => {
                let said = std::iter::once("Added.".to_owned()).chain(saved.entry.network.meaning(&line.address));
                ("line-added", Icon::Check, said.chain(saved.warnings).collect::<Vec<_>>().join(" "))
            }
            LineOutcome::Unsure { warnings } => ("line-unsure", Icon::Warning, warnings.join(" ")),
            LineOutcome::Refused { message } => ("line-refused", Icon::Close, message),
        };
        view! { <li class=class><Glyph icon/><span class="address">{line.address}</span><span>{said}</span></li> }
    };
    view! { <ul class="line-outcomes">{known.into_iter().map(row).collect_view()}</ul> }
}

fn addresses(number: usize) -> String {
    if number == 1 { "1 address".to_owned() } else { format!("{number} addresses") }
}

/// A line as it is typed.
fn text(line: &WhitelistLine) -> String {
    if line.label.is_empty() { line.address.clone() } else { format!("{} {}", line.address, line.label) }
}

//! A bar chart: for each of some parts of time one bar, of two amounts on top of each other.
//!
//! An SVG of our own, drawn by the server like everything else. It has no size of its own: places are given in percent of
//! its width and in pixels of its height, so that text stays as large as it is on any screen. The two amounts differ by
//! pattern as well as by colour. Numbers are shown on hover, and should stand in a table beside it.
//!
//! It is written as text and not put together from elements: nothing in it ever changes by itself, and each kind of
//! element is code for making, taking over and changing it.
//!
//! Lengths are whole numbers of tenths of a pixel and hundredths of a percent: writing out floating-point numbers would
//! make the browser's half larger by more than all of this.

use leptos::prelude::*;

use super::number::{grouped, short};

/// How high the bars can be, in tenths of a pixel like all heights here.
const HEIGHT: u64 = 1_800;
/// Above the highest line, for half of its label.
const TOP: u64 = 100;
/// Below the bars, for the labels.
const BOTTOM: u64 = 260;
/// Where the bars stand.
const BASE: u64 = TOP + HEIGHT;
/// The least that can be seen of an amount.
const SEEN: u64 = 20;
/// All of the width, in hundredths of a percent like all widths here.
const WIDTH: u64 = 10_000;
/// How many lines there may be above the lowest.
const LINES_MAX: u64 = 4;
/// About as many labels find room on a narrow screen, if each is as long as `25 Nov`. The last one ends at the edge, and so
/// comes nearer to the one before than the others do.
const LABELS: usize = 5;
/// As many find room if each is as long as `Nov`.
const SHORT_LABELS_MAX: usize = 12;
/// One bar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bar {
    /// On the axis, where there is room.
    pub label: String,
    /// Whole, for whoever points at it.
    pub name: String,
    /// The lower amount.
    pub main: u64,
    /// The amount on top.
    pub other: u64,
}

/// The chart.
#[component]
pub fn BarChart(
    /// Unique on the page.
    id: &'static str,
    /// What it shows.
    #[prop(into)]
    title: String,
    /// The same in a sentence, with the most important numbers.
    #[prop(into)]
    description: String,
    /// What the lower amount is called: `allowed`.
    main: &'static str,
    /// What the amount on top is called: `refused`.
    other: &'static str,
    /// The bars, from left to right.
    bars: Vec<Bar>,
) -> impl IntoView {
    let highest = bars.iter().map(|bar| bar.main.saturating_add(bar.other)).max().unwrap_or(0);
    let scale = Scale::of(highest);
    let every = label_every(bars.len());
    let count = bars.len();
    let edge = move |at: usize| WIDTH * at as u64 / count.max(1) as u64;
    let hatch = format!("{id}-hatch");
    let lines = scale.lines().map(|line| (px(scale.y(line)), px(scale.y(line) + 40), short(line))).collect::<Vec<_>>();
    let (mut axis, mut drawn) = (String::new(), String::new());
    for (y, label_y, label) in &lines {
        axis += &format!(r#"<text class="chart-label" x="100%" y="{label_y}" text-anchor="end">{label}</text>"#);
        drawn += &format!(r#"<line class="chart-line" x1="0" x2="100%" y1="{y}" y2="{y}"></line>"#);
    }
    for (at, bar) in bars.into_iter().enumerate() {
        let (left, slot) = (edge(at), edge(at + 1) - edge(at));
        let (inner, width) = (percent(left + slot * 15 / 100), percent(slot * 70 / 100));
        let (lower, upper) = (scale.height(bar.main), scale.height(bar.other));
        let name = escaped(&bar.name);
        drawn += &format!(
            r#"<g class="chart-slot"><title>{name}: {} {main}, {} {other}</title>"#,
            grouped(bar.main),
            grouped(bar.other)
        );
        let mut rect = |looks: &str, x: &str, y: u64, width: &str, height: u64| {
            let (y, height) = (px(y), px(height));
            drawn += &format!(r#"<rect {looks} x="{x}" y="{y}" width="{width}" height="{height}"></rect>"#);
        };
        // What can be pointed at, from top to bottom.
        rect(r#"class="chart-target""#, &percent(left), 0, &percent(slot), BASE);
        rect(r#"class="chart-main""#, &inner, BASE - lower, &width, lower);
        if upper > 0 {
            let looks = format!(r#"class="chart-other" fill="url(#{hatch})""#);
            rect(&looks, &inner, BASE - lower - upper, &width, upper);
        }
        if (count - 1 - at).is_multiple_of(every) {
            // The last one has no room on its right.
            let is_wide = every > 1 && at + 1 == count;
            let (x, anchor) = if is_wide { (WIDTH, "end") } else { (left + slot / 2, "middle") };
            let (x, y, label) = (percent(x), px(BASE + 180), escaped(&bar.label));
            drawn += &format!(r#"<text class="chart-label" x="{x}" y="{y}" text-anchor="{anchor}">{label}</text>"#);
        }
        drawn += "</g>";
    }
    let (title_id, description_id) = (format!("{id}-title"), format!("{id}-description"));
    let labelled_by = format!("{title_id} {description_id}");
    let (title, description) = (escaped(&title), escaped(&description));
    let said = format!(
        r#"<title id="{title_id}">{title}</title><desc id="{description_id}">{description}</desc><defs><pattern id="{hatch}" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="chart-hatch-ground" width="6" height="6"></rect><rect class="chart-hatch-line" width="2.5" height="6"></rect></pattern></defs>"#
    );
    let total_height = px(BASE + BOTTOM);
    view! {
        <figure class="chart">
            <figcaption class="chart-legend">
                <span class="chart-key"><span class="chart-swatch chart-swatch-main"></span>{capitalised(main)}</span>
                <span class="chart-key"><span class="chart-swatch chart-swatch-other"></span>{capitalised(other)}</span>
            </figcaption>
            <div class="chart-plot">
                <svg class="chart-axis" height=total_height.clone() aria-hidden="true" focusable="false" inner_html=axis></svg>
                <svg class="chart-bars" height=total_height role="img" aria-labelledby=labelled_by inner_html=said + &drawn></svg>
            </div>
        </figure>
    }
}

/// Text as it is written between tags.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// How amounts become heights, with lines at round numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Scale {
    step: u64,
    lines: u64,
}

impl Scale {
    /// The least step of 1, 2 or 5 times a power of ten that needs no more than [`LINES_MAX`] lines.
    fn of(highest: u64) -> Self {
        let mut step = 1_u64;
        for factor in [2, 5, 10].into_iter().cycle() {
            if highest.div_ceil(step) <= LINES_MAX {
                break;
            }
            let power = step / leading(step);
            step = match power.checked_mul(factor) {
                Some(next) => next,
                None => break,
            };
        }
        Self { step, lines: highest.div_ceil(step).max(1) }
    }

    fn lines(self) -> impl Iterator<Item = u64> {
        (0..=self.lines).map(move |line| line.saturating_mul(self.step))
    }

    /// What is too little to be seen is drawn as high as it has to be.
    fn height(self, amount: u64) -> u64 {
        if amount == 0 { 0 } else { self.exact(amount).max(SEEN) }
    }

    fn y(self, line: u64) -> u64 {
        BASE - self.exact(line)
    }

    fn exact(self, amount: u64) -> u64 {
        let top = u128::from(self.step) * u128::from(self.lines);
        u64::try_from(u128::from(amount) * u128::from(HEIGHT) / top).unwrap_or(HEIGHT).min(HEIGHT)
    }
}

/// The first digit of a number that has zeros behind it.
const fn leading(mut number: u64) -> u64 {
    while number >= 10 {
        number /= 10;
    }
    number
}

/// Every how many bars there is a label.
const fn label_every(bars: usize) -> usize {
    if bars <= SHORT_LABELS_MAX { 1 } else { bars / LABELS }
}

fn percent(hundredths: u64) -> String {
    format!("{}.{:02}%", hundredths / 100, hundredths % 100)
}

fn px(tenths: u64) -> String {
    format!("{}.{}", tenths / 10, tenths % 10)
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(highest: u64) -> Vec<u64> {
        Scale::of(highest).lines().collect()
    }

    #[test]
    fn lines_are_at_round_numbers_and_reach_above_the_highest_bar() {
        assert_eq!(lines(0), [0, 1]);
        assert_eq!(lines(3), [0, 1, 2, 3]);
        assert_eq!(lines(7), [0, 2, 4, 6, 8]);
        assert_eq!(lines(17), [0, 5, 10, 15, 20]);
        assert_eq!(lines(40), [0, 10, 20, 30, 40]);
        assert_eq!(lines(41), [0, 20, 40, 60]);
        assert_eq!(lines(1_999), [0, 500, 1_000, 1_500, 2_000]);
        assert!(lines(u64::MAX).len() > 1);
    }

    #[test]
    fn what_happened_once_among_millions_is_seen() {
        let scale = Scale::of(3_000_000);
        assert_eq!([0, 1, 1_500_000].map(|amount| scale.height(amount)), [0, SEEN, HEIGHT / 2]);
        let (most, one) = (scale.height(2_999_999), scale.height(1));
        assert!(most + one < BASE, "both find room");
    }

    #[test]
    fn lengths_are_written_with_their_decimals() {
        assert_eq!(
            (percent(333), percent(10_000), px(1_805)),
            ("3.33%".to_owned(), "100.00%".to_owned(), "180.5".to_owned())
        );
    }

    #[test]
    fn what_is_said_is_no_markup() {
        assert_eq!(escaped("<b> & \"c\""), "&lt;b&gt; &amp; \"c\"");
    }

    #[test]
    fn a_narrow_screen_has_room_for_the_labels() {
        assert_eq!([12, 24, 30].map(label_every), [1, 4, 6]);
    }
}

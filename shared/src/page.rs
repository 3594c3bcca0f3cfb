//! Numbered pages of a list.

use serde::{Deserialize, Serialize};

/// How many rows a page of a list shows.
pub const ROWS_PER_PAGE: u32 = 25;

/// One page, and enough to draw the pager.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// How many rows the whole list has with these filters.
    pub total: u64,
    /// This page's number, from 1. Never beyond the last page, even when asked for.
    pub number: u32,
}

impl<T> Page<T> {
    /// How many pages there are; at least one.
    #[must_use]
    pub fn pages(&self) -> u32 {
        pages(self.total)
    }

    /// `1–25 of 132`
    #[must_use]
    pub fn span(&self) -> String {
        if self.total == 0 {
            return "0 of 0".to_owned();
        }
        let first = u64::from(self.number.saturating_sub(1)) * u64::from(ROWS_PER_PAGE) + 1;
        let last = (first + self.rows.len() as u64).saturating_sub(1);
        format!("{first}–{last} of {}", self.total)
    }
}

/// How many pages `total` rows take; at least one.
#[must_use]
pub fn pages(total: u64) -> u32 {
    u32::try_from(total.div_ceil(u64::from(ROWS_PER_PAGE))).unwrap_or(u32::MAX).max(1)
}

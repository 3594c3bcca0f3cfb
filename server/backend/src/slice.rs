//! Lists for programs: a slice at a time, each with a cursor to the next.
//!
//! A cursor says after which row to go on, by the values that the list is sorted by. So a row is never shown twice nor
//! skipped while others come and go, as it would be with numbered pages. It is signed together with the list, the
//! organization and the filters, so it leads nowhere but on in the list that it came from.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};
use shared::OrganizationId;

use crate::{Backend, failure::Failure};

/// The most rows in one slice.
pub const LIMIT_MAX: u32 = 100;
/// How many when nobody says.
pub const LIMIT_DEFAULT: u32 = 50;

/// The longest cursor: a name of 80 characters of four bytes each, and its frame.
pub const CURSOR_MAX: usize = 1024;
/// How many bytes of the signature a cursor carries. It protects nothing but our own assumptions.
const SIGNATURE: usize = 12;

/// Which part of a list is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slice {
    /// How many rows at most, 1 to [`LIMIT_MAX`].
    pub limit: u32,
    /// Where the slice before has ended; `None` for the first.
    pub cursor: Option<String>,
}

impl Default for Slice {
    fn default() -> Self {
        Self { limit: LIMIT_DEFAULT, cursor: None }
    }
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut<T> {
    /// Its rows.
    pub rows: Vec<T>,
    /// Where the next one begins; `None` at the end.
    pub next_cursor: Option<String>,
}

impl<T> Cut<T> {
    /// The same with other rows.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Cut<U> {
        Cut { rows: self.rows.into_iter().map(f).collect(), next_cursor: self.next_cursor }
    }
}

/// A slice of one particular list: knows which cursors belong to it.
pub(crate) struct Slicing<'b> {
    backend: &'b Backend,
    list: String,
    slice: &'b Slice,
}

impl Backend {
    /// `filters` is everything that decides which rows there are, and in which order.
    pub(crate) fn slicing<'b>(
        &'b self,
        name: &str,
        organization: OrganizationId,
        filters: &impl Serialize,
        slice: &'b Slice,
    ) -> Result<Slicing<'b>, Failure> {
        let filters = serde_json::to_string(filters).map_err(Failure::broken)?;
        Ok(Slicing { backend: self, list: format!("cursor\0{name}\0{organization}\0{filters}\0"), slice })
    }
}

impl Slicing<'_> {
    /// How many rows to read: one more than is shown tells whether there are more.
    pub(crate) fn rows_to_read(&self) -> i64 {
        i64::from(self.slice.limit) + 1
    }

    /// After which place to begin.
    pub(crate) fn after<P: DeserializeOwned>(&self) -> Result<Option<P>, Failure> {
        let Some(cursor) = &self.slice.cursor else { return Ok(None) };
        let place = self.open(cursor).and_then(|place| serde_json::from_str(&place).ok());
        place.map(Some).ok_or(Failure::ForeignCursor)
    }

    /// The slice, of rows that begin after [`Self::after`]. `place` says where a row is.
    pub(crate) fn cut<T, P: Serialize>(&self, mut rows: Vec<T>, place: impl Fn(&T) -> P) -> Result<Cut<T>, Failure> {
        let limit = usize::try_from(self.slice.limit).map_err(Failure::broken)?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = match rows.last() {
            Some(last) if more => Some(self.seal(&serde_json::to_string(&place(last)).map_err(Failure::broken)?)),
            _ => None,
        };
        Ok(Cut { rows, next_cursor })
    }

    /// The same for a list that is short enough to be in memory as a whole, sorted by `place`.
    pub(crate) fn cut_sorted<T, P>(&self, rows: Vec<T>, place: impl Fn(&T) -> P) -> Result<Cut<T>, Failure>
    where
        P: Serialize + DeserializeOwned + Ord,
    {
        let rows = match self.after::<P>()? {
            Some(after) => rows.into_iter().skip_while(|row| place(row) <= after).collect(),
            None => rows,
        };
        self.cut(rows, place)
    }

    fn seal(&self, place: &str) -> String {
        let signature = self.backend.inner.keyring.peppers.current().mac(&format!("{}{place}", self.list));
        let signed: Vec<u8> = signature.into_iter().take(SIGNATURE).chain(place.bytes()).collect();
        URL_SAFE_NO_PAD.encode(signed)
    }

    fn open(&self, cursor: &str) -> Option<String> {
        let signed = URL_SAFE_NO_PAD.decode(cursor).ok().filter(|_| cursor.len() <= CURSOR_MAX)?;
        let (signature, place) = signed.split_at_checked(SIGNATURE)?;
        let place = std::str::from_utf8(place).ok()?;
        let text = format!("{}{place}", self.list);
        let is_ours = |mac: [u8; 32]| mac.iter().take(SIGNATURE).eq(signature);
        self.backend.inner.keyring.peppers.all().any(|pepper| is_ours(pepper.mac(&text))).then(|| place.to_owned())
    }
}

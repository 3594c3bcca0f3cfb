//! How many connections there are, in all and from each address.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many connections there may be at once.
const IN_ALL: usize = 10_000;
/// How many of them may come from one address, so that one client cannot shut out the others. Not asked of trusted
/// proxies: everybody comes through them.
const PER_ADDRESS: usize = 1_000;

/// The counts.
#[derive(Clone)]
pub(super) struct Counts {
    room: Arc<Semaphore>,
    by_address: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

impl Default for Counts {
    fn default() -> Self {
        Self { room: Arc::new(Semaphore::new(IN_ALL)), by_address: Arc::default() }
    }
}

/// A connection's place; dropping it makes room.
pub(super) struct Place {
    _room: OwnedSemaphorePermit,
    counted: Option<(Counts, IpAddr)>,
}

impl Counts {
    /// Waits until there is room for one more. Until then connections wait in the system's queue.
    pub(super) async fn room(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.room).acquire_owned().await.ok()
    }

    /// `None`: this address has too many already.
    pub(super) fn place(&self, room: OwnedSemaphorePermit, address: IpAddr, exempt: bool) -> Option<Place> {
        if exempt {
            return Some(Place { _room: room, counted: None });
        }
        let mut counts = self.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(address).or_insert(0);
        if *count >= PER_ADDRESS {
            return None;
        }
        *count += 1;
        drop(counts);
        Some(Place { _room: room, counted: Some((self.clone(), address)) })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some((counts, address)) = &self.counted else { return };
        let mut counts = counts.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_address_has_its_share_and_gets_it_back() {
        let counts = Counts::default();
        let (one, other) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        let place = async |address, exempt| counts.place(counts.room().await.expect("room"), address, exempt);
        let mut held = Vec::new();
        for _ in 0..PER_ADDRESS {
            held.push(place(one, false).await.expect("a place"));
        }
        assert!(place(one, false).await.is_none());
        assert!(place(one, true).await.is_some(), "a proxy is not counted");
        assert!(place(other, false).await.is_some());
        held.pop();
        assert!(place(one, false).await.is_some());
        held.clear();
        assert!(counts.by_address.lock().expect("the counts").is_empty());
    }
}

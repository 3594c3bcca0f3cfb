//! Address lists.
//!
//! Whether an address is on a list is asked with every request, so it must cost the same for ten entries and for ten
//! thousand. Only whether is asked, not by which entry: the longest prefix that matches and the widest one give the same
//! answer. So entries become ranges that do not touch, and above them lies a tree like that of a router: a table by an
//! address's leading bits, whose places say "inside", "outside", or which few ranges to look at. Where the ranges lie
//! close together, a place leads to a table of its own, by the bits that follow.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use shared::network::Network;

use crate::failure::Failure;

/// How many ranges are looked at one by one rather than through a table.
const FEW: usize = 4;
/// How many places of a table there are for each range, at least. More of them would be asked more quickly, were they
/// not farther from the processor then.
const PLACES: usize = 1;

/// A set of networks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NetworkSet {
    v4: Ranges<u32>,
    v6: Ranges<u128>,
}

impl NetworkSet {
    /// Of these, in any order, overlapping or not.
    #[must_use]
    pub fn new(networks: impl IntoIterator<Item = Network>) -> Self {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for network in networks {
            match (network.first(), network.last()) {
                (IpAddr::V4(first), IpAddr::V4(last)) => v4.push((first.to_bits(), last.to_bits())),
                (IpAddr::V6(first), IpAddr::V6(last)) => v6.push((first.to_bits(), last.to_bits())),
                _ => {}
            }
        }
        Self { v4: Ranges::new(v4), v6: Ranges::new(v6) }
    }

    /// Whether `address` is in one of the networks. An IPv4 address written as IPv6 (`::ffff:a.b.c.d`) is IPv4.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match address.to_canonical() {
            IpAddr::V4(address) => self.v4.contain(Ipv4Addr::to_bits(address)),
            IpAddr::V6(address) => self.v6.contain(Ipv6Addr::to_bits(address)),
        }
    }
}

/// A network as it is stored.
pub(crate) fn read(text: &str) -> Result<Network, Failure> {
    text.parse().or(Err(Failure::broken(format!("the network {text:?} cannot be read"))))
}

/// An address of one family as a number.
trait Number: Copy + Ord {
    /// The next one; `None` after the last.
    fn next(self) -> Option<Self>;
    /// How many steps of two to the power of `shift` it lies behind `from`; `None` when it lies before, or farther than
    /// any table reaches.
    fn steps(self, from: Self, shift: u32) -> Option<usize>;
    /// The first and the last number that lie so many whole steps behind `from`.
    fn place(from: Self, steps: usize, shift: u32) -> (Self, Self);
}

macro_rules! numbers {
    ($($kind:ty),*) => {$(
        impl Number for $kind {
            fn next(self) -> Option<Self> {
                self.checked_add(1)
            }

            fn steps(self, from: Self, shift: u32) -> Option<usize> {
                usize::try_from(self.checked_sub(from)? >> shift).ok()
            }

            fn place(from: Self, steps: usize, shift: u32) -> (Self, Self) {
                let behind = Self::try_from(steps).unwrap_or(Self::MAX).saturating_mul(1 << shift);
                let first = from.saturating_add(behind);
                (first, first.saturating_add((1 << shift) - 1))
            }
        }
    )*};
}

numbers!(u32, u128);

/// What is known of the addresses that begin alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// None of them is on the list.
    Outside,
    /// All of them are.
    Inside,
    /// These ranges have to be looked at.
    Ranges { from: u32, count: u8 },
    /// This table knows more.
    Table(u32),
}

/// A [`Place`] in four bytes, so that a table is half as large: a number, and in the last four bits what it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Packed(u32);

impl Packed {
    const INSIDE: u32 = 14;
    const TABLE: u32 = 15;

    const fn of(place: Place) -> Self {
        match place {
            Place::Outside => Self(0),
            Place::Inside => Self(Self::INSIDE),
            Place::Ranges { from, count } => Self((from << 4) | count as u32),
            Place::Table(at) => Self((at << 4) | Self::TABLE),
        }
    }

    const fn read(self) -> Place {
        let number = self.0 >> 4;
        match self.0 & 15 {
            0 => Place::Outside,
            Self::INSIDE => Place::Inside,
            Self::TABLE => Place::Table(number),
            count => Place::Ranges { from: number, count: count as u8 },
        }
    }
}

/// The addresses from `first` on, `1 << shift` to each place.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Table<N> {
    first: N,
    shift: u32,
    places: Box<[Packed]>,
}

/// Sorted ranges that do not touch, and the tables above them.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Ranges<N> {
    ranges: Box<[(N, N)]>,
    /// The first is where one begins; none for a few ranges.
    tables: Box<[Table<N>]>,
}

impl<N> Default for Ranges<N> {
    fn default() -> Self {
        Self { ranges: Box::default(), tables: Box::default() }
    }
}

impl<N: Number> Ranges<N> {
    fn new(ranges: Vec<(N, N)>) -> Self {
        let ranges = merge(ranges);
        let mut tables = Vec::new();
        if let [(first, _), .., (_, last)] = *ranges
            && ranges.len() > FEW
        {
            add_table(&mut tables, &ranges, 0, (first, last));
        }
        Self { ranges, tables: tables.into() }
    }

    fn contain(&self, address: N) -> bool {
        let Some(mut table) = self.tables.first() else { return within(&self.ranges, address) };
        loop {
            let place = address.steps(table.first, table.shift).and_then(|at| table.places.get(at));
            match place.map_or(Place::Outside, |place| place.read()) {
                Place::Outside => return false,
                Place::Inside => return true,
                Place::Ranges { from, count } => {
                    let from = from as usize;
                    return self.ranges.get(from..from + usize::from(count)).is_some_and(|few| within(few, address));
                }
                Place::Table(at) => match self.tables.get(at as usize) {
                    Some(below) => table = below,
                    None => return false,
                },
            }
        }
    }
}

fn within<N: Ord>(few: &[(N, N)], address: N) -> bool {
    few.iter().any(|(first, last)| *first <= address && address <= *last)
}

fn merge<N: Number>(mut ranges: Vec<(N, N)>) -> Box<[(N, N)]> {
    ranges.sort_unstable();
    let mut merged: Vec<(N, N)> = Vec::with_capacity(ranges.len());
    for (first, last) in ranges {
        match merged.last_mut() {
            // It begins inside the one before, or right after it.
            Some(before) if before.1.next().is_none_or(|gap| first <= gap) => before.1 = before.1.max(last),
            _ => merged.push((first, last)),
        }
    }
    merged.into()
}

/// Adds the table of the addresses from `first` to `last`, and those below it. `ranges` are all that reach into it, the
/// first of them with the number `number`.
fn add_table<N: Number>(tables: &mut Vec<Table<N>>, ranges: &[(N, N)], number: usize, (first, last): (N, N)) -> Place {
    let most = (ranges.len() * PLACES).next_power_of_two();
    let mut shift = 0;
    let last_step = loop {
        match last.steps(first, shift) {
            Some(steps) if steps < most => break steps,
            _ => shift += 1,
        }
    };
    let at = tables.len();
    // It comes before those below it.
    tables.push(Table { first, shift, places: Box::default() });
    let mut places = Vec::with_capacity(last_step + 1);
    let (mut rest, mut number) = (ranges, number);
    for step in 0..=last_step {
        let (begin, end) = N::place(first, step, shift);
        let passed = rest.iter().take_while(|(_, last)| *last < begin).count();
        (rest, number) = (rest.get(passed..).unwrap_or_default(), number + passed);
        let count = rest.iter().take_while(|(first, _)| *first <= end).count();
        let here = rest.get(..count).unwrap_or_default();
        places.push(Packed::of(match *here {
            [] => Place::Outside,
            [(from, to)] if from <= begin && end <= to => Place::Inside,
            [(from, _), .., (_, to)] if count > FEW => add_table(tables, here, number, (begin.max(from), end.min(to))),
            _ => Place::Ranges { from: small(number), count: small(count) },
        }));
    }
    if let Some(table) = tables.get_mut(at) {
        table.places = places.into();
    }
    Place::Table(small(at))
}

/// No list has more than 10,000 entries.
fn small<S: TryFrom<usize> + Default>(number: usize) -> S {
    S::try_from(number).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::iter::repeat_with;

    use ipnet::IpNet;
    use proptest::prelude::*;

    use super::*;

    /// The same, for the crate that everybody uses.
    fn ipnet(network: Network) -> IpNet {
        let single = || IpNet::from(network.first());
        network.to_string().parse().unwrap_or_else(|_| single())
    }

    // Few bits, so that random networks and addresses meet often.
    fn addresses() -> impl Strategy<Value = IpAddr> {
        prop_oneof![
            (0_u32..1024).prop_map(|n| IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + n))),
            (0_u128..1024).prop_map(|n| IpAddr::V6(Ipv6Addr::from_bits((0x2001_0db8 << 96) + n))),
        ]
    }

    fn networks() -> impl Strategy<Value = Network> {
        (addresses(), 0_u8..=12).prop_map(|(address, less)| network(address, less))
    }

    fn network(address: IpAddr, less: u8) -> Network {
        let most = if address.is_ipv4() { 32 } else { 128 };
        format!("{address}/{}", most - less).parse().expect("a network")
    }

    /// Numbers that are as good as random, the same in every run.
    fn numbers(mut state: u64) -> impl Iterator<Item = u64> {
        repeat_with(move || {
            // splitmix64
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            mixed ^ (mixed >> 31)
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]
        #[test]
        fn it_agrees_with_asking_every_network(list in prop::collection::vec(networks(), 0..60), address in addresses()) {
            let set = NetworkSet::new(list.iter().copied());
            prop_assert_eq!(set.contains(address), list.iter().any(|network| ipnet(*network).contains(&address)));
        }
    }

    /// Ten million questions: to lists of all sizes and widths, near the edges of their entries and far from them.
    #[test]
    fn it_agrees_with_ipnet_ten_million_times() {
        let mut random = numbers(1);
        let mut next = || random.next().unwrap_or_default();
        let mut asked = 0;
        while asked < 10_000_000 {
            let (size, spread) = (next() % 24, next() % 33);
            let v6 = next().is_multiple_of(2);
            let address = |next: &mut dyn FnMut() -> u64| {
                if v6 {
                    let bits = ((u128::from(next()) << 64) | u128::from(next())) >> (spread * 3);
                    IpAddr::V6(Ipv6Addr::from_bits(bits | 0x2000 << 112))
                } else {
                    let bits = u32::try_from(next() >> 32)
                        .unwrap_or_default()
                        .checked_shr(u32::try_from(spread).unwrap_or_default());
                    IpAddr::V4(Ipv4Addr::from_bits(bits.unwrap_or_default()))
                }
            };
            let list: Vec<_> = (0..size)
                .map(|_| {
                    network(address(&mut next), u8::try_from(next() % if v6 { 129 } else { 33 }).unwrap_or_default())
                })
                .collect();
            let nets: Vec<_> = list.iter().copied().map(ipnet).collect();
            let set = NetworkSet::new(list.iter().copied());
            let edges = nets.iter().flat_map(|net| [net.network(), net.broadcast()]);
            let beside = edges.clone().flat_map(|edge| match edge {
                IpAddr::V4(v4) => [v4.to_bits().wrapping_sub(1), v4.to_bits().wrapping_add(1)]
                    .map(|b| IpAddr::V4(Ipv4Addr::from_bits(b))),
                IpAddr::V6(v6) => [v6.to_bits().wrapping_sub(1), v6.to_bits().wrapping_add(1)]
                    .map(|b| IpAddr::V6(Ipv6Addr::from_bits(b))),
            });
            let somewhere: Vec<_> = (0..4_000).map(|_| address(&mut next)).collect();
            for address in edges.chain(beside).chain(somewhere) {
                assert_eq!(set.contains(address), nets.iter().any(|net| net.contains(&address)), "{address} {list:?}");
                asked += 1;
            }
        }
    }

    #[test]
    fn an_ipv4_address_in_ipv6_clothes_is_ipv4() {
        let set = NetworkSet::new(["203.0.113.0/24".parse().expect("a network")]);
        assert!(set.contains("::ffff:203.0.113.9".parse().expect("an address")));
        assert!(!set.contains("::ffff:203.0.114.9".parse().expect("an address")));
    }

    #[test]
    fn the_edges_of_the_address_space_are_no_exception() {
        let set = NetworkSet::new(["0.0.0.0/0".parse().expect("a network"), "::/0".parse().expect("a network")]);
        for address in ["0.0.0.0", "255.255.255.255", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"] {
            assert!(set.contains(address.parse().expect("an address")), "{address}");
        }
    }

    #[test]
    fn however_close_together_they_lie_tables_stay_few() {
        // Every second address of a /18, and one that is as far away as can be.
        let crowd = (0..8_192_u32).map(|n| Network::from(IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + 2 * n))));
        let far = Network::from(IpAddr::V4(Ipv4Addr::BROADCAST));
        let set = NetworkSet::new(crowd.chain([far]));
        assert!(set.v4.tables.len() < 16, "{}", set.v4.tables.len());
        for n in 0..16_384_u32 {
            let address = IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + n));
            assert_eq!(set.contains(address), n.is_multiple_of(2), "{address}");
        }
        assert!(set.contains(far.first()));
    }
}

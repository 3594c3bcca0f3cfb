//! What an address list costs a verification: whether an address is in one of 10 ranges, and in one of 10,000, which may
//! cost one and a half times as much. Half of the addresses are, and half of the lists lie close together.

#![expect(clippy::expect_used, reason = "a measurement may fail anywhere")]

use std::{
    hint::black_box,
    iter::repeat_with,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use backend::keyring::network::NetworkSet;
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use shared::network::Network;

const SIZES: [usize; 2] = [10, 10_000];
/// How many different addresses are asked about in turn.
const ASKED: usize = 1 << 14;

/// Numbers that are as good as random, the same in every run.
fn numbers() -> impl Iterator<Item = u64> {
    let mut state = 0_u64;
    repeat_with(move || {
        // splitmix64
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    })
}

/// An address: anywhere, or in one crowded corner (`10.0.0.0/15`, `2001:db8::/48`).
fn address(v6: bool, crowded: bool, random: u64, more: u64) -> IpAddr {
    match (v6, crowded) {
        (false, false) => Ipv4Addr::from_bits(u32::try_from(random >> 32).unwrap_or_default()).into(),
        (false, true) => Ipv4Addr::from_bits(0x0a00_0000 | u32::try_from(random >> 47).unwrap_or_default()).into(),
        (true, false) => Ipv6Addr::from_bits(u128::from(random >> 3 | 1 << 61) << 64 | u128::from(more)).into(),
        (true, true) => {
            Ipv6Addr::from_bits(0x2001_0db8 << 96 | u128::from(random >> 48) << 64 | u128::from(more)).into()
        }
    }
}

/// An entry at that place: a single address, or a range as people have them.
fn entry(address: IpAddr, crowded: bool, random: u64) -> Network {
    let length = match (address, crowded) {
        (IpAddr::V4(_), false) => [32, 28, 24, 22],
        (IpAddr::V4(_), true) => [32, 32, 32, 31],
        (IpAddr::V6(_), false) => [128, 64, 56, 48],
        (IpAddr::V6(_), true) => [128, 80, 72, 64],
    };
    let length = length.get(usize::try_from(random % 4).unwrap_or_default()).copied().unwrap_or(32);
    format!("{address}/{length}").parse().expect("a network")
}

fn lists(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("networks");
    for (name, v6, crowded) in
        [("v4", false, false), ("v4 crowded", false, true), ("v6", true, false), ("v6 crowded", true, true)]
    {
        for size in SIZES {
            let mut random = numbers();
            let mut next = || random.next().unwrap_or_default();
            let entries: Vec<_> =
                (0..size).map(|_| entry(address(v6, crowded, next(), next()), crowded, next())).collect();
            let set = NetworkSet::new(entries.iter().copied());
            let asked: Vec<IpAddr> = (0..ASKED)
                .map(|number| {
                    let somewhere = address(v6, crowded, next(), next());
                    match entries.get(usize::try_from(next()).unwrap_or_default() % size) {
                        Some(entry) if number % 2 == 0 => entry.last(),
                        _ => somewhere,
                    }
                })
                .collect();
            let mut turn = asked.iter().cycle();
            group.bench_function(BenchmarkId::new(name, size), |bench| {
                bench.iter(|| set.contains(black_box(*turn.next().expect("a cycle has no end"))));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, lists);
criterion_main!(benches);

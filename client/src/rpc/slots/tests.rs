use super::*;

const LAG: u64 = 20;

/// Of so many endpoints that are all at slot 1,000.
fn agreed(endpoints: usize, now: Instant) -> Slots {
    let mut slots = Slots::new(endpoints, LAG, Duration::from_millis(100));
    slots.accept(0, 1_000, Finding::Shared, now);
    for index in 0..endpoints {
        assert_eq!(slots.note(index, 1_000, now), None);
    }
    slots
}

fn at(slot: u64) -> Option<Testimony> {
    Some(Testimony { slot, time: None })
}

fn at_time(slot: u64, time: i64) -> Option<Testimony> {
    let time = Some(time);
    Some(Testimony { slot, time })
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn the_slot_advances_as_fast_as_time_allows() {
    let now = Instant::now();
    let slots = agreed(2, now);
    assert!(slots.can_be(1_000 + LAG, now));
    assert!(!slots.can_be(1_001 + LAG, now));
    assert!(slots.can_be(1_600 + LAG, now + seconds(60)));
    assert!(!slots.can_be(1_601 + LAG, now + seconds(60)));
    // An older one is no lie; the node is only behind.
    assert!(slots.can_be(900, now));
}

#[test]
fn one_endpoint_cannot_creep_ahead() {
    let now = Instant::now();
    let mut slots = agreed(2, now);
    let mut claim = 1_000;
    while slots.can_be(claim + 1, now) {
        claim += 1;
        slots.note(0, claim, now);
    }
    assert!(claim <= 1_000 + 2 * LAG, "{claim}");
}

#[test]
fn before_two_agree_nothing_can_be() {
    let now = Instant::now();
    let slots = Slots::new(2, LAG, Duration::from_millis(100));
    assert_eq!(slots.reference(), 0);
    assert!(!slots.can_be(7, now));
    // What the one shows, the other does not: the lower has certainly been.
    let best = slots.best(&[at(1_000_000), at(1_000)], now, 0);
    assert_eq!(best, Some((1, 1_000, Finding::Lone)));
    let best = slots.best(&[at(1_000_000), at(1_000), at(1_010)], now, 0);
    assert_eq!(best, Some((2, 1_010, Finding::Shared)));
    // The others do not answer.
    let best = slots.best(&[at(1_000_000), None, None], now, 0);
    assert_eq!(best, Some((0, 1_000_000, Finding::Lone)));
}

#[test]
fn the_chains_clock_tells_who_is_behind_from_who_lies() {
    let (now, unix) = (Instant::now(), 1_700_000_000);
    let slots = Slots::new(2, LAG, Duration::from_millis(100));
    let weigh = |claim, other| slots.weigh(0, &[claim, other], now, unix);
    // 5,000 slots in 2,000 seconds.
    let behind = at_time(1_000, unix - 2_000);
    assert_eq!(weigh(at_time(6_000, unix), behind), Finding::Ahead);
    assert_eq!(weigh(at_time(60_000, unix), behind), Finding::Refuted);
    // Both say that it is now.
    let other = at_time(1_000, unix - 1);
    assert_eq!(weigh(at_time(6_000, unix), other), Finding::Refuted);
    // It says what time it will be.
    let future = at_time(6_000, unix + 2_000);
    assert_eq!(weigh(future, other), Finding::Open);
    assert_eq!(weigh(at(6_000), other), Finding::Open);
    assert_eq!(weigh(at_time(6_000, NEVER), other), Finding::Refuted);
    let confused = at_time(1_000, NEVER);
    assert_eq!(weigh(at_time(6_000, unix), confused), Finding::Ahead);
}

#[test]
fn when_all_others_are_stuck_the_one_that_goes_on_is_right() {
    let now = Instant::now();
    let mut slots = agreed(3, now);
    for passed in 1..=600 {
        let (now, slot) = (now + seconds(passed), 1_000 + passed * 5 / 2);
        assert!(slots.can_be(slot, now), "{slot}");
        for (index, slot) in [(0, slot), (1, 1_000), (2, 1_000)] {
            assert_eq!(slots.note(index, slot, now), None);
        }
        assert_eq!(slots.reference(), slot);
        assert!(passed <= 20 || !slots.is_contradicted(now));
    }
    // Even by a jump.
    let now = now + seconds(600);
    let finding = slots.weigh(0, &[at(90_000), at(1_000), at(1_000)], now, 0);
    assert_eq!(finding, Finding::Lone);
    let finding = slots.weigh(0, &[at(90_000), at(1_000), at(1_001)], now, 0);
    assert_eq!(finding, Finding::Open);
}

#[test]
fn what_one_said_when_no_other_answered_is_taken_back_when_one_does() {
    let now = Instant::now();
    let mut slots = Slots::new(2, LAG, Duration::from_millis(100));
    slots.accept(0, 1_000_000, Finding::Lone, now);
    assert!(!slots.is_contradicted(now));
    slots.note(1, 1_000, now);
    assert!(slots.is_contradicted(now));
    let taken_back = slots.reconsider(&[at(1_000_002), at(1_001)], now, 0);
    assert_eq!(taken_back, Some(TakenBack { liar: Some(0) }));
    assert_eq!(slots.reference(), 1_001);
    assert!(!slots.can_be(1_000_002, now));
}

#[test]
fn a_node_that_falls_behind_takes_nothing_back() {
    let now = Instant::now();
    let mut slots = agreed(2, now);
    for passed in 1..=60 {
        let now = now + seconds(passed);
        assert!(slots.can_be(1_000 + passed * 3, now));
        assert_eq!(slots.note(0, 1_000 + passed * 3, now), None);
        assert_eq!(slots.note(1, 1_000 + passed, now), None);
    }
    let now = now + seconds(60);
    assert!(slots.is_contradicted(now));
    let testimonies = [at_time(1_180, 1_030), at_time(1_060, 1_000)];
    assert_eq!(slots.reconsider(&testimonies, now, 1_030), None);
    // Now and then is enough.
    assert!(!slots.is_contradicted(now));
    // Nor where no clock is shown; but two others are more than one.
    assert_eq!(slots.reconsider(&[at(1_180), at(1_060)], now, 0), None);
    let mut slots = agreed(3, now);
    slots.note(0, 1_020, now);
    slots.note(0, 1_040, now + seconds(2));
    let taken_back = slots.reconsider(&[at(1_040), at(1_002), at(1_003)], now, 0);
    assert_eq!(taken_back, Some(TakenBack { liar: Some(0) }));
    assert_eq!(slots.reference(), 1_003);
}

#[test]
fn an_endpoint_that_goes_back_is_believed_after_a_while() {
    let now = Instant::now();
    for endpoints in [1, 2] {
        let mut slots = agreed(endpoints, now);
        for passed in 1..=10 {
            for index in 0..endpoints {
                assert_eq!(slots.note(index, 500 + passed, now + seconds(passed)), None);
            }
        }
        assert_eq!(slots.reference(), 1_000);
        let taken_back = slots.note(0, 511, now + seconds(11));
        assert_eq!(taken_back, Some(TakenBack { liar: Some(0) }));
        assert_eq!(slots.reference(), 511);
    }
}

#[test]
fn a_node_a_little_behind_gets_there_before_the_slot_is_taken_back() {
    let now = Instant::now();
    let mut slots = agreed(2, now);
    slots.note(0, 1_020, now);
    // The first is gone, and the second goes on.
    for passed in 0..=60 {
        let taken_back = slots.note(1, 990 + passed * 5 / 2, now + seconds(passed));
        assert_eq!(taken_back, None);
    }
    assert_eq!(slots.reference(), 1_140);
}

/// A clock may be ahead of ours by a minute: enough for a liar to be hundreds of slots
/// ahead for good, but for those who agree against it.
#[test]
fn a_clock_a_little_ahead_does_not_outvote_two_that_agree() {
    let (now, unix) = (Instant::now(), 1_700_000_000);
    let slots = agreed(3, now);
    let liar = at_time(1_400, unix + 50);
    let honest = [at_time(1_000, unix), at_time(1_001, unix - 2)];
    let finding = slots.weigh(0, &[liar, honest[0], honest[1]], now, unix);
    assert_eq!(finding, Finding::Open);
    // Two that are an hour behind are behind.
    let behind = [at_time(1_000, unix - 3_600), at_time(1_001, unix - 3_600)];
    let finding = slots.weigh(0, &[at_time(9_000, unix), behind[0], behind[1]], now, unix);
    assert_eq!(finding, Finding::Ahead);
}

#[test]
fn whoever_creeps_ahead_and_then_says_nothing_is_taken_back() {
    let (now, unix) = (Instant::now(), 1_700_000_000);
    for silence in [None, at(1_060)] {
        for endpoints in [2, 3] {
            let mut slots = agreed(endpoints, now);
            slots.note(0, 1_030, now + seconds(2));
            slots.note(0, 1_060, now + seconds(4));
            let mut testimonies = vec![at_time(1_010, unix); endpoints];
            testimonies[0] = silence;
            let taken_back = slots.reconsider(&testimonies, now + seconds(4), unix);
            assert_eq!(taken_back, Some(TakenBack { liar: Some(0) }));
            assert_eq!(slots.reference(), 1_010);
        }
    }
}

#[test]
fn a_machine_whose_clock_is_late_believes_the_nodes() {
    let (now, ours) = (Instant::now(), 1_700_000_000);
    let slots = Slots::new(2, LAG, Duration::from_millis(100));
    let unix = ours + 86_400;
    let behind = at_time(1_000, unix - 2_000);
    let finding = slots.weigh(0, &[at_time(6_000, unix), behind], now, ours);
    assert_eq!(finding, Finding::Ahead);
}

#[test]
fn two_that_stand_still_do_not_stand_up_for_each_other() {
    let start = Instant::now();
    let mut slots = agreed(3, start);
    for passed in 1..=20 {
        let now = start + seconds(passed);
        for (index, slot) in [(0, 1_000), (1, 1_000), (2, 700 + passed)] {
            slots.note(index, slot, now);
        }
    }
    let now = start + seconds(20);
    let testimonies = [at(1_000), at(1_000), at(721)];
    assert_eq!(slots.weigh(0, &testimonies, now, 0), Finding::Open);
}

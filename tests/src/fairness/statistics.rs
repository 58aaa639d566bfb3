//! The statistics: from counts to a number, the bounds it keeps to if the draw is
//! fair, and a p-value. Pure, and ignorant of lotteries.

use serde::Serialize;
use statrs::distribution::{
    Binomial, BinomialError, ChiSquared, ContinuousCDF as _, Discrete as _, GammaError,
};

/// Chance that a fair draw breaks the bounds of one statistic. So small that a
/// hundred statistics under any seed practically never raise a false alarm, and
/// still large enough to see biases that matter: see the controls.
pub const FALSE_ALARM: f64 = 1e-6;

/// Least count expected in every cell. The textbook's 5 is for the 5 % level; the
/// bounds here lie much further out, where the chi-square approximation needs more.
pub const LEAST_EXPECTED: u64 = 20;

/// Below so many degrees of freedom a chi-square has no lower bound: counts of few
/// cells do agree exactly now and then (two tickets after 200,000 draws: once in
/// 560), which the continuous distribution takes for all but impossible.
const LEAST_DEGREES_FOR_LOWER_BOUND: u64 = 8;

/// What was computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    ChiSquare { degrees_of_freedom: u64 },
    Hits { trials: u64 },
}

/// A statistic and what a fair draw makes of it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Outcome {
    pub kind: Kind,
    pub statistic: f64,
    /// Its mean: of a chi-square the degrees of freedom, of hits trials × chance.
    pub expected: f64,
    /// A fair draw stays within these, both included, but for one in
    /// 1 / [`FALSE_ALARM`].
    pub lower: f64,
    pub upper: f64,
    /// Chance that a fair draw is at least so far out.
    pub p_value: f64,
}

impl Outcome {
    /// Whether the statistic keeps to its bounds.
    pub fn passed(&self) -> bool {
        (self.lower..=self.upper).contains(&self.statistic)
    }
}

/// Why counts make no statistic.
#[derive(Debug, thiserror::Error)]
pub enum StatisticError {
    #[error("a statistic needs at least two cells")]
    TooFewCells,
    #[error("a cell expects {0:.1} observations, at least {LEAST_EXPECTED} are needed: more draws")]
    TooFewObservations(f64),
    #[error("{found} observations where there must be {needed}")]
    WrongTotal { found: u64, needed: u64 },
    #[error("chi-square distribution: {0}")]
    ChiSquare(#[from] GammaError),
    #[error("binomial distribution: {0}")]
    Binomial(#[from] BinomialError),
}

/// Whether independent observations fall equally often in every cell (Pearson).
pub fn uniform(observed: &[u64]) -> Result<Outcome, StatisticError> {
    let expected = float(total(observed)) / float(count(observed));
    let statistic = pearson(observed.iter().map(|seen| (*seen, expected)))?;
    chi_square(statistic, count(observed).saturating_sub(1))
}

/// Whether cells are chosen equally often when each of `draws` draws chooses
/// `chosen` different ones.
///
/// Choices within a draw exclude each other, which makes counts more alike than
/// independent ones; Pearson's sum times `(n - 1) / (n - chosen)` is chi-square
/// again (H. Joe, "Tests of uniformity for sets of lotto numbers", Statistics &
/// Probability Letters 16, 1993; J. Haigh, "The statistics of the National
/// Lottery", Journal of the Royal Statistical Society A 160, 1997).
pub fn uniform_without_replacement(
    observed: &[u64],
    draws: u64,
    chosen: u64,
) -> Result<Outcome, StatisticError> {
    let (cells, found) = (count(observed), total(observed));
    let needed = draws.saturating_mul(chosen);
    if found != needed {
        return Err(StatisticError::WrongTotal { found, needed });
    }
    if chosen >= cells {
        return Err(StatisticError::TooFewCells);
    }
    let expected = float(needed) / float(cells);
    let sum = pearson(observed.iter().map(|seen| (*seen, expected)))?;
    chi_square(
        sum * float(cells - 1) / float(cells - chosen),
        cells.saturating_sub(1),
    )
}

/// Whether cells are filled as often as their probabilities say.
pub fn as_likely_as(observed: &[u64], probabilities: &[f64]) -> Result<Outcome, StatisticError> {
    let all = float(total(observed));
    let cells = observed.iter().zip(probabilities);
    let statistic = pearson(cells.map(|(seen, chance)| (*seen, all * chance)))?;
    chi_square(statistic, count(observed).saturating_sub(1))
}

/// Whether row and column of a contingency table, stored row by row, are
/// independent. Judges nothing else: the expectation comes from the table's margins.
pub fn independent(table: &[u64], columns: usize) -> Result<Outcome, StatisticError> {
    if columns < 2 || table.len() < 2 * columns {
        return Err(StatisticError::TooFewCells);
    }
    let rows: Vec<u64> = table.chunks(columns).map(total).collect();
    let margin: Vec<u64> = (0..columns)
        .map(|column| table.iter().skip(column).step_by(columns).sum())
        .collect();
    let all = float(total(table));
    let cells = table.iter().enumerate().map(|(cell, seen)| {
        let product = float(rows[cell / columns]) * float(margin[cell % columns]);
        (*seen, product / all)
    });
    chi_square(pearson(cells)?, (count(&rows) - 1) * (count(&margin) - 1))
}

/// Whether something that has this `chance` in each of `trials` independent trials
/// happened `observed` times. Exact.
pub fn hits(observed: u64, trials: u64, chance: f64) -> Result<Outcome, StatisticError> {
    let p_value = at_least(trials, chance, observed)?.min(at_least(
        trials,
        1.0 - chance,
        trials.saturating_sub(observed),
    )?);
    let lower = trials - largest_within(trials, 1.0 - chance)?;
    Ok(Outcome {
        kind: Kind::Hits { trials },
        statistic: float(observed),
        expected: float(trials) * chance,
        lower: float(lower),
        upper: float(largest_within(trials, chance)?),
        p_value: (2.0 * p_value).min(1.0),
    })
}

/// The sum of `(seen - expected)² / expected`.
fn pearson(cells: impl Iterator<Item = (u64, f64)>) -> Result<f64, StatisticError> {
    let mut sum = 0.0;
    for (seen, expected) in cells {
        // Not `<`: an empty table expects NaN.
        if !matches!(
            expected.partial_cmp(&float(LEAST_EXPECTED)),
            Some(core::cmp::Ordering::Greater | core::cmp::Ordering::Equal)
        ) {
            return Err(StatisticError::TooFewObservations(expected));
        }
        sum += (float(seen) - expected).powi(2) / expected;
    }
    Ok(sum)
}

/// Bounds on both sides, because counts too equal to be random are a fault too.
fn chi_square(statistic: f64, degrees_of_freedom: u64) -> Result<Outcome, StatisticError> {
    if degrees_of_freedom == 0 {
        return Err(StatisticError::TooFewCells);
    }
    let distribution = ChiSquared::new(float(degrees_of_freedom))?;
    let above = distribution.sf(statistic);
    let (lower, upper, p_value) = if degrees_of_freedom < LEAST_DEGREES_FOR_LOWER_BOUND {
        (0.0, distribution.inverse_cdf(1.0 - FALSE_ALARM), above)
    } else {
        (
            distribution.inverse_cdf(FALSE_ALARM / 2.0),
            distribution.inverse_cdf(1.0 - FALSE_ALARM / 2.0),
            2.0 * above.min(distribution.cdf(statistic)),
        )
    };
    Ok(Outcome {
        kind: Kind::ChiSquare { degrees_of_freedom },
        statistic,
        expected: float(degrees_of_freedom),
        lower,
        upper,
        p_value,
    })
}

/// The most hits that are within the bound above.
fn largest_within(trials: u64, chance: f64) -> Result<u64, StatisticError> {
    let (mut within, mut beyond) = (0, trials.saturating_add(1));
    while beyond - within > 1 {
        let middle = within + (beyond - within) / 2;
        if at_least(trials, chance, middle)? < FALSE_ALARM / 2.0 {
            beyond = middle;
        } else {
            within = middle;
        }
    }
    Ok(within)
}

/// Chance of `least` hits or more.
///
/// Summed term by term: statrs's own distribution function is a continued fraction
/// cut off after 140 terms, near the mean of a million trials far too early.
fn at_least(trials: u64, chance: f64, least: u64) -> Result<f64, StatisticError> {
    if least == 0 {
        return Ok(1.0);
    }
    if least > trials || chance <= 0.0 {
        return Ok(0.0);
    }
    if chance >= 1.0 {
        return Ok(1.0);
    }
    // Terms shrink only away from the mean: below it the other tail is summed.
    if float(least) < float(trials) * chance {
        let fewer = at_least(trials, 1.0 - chance, trials - least + 1)?;
        return Ok(1.0 - fewer);
    }
    let distribution = Binomial::new(chance, trials)?;
    let odds = chance / (1.0 - chance);
    let mut term = distribution.pmf(least);
    let mut sum = term;
    for hits in least..trials {
        term *= odds * float(trials - hits) / float(hits + 1);
        sum += term;
        if term < sum * f64::EPSILON {
            break;
        }
    }
    Ok(sum.min(1.0))
}

fn total(observed: &[u64]) -> u64 {
    observed.iter().sum()
}

fn count<T>(cells: &[T]) -> u64 {
    cells.len() as u64
}

/// Counts stay far below 2^53, where every integer is a float.
fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(left: f64, right: f64, relative: f64) -> bool {
        (left - right).abs() <= relative * right.abs()
    }

    /// A die rolled 120 times, by hand: sum of (seen - 20)² / 20.
    #[test]
    fn pearson_by_hand() {
        let outcome = uniform(&[25, 17, 15, 23, 24, 16]).unwrap();
        assert!(close(outcome.statistic, 5.0, 1e-12));
        // Table: chi-square of 5 degrees of freedom exceeds 5.0 with 0.41588.
        assert!(close(outcome.p_value, 0.415_88, 1e-4));
    }

    /// One degree of freedom: the square of the normal's two-sided 1e-6, 4.891638.
    #[test]
    fn few_cells_have_an_upper_bound_only() {
        let outcome = uniform(&[100, 100]).unwrap();
        assert_eq!(outcome.lower, 0.0);
        assert!(close(outcome.upper, 4.891_638_f64.powi(2), 1e-6));
        assert!(outcome.passed(), "two equal counts are no fault");
    }

    /// With an even number of degrees of freedom the tail is a sum of Poisson terms.
    #[test]
    fn bounds_leave_half_a_false_alarm_on_either_side() {
        let outcome = uniform(&[100; 101]).unwrap();
        let above = |x: f64| {
            let mut term = (-x / 2.0).exp();
            let mut sum = term;
            for k in 1..50 {
                term *= x / 2.0 / f64::from(k);
                sum += term;
            }
            sum
        };
        assert!(close(above(outcome.upper), FALSE_ALARM / 2.0, 1e-6));
        assert!(close(1.0 - above(outcome.lower), FALSE_ALARM / 2.0, 1e-6));
    }

    #[test]
    fn counts_too_equal_are_a_fault() {
        assert!(!uniform(&[1_000; 50]).unwrap().passed());
    }

    /// Of two cells one is chosen: the normal approximation of the binomial.
    #[test]
    fn without_replacement_of_two_is_the_coin() {
        let (heads, tosses) = (5_100_u64, 10_000_u64);
        let outcome = uniform_without_replacement(&[heads, tosses - heads], tosses, 1).unwrap();
        assert!(close(outcome.statistic, 4.0, 1e-12)); // (100 / 50)²
    }

    /// All but one chosen is one left out: the same deviations, the same statistic.
    #[test]
    fn choosing_is_leaving_out() {
        let out = [110, 95, 95, 100, 100_u64];
        let stay: Vec<u64> = out.iter().map(|out| 500 - out).collect();
        let one = uniform_without_replacement(&out, 500, 1).unwrap();
        let four = uniform_without_replacement(&stay, 500, 4).unwrap();
        assert!(close(one.statistic, four.statistic, 1e-12));
        assert!(close(one.statistic, 1.5, 1e-12)); // (100 + 25 + 25) / 100
    }

    #[test]
    fn a_draw_that_chose_too_few_is_an_error() {
        assert!(matches!(
            uniform_without_replacement(&[50, 49], 100, 1),
            Err(StatisticError::WrongTotal { .. })
        ));
    }

    /// Two by two, by hand: n (ad - bc)² / product of margins.
    #[test]
    fn independence_by_hand() {
        let outcome = independent(&[30, 70, 50, 50], 2).unwrap();
        let by_hand = 200.0 * (30.0 * 50.0 - 70.0 * 50.0_f64).powi(2) / (1e4 * 80.0 * 120.0);
        assert!(close(outcome.statistic, by_hand, 1e-12));
        assert_eq!(outcome.expected, 1.0);
    }

    /// Ten tosses: 1 + 10 + 45 of 1,024 sequences have 8 heads or more.
    #[test]
    fn binomial_tails_of_ten_tosses() {
        assert!(close(at_least(10, 0.5, 8).unwrap(), 56.0 / 1024.0, 1e-12));
        assert!(close(at_least(10, 0.5, 3).unwrap(), 968.0 / 1024.0, 1e-12));
        assert_eq!(hits(5, 10, 0.5).unwrap().p_value, 1.0);
    }

    /// Far from the small numbers: a million tosses against the normal curve.
    #[test]
    fn binomial_bounds_of_a_million_tosses() {
        let outcome = hits(500_000, 1_000_000, 0.5).unwrap();
        assert_eq!(outcome.upper - 500_000.0, 500_000.0 - outcome.lower);
        assert!(close(outcome.upper - 500_000.0, 4.891_638 * 500.0, 1e-3));
        assert!(outcome.passed() && outcome.p_value > 0.99);
        assert!(!hits(502_500, 1_000_000, 0.5).unwrap().passed());
    }

    #[test]
    fn what_is_certain_allows_no_exception() {
        assert!(hits(0, 1_000, 0.0).unwrap().passed());
        assert!(!hits(1, 1_000, 0.0).unwrap().passed());
        assert!(hits(1_000, 1_000, 1.0).unwrap().passed());
        assert!(!hits(999, 1_000, 1.0).unwrap().passed());
    }

    #[test]
    fn too_few_observations_are_refused() {
        assert!(matches!(
            uniform(&[19, 19]),
            Err(StatisticError::TooFewObservations(_))
        ));
        assert!(independent(&[0; 4], 2).is_err());
    }
}

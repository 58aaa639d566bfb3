//! Which part of a batch is to blame when it fails.

/// A packed transaction being taken apart: halves of what failed are tried
/// again until each failing member stands alone.
#[derive(Debug)]
pub struct Bisection<T> {
    pending: Vec<Vec<T>>,
}

impl<T> Bisection<T> {
    pub fn new(members: Vec<T>) -> Self {
        Self {
            pending: vec![members],
        }
    }

    /// What to try next.
    pub fn next_try(&mut self) -> Option<Vec<T>> {
        self.pending.pop().filter(|members| !members.is_empty())
    }

    /// Gives back what failed together; a single member comes back as it is:
    /// it is the one to blame.
    pub fn split(&mut self, mut failed: Vec<T>) -> Option<T> {
        if failed.len() <= 1 {
            return failed.pop();
        }
        let second = failed.split_off(failed.len() / 2);
        // The first half is tried first.
        self.pending.push(second);
        self.pending.push(failed);
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn bisection_blames_exactly_the_failing_members(bad in prop::collection::vec(any::<bool>(), 1..40)) {
            let mut bisection = Bisection::new((0..bad.len()).collect::<Vec<_>>());
            let (mut passed, mut blamed) = (Vec::new(), Vec::new());
            while let Some(members) = bisection.next_try() {
                if members.iter().any(|member| bad[*member]) {
                    blamed.extend(bisection.split(members));
                } else {
                    passed.extend(members);
                }
            }
            prop_assert!(blamed.iter().all(|member| bad[*member]));
            prop_assert!(passed.iter().all(|member| !bad[*member]));
            prop_assert_eq!(passed.len() + blamed.len(), bad.len());
        }
    }
}

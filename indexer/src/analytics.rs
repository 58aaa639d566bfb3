//! The questions of `docs/analytics`, each a statement in a file of its own: what
//! analysts ask, what the indexes are there for, and what their plans are tested with.

/// A question to the database.
#[derive(Clone, Copy, Debug)]
pub struct Question {
    /// Its file's name.
    pub name: &'static str,
    text: &'static str,
}

/// What a question is asked about, in the order of its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    House,
    Game,
    Player,
    Tier,
}

macro_rules! question {
    ($file:literal) => {
        Question {
            name: $file,
            text: include_str!(concat!("../../docs/analytics/", $file, ".sql")),
        }
    };
}

/// All of them, in the order of their files.
pub const QUESTIONS: &[Question] = &[
    question!("01_active_games"),
    question!("02_games_of_house"),
    question!("03_entries_of_game"),
    question!("04_winners_of_game"),
    question!("05_proof_of_game"),
    question!("06_history_of_game"),
    question!("07_payments_of_game"),
    question!("08_entries_of_player"),
    question!("09_statistics_of_player"),
    question!("10_payments_to_player"),
    question!("11_instructions_for_player"),
    question!("12_largest_spenders"),
    question!("13_largest_winners"),
    question!("14_last_thirty_days"),
    question!("15_jackpots_now"),
    question!("16_contributions_to_jackpot"),
    question!("17_wins_of_jackpot"),
    question!("18_withdrawals_of_house"),
    question!("19_recent_transactions"),
    question!("20_transactions_of_wallet"),
    question!("21_recent_failures"),
    question!("22_winnings_of_player"),
];

impl Question {
    /// In words.
    pub fn asked(&self) -> &'static str {
        let first = self.text.lines().next().unwrap_or_default();
        first.trim_start_matches("--").trim()
    }

    /// What its parameters are.
    pub fn about(&self) -> Vec<About> {
        let comments = self.text.lines().take_while(|line| line.starts_with("--"));
        comments
            .skip(1)
            .flat_map(|line| line.split_whitespace())
            .filter_map(|word| match word.trim_end_matches(',') {
                "house" => Some(About::House),
                "game" => Some(About::Game),
                "player" => Some(About::Player),
                "tier" => Some(About::Tier),
                _ => None,
            })
            .collect()
    }

    /// What its plan is to read, at size: indexes, and `scan of` tables that are small.
    pub fn plan(&self) -> Vec<&'static str> {
        let plan = self
            .text
            .lines()
            .find_map(|line| line.strip_prefix("-- Plan: "));
        plan.unwrap_or_default().split(", ").collect()
    }

    /// The statement.
    pub fn sql(&self) -> &'static str {
        let start = self.text.find("SELECT").unwrap_or_default();
        let sql = self.text.get(start..).unwrap_or_default();
        sql.trim().trim_end_matches(';')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_question_says_what_it_asks_and_of_what() {
        assert!(QUESTIONS.len() >= 20);
        for question in QUESTIONS {
            assert!(question.asked().ends_with('?'), "{}", question.name);
            assert!(question.sql().starts_with("SELECT"), "{}", question.name);
            assert!(!question.plan().contains(&""), "{}", question.name);
            let about = question.about();
            for number in 1..=3 {
                let used = question.sql().contains(&format!("${number}"));
                assert_eq!(used, number <= about.len(), "{}", question.name);
            }
        }
    }
}

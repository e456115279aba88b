//! Results as tables in Markdown.

use std::fmt::Write;

use super::results::{Answered, Loaded, Round};

pub(super) fn text(loaded: &Loaded, asked: &[Answered]) -> String {
    let mut text = format!(
        "| {} statements | ledger | PostgreSQL | ratio |\n| --- | --: | --: | --: |\n",
        loaded.statements
    );
    let mut line = |what: &str, ledger: f64, postgres: f64, ratio: f64| {
        let _ = writeln!(text, "| {what} | {ledger:.0} | {postgres:.0} | {ratio:.1} |");
    };
    let (ledger, postgres) = (loaded.ledger_rows_per_second, loaded.postgres_rows_per_second);
    line("rows per second that come in", ledger, postgres, ledger / postgres);
    let (ledger, postgres) = (loaded.ledger_bytes_each, loaded.postgres_bytes_each);
    line("bytes on disk for each statement", ledger, postgres, postgres / ledger);
    text.push_str("\n| question | rows | ledger ms | PostgreSQL ms | PostgreSQL ÷ ledger, each round |\n");
    text.push_str("| --- | --: | --: | --: | --: |\n");
    for it in asked {
        let ratios: Vec<String> = it.rounds.iter().map(|round| format!("{:.1}", round.ratio())).collect();
        let _ = writeln!(
            text,
            "| {} | {} | {:.1} | {:.1} | {} |",
            it.question,
            it.rows,
            it.median(|round: Round| round.ledger_ms),
            it.median(|round: Round| round.postgres_ms),
            ratios.join(" ")
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::results::tests::example;
    use super::*;

    #[test]
    fn each_question_has_a_line_with_its_rounds() {
        let loaded = Loaded {
            versions: String::new(),
            statements: 10,
            ledger_rows_per_second: 300.0,
            postgres_rows_per_second: 100.0,
            ledger_bytes_each: 50.0,
            postgres_bytes_each: 500.0,
        };
        let text = text(&loaded, &[example()]);
        assert!(text.contains("| rows per second that come in | 300 | 100 | 3.0 |"), "{text}");
        assert!(text.contains("| bytes on disk for each statement | 50 | 500 | 10.0 |"), "{text}");
        assert!(text.ends_with("| who < what | 3 | 2.0 | 30.0 | 15.0 40.0 5.0 |\n"), "{text}");
    }
}

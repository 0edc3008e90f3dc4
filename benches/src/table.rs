//! Scores of a group as text.

use std::fmt::{self, Display, Formatter};

use serde_json::{Map, Value};

use crate::contest::{FEMTO, Score};

/// The rival that goes number by number on every target: how much vectors bring.
const SCALAR: &str = "libm";

/// The scores of one group, a line for each case and a column for each contender.
///
/// Where errors are measured, the worst one in ulp follows each time. A rival that is less accurate than femto stands in
/// parentheses; the ratio leaves it out, and the column `fastest` is the ratio to the fastest of all.
#[derive(Clone, Copy, Debug)]
pub struct Table<'a>(pub &'a [Score]);

impl Table<'_> {
    /// All rivals, in the order of their first case.
    fn rivals(&self) -> Vec<&str> {
        names(self.0.iter().map(|score| &score.rivals))
    }

    /// What stands beside femto and is no rival, in the same order.
    fn beside(&self) -> Vec<&str> {
        names(self.0.iter().map(|score| &score.beside))
    }

    fn has_errors(&self) -> bool {
        self.0.iter().any(|score| !score.worst_ulp.is_empty())
    }
}

impl Display for Table<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Some(first) = self.0.first() else { return Ok(()) };
        let (beside, rivals, has_errors) = (self.beside(), self.rivals(), self.has_errors());
        let width = if has_errors { 18 } else { 15 };
        let heading = format!("{}, {}", first.group, first.unit);
        let longest = self.0.iter().map(|score| score.case.len()).fold(heading.len(), usize::max);
        write!(f, "{heading:<longest$} {FEMTO:>width$}")?;
        for name in beside.iter().chain(&rivals) {
            write!(f, " {name:>width$}")?;
        }
        writeln!(f, " {:>8} {:>8}", "ratio", if has_errors { "fastest" } else { "of peak" })?;
        for score in self.0 {
            write!(f, "{:<longest$} {:>width$}", score.case, cell(score, FEMTO, Some(score.femto)))?;
            for name in &beside {
                write!(f, " {:>width$}", cell(score, name, score.beside.get(*name).and_then(Value::as_f64)))?;
            }
            for name in &rivals {
                write!(f, " {:>width$}", cell(score, name, score.rivals.get(*name).and_then(Value::as_f64)))?;
            }
            let last = match score.peak_fraction {
                _ if has_errors => ratio(score.ratio_to_fastest()),
                Some(part) => format!("{:.1} %", 100.0 * part),
                None => ratio(None),
            };
            writeln!(f, " {:>8} {last:>8}", ratio(score.ratio))?;
        }
        if let Some(mean) = geometric_mean(self.0.iter().filter_map(|score| score.ratio)) {
            writeln!(f, "ratio to the best rival of each case, geometric mean: {mean:.2}")?;
        }
        for name in beside {
            let ratios =
                self.0.iter().filter_map(|score| Some(score.beside.get(name).and_then(Value::as_f64)? / score.femto));
            if let Some(mean) = geometric_mean(ratios) {
                writeln!(f, "{name}: {mean:.2} times the time of {FEMTO}, geometric mean")?;
            }
        }
        if has_errors {
            let scalar: Vec<f64> = self.0.iter().filter_map(|score| score.ratio_to(SCALAR)).collect();
            if let (Some(mean), Some(least)) =
                (geometric_mean(scalar.iter().copied()), scalar.iter().copied().reduce(f64::min))
            {
                writeln!(f, "ratio to {SCALAR}, geometric mean: {mean:.1}; least: {least:.1}")?;
            }
            let times = || self.0.iter().flat_map(|score| score.rivals.keys().map(move |name| (score, name)));
            let (all, counting) = (times().count(), times().filter(|(score, name)| score.counts(name)).count());
            writeln!(
                f,
                "in brackets: the worst error in ulp; in parentheses: less accurate than femto, not in the ratio; \
                 {counting} of {all} times count"
            )?;
        }
        Ok(())
    }
}

/// The names of several maps, each once.
fn names<'a>(maps: impl Iterator<Item = &'a Map<String, Value>>) -> Vec<&'a str> {
    let mut names: Vec<&str> = Vec::new();
    for name in maps.flat_map(Map::keys) {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    names
}

fn ratio(ratio: Option<f64>) -> String {
    ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}"))
}

/// A time, with the worst error where it is measured.
fn cell(score: &Score, name: &str, time: Option<f64>) -> String {
    let Some(time) = time else { return "-".to_owned() };
    match score.worst_ulp.get(name) {
        None => format!("{time:.3}"),
        Some(error) => {
            let error = match error.as_f64() {
                Some(error) if error < 1000.0 => format!("{error:.2}"),
                Some(error) => format!("{error:.0e}"),
                None => "inf".to_owned(),
            };
            let cell = format!("{time:.3} [{error}]");
            if name == FEMTO || score.counts(name) { cell } else { format!("({cell})") }
        }
    }
}

fn geometric_mean(ratios: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = ratios.fold((0.0, 0_u32), |(sum, count), ratio| (sum + ratio.ln(), count + 1));
    (count > 0).then(|| (sum / f64::from(count)).exp())
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value};

    use super::*;

    fn score(rivals: &[(&str, f64)], worst_ulp: &[(&str, f64)]) -> Score {
        let map = |pairs: &[(&str, f64)]| -> Map<String, Value> {
            pairs.iter().map(|(name, x)| ((*name).to_owned(), Value::from(*x))).collect()
        };
        Score {
            group: "group",
            case: "case".to_owned(),
            unit: "ns",
            femto: 0.5,
            beside: Map::new(),
            rivals: map(rivals),
            ratio: Some(2.0),
            peak_fraction: None,
            worst_ulp: map(worst_ulp),
        }
    }

    #[test]
    fn less_accurate_rivals_stand_in_parentheses() {
        let rivals = [("fast", 0.25), ("libm", 5.0), ("wrong", 1.0)];
        let errors = [("femto", 0.81), ("fast", 3.0), ("libm", 0.5), ("wrong", f64::INFINITY)];
        let text = Table(&[score(&rivals, &errors)]).to_string();
        for part in [
            "0.500 [0.81]",
            "(0.250 [3.00])",
            " 5.000 [0.50]",
            "(1.000 [inf])",
            " 2.00     0.50\n",
            "least: 10.0",
            "1 of 3 times",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
    }

    #[test]
    fn absent_rivals_leave_a_dash() {
        let text = Table(&[score(&[("a", 1.0)], &[]), score(&[("b", 4.0)], &[])]).to_string();
        let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(lines[1], ["case", "0.500", "1.000", "-", "2.00", "-"], "{text}");
        assert_eq!(lines[2], ["case", "0.500", "-", "4.000", "2.00", "-"], "{text}");
        assert!(lines[3].ends_with(&["2.00"]), "{text}");
    }
}

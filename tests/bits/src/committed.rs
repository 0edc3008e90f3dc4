//! The file of hashes, and the comparison with it.

use femto::{Arithmetic, Level};

use crate::{Workspace, all};

/// Lines of `class name hash`, the hash in hexadecimal; lines that begin with # are comments.
const FILE: &str = include_str!("../hashes.txt");

/// Where a target and the file disagree.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mismatch<'a> {
    /// What was computed.
    pub name: &'a str,
    /// The committed hash; `None` where the file has no line of that name.
    pub committed: Option<u64>,
    /// The hash found; `None` where the file has a line for which nothing was computed.
    pub found: Option<u64>,
}

/// The name of a class in the file.
#[must_use]
pub const fn class_name(arithmetic: Arithmetic) -> &'static str {
    match arithmetic {
        Arithmetic::Fused => "fused",
        Arithmetic::Unfused => "unfused",
    }
}

/// The committed names and hashes of a class, in the order of the file.
pub fn committed(arithmetic: Arithmetic) -> impl Iterator<Item = (&'static str, u64)> {
    lines_of(FILE, class_name(arithmetic))
}

fn lines_of<'a>(file: &'a str, class: &'a str) -> impl Iterator<Item = (&'a str, u64)> {
    file.lines().filter_map(move |line| {
        let mut words = line.split_ascii_whitespace();
        match (words.next()?, words.next()?, words.next()?, words.next()) {
            (of, name, hash, None) if of == class => Some((name, u64::from_str_radix(hash, 16).ok()?)),
            _ => None,
        }
    })
}

/// Computes everything on one level and calls `mismatch` where it differs from the file. Returns how many hashes agree.
pub fn check(level: Level, workspace: &mut Workspace, mismatch: &mut dyn FnMut(Mismatch<'_>)) -> usize {
    let class = level.arithmetic();
    let mut agree = 0;
    // A bit for each line of the class that was met: one that no one computes any longer must not pass for checked.
    let mut met = [false; 128];
    all(level, workspace, &mut |name, found| match committed(class).zip(&mut met).find(|((of, _), _)| *of == name) {
        Some(((_, expected), met)) if expected == found => {
            *met = true;
            agree += 1;
        }
        Some(((_, expected), met)) => {
            *met = true;
            mismatch(Mismatch { name, committed: Some(expected), found: Some(found) });
        }
        None => mismatch(Mismatch { name, committed: None, found: Some(found) }),
    });
    for ((name, hash), met) in committed(class).zip(met) {
        if !met {
            mismatch(Mismatch { name, committed: Some(hash), found: None });
        }
    }
    agree
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = "# comment\nfused a 1f\nunfused a 20\nfused b 21 more\nfused c xyz\nfused d\n";

    #[test]
    fn only_whole_lines_of_the_class_count() {
        assert!(lines_of(SAMPLE, "fused").eq([("a", 0x1f)]), "fused");
        assert!(lines_of(SAMPLE, "unfused").eq([("a", 0x20)]), "unfused");
    }

    #[test]
    fn both_classes_have_the_same_names() {
        let names = |class| committed(class).map(|(name, _)| name);
        assert!(names(Arithmetic::Fused).eq(names(Arithmetic::Unfused)), "names of the two classes");
        assert!((40..=128).contains(&names(Arithmetic::Fused).count()), "as many as `check` has room for");
    }
}

//! Numbers for classes that are named by text.

use std::collections::HashMap;
use std::io::Read;
use std::marker::PhantomData;

use super::error::{CsvError, excerpt};
use super::rows::Rows;

/// The classes that are known so far; `C` is the type of the numbers.
pub(super) struct Classes<C> {
    names: Vec<String>,
    numbers: HashMap<String, usize>,
    /// Whether new names are refused.
    given: bool,
    limit: usize,
    type_of_numbers: PhantomData<fn() -> C>,
}

impl<C: TryFrom<usize>> Classes<C> {
    /// Those that were passed, or as yet none.
    pub(super) fn new(names: &[String], limit: usize) -> Self {
        let numbers = names.iter().enumerate().map(|(number, name)| (name.clone(), number)).collect();
        Self { names: names.to_vec(), numbers, given: !names.is_empty(), limit, type_of_numbers: PhantomData }
    }

    /// The number of the class in a field, a new one for a new class.
    pub(super) fn number_of(&mut self, rows: &Rows<impl Read>, column: usize) -> Result<usize, CsvError> {
        let text = rows.some_text(column)?;
        let too_many = |limit| CsvError::TooManyClasses { place: rows.place(column), text: excerpt(text), limit };
        let number = match self.numbers.get(text) {
            Some(&number) => number,
            None if self.given => {
                let (place, text, classes) = (rows.place(column), excerpt(text), self.names.clone());
                return Err(CsvError::UnknownClass { place, text, classes });
            }
            None if self.names.len() >= self.limit => return Err(too_many(self.limit)),
            None => {
                self.numbers.insert(text.to_owned(), self.names.len());
                self.names.push(text.to_owned());
                self.names.len() - 1
            }
        };
        if C::try_from(number).is_err() {
            return Err(too_many((0..number).find(|number| C::try_from(*number).is_err()).unwrap_or(number)));
        }
        Ok(number)
    }

    /// Numbers the classes anew, in the order of their names.
    pub(super) fn sort(&mut self, targets: &mut [usize]) {
        let mut order: Vec<usize> = (0..self.names.len()).collect();
        let values: Option<Vec<i64>> = self.names.iter().map(|name| name.parse().ok()).collect();
        match values {
            // 9 before 10; 1 before 01, which is another class.
            Some(values) => order.sort_by_key(|&class| (values[class], &self.names[class])),
            None => order.sort_by_key(|&class| &self.names[class]),
        }
        let mut place = vec![0; order.len()];
        for (new, &old) in order.iter().enumerate() {
            place[old] = new;
        }
        for target in targets {
            *target = place[*target];
        }
        self.names = order.iter().map(|&class| std::mem::take(&mut self.names[class])).collect();
    }

    /// The targets as numbers of their type, and the names of the classes.
    pub(super) fn finish(self, targets: Vec<usize>) -> (Vec<C>, Vec<String>) {
        // None is lost: each was tried when it was read.
        (targets.into_iter().filter_map(|number| C::try_from(number).ok()).collect(), self.names)
    }
}

//! How sure it is that a column holds what it is said to hold.

use super::sample::CLASS_PERCENT;
use super::{Class, Sample};

/// So many of a hundred values are of the class where values alone tell it and it is sure.
const SURE_PERCENT: u64 = 90;

/// Fewer of a hundred values are of the class where they contradict a name.
const DOUBTED_PERCENT: u64 = 10;

/// How sure it is that a column holds what it is said to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// Its name says so, and its values do not look like it.
    Low,
    /// Its name says so and its values cannot be told by their form, were too few, or are not all of one kind; or they look like it and its
    /// name says nothing.
    Medium,
    /// Name and values, a type, or nearly all values say so, or it follows from other columns.
    High,
    /// Somebody has said so.
    Certain,
}

impl Confidence {
    /// Of a column whose name or comment says that it is of `class`, and whose values were seen to hold this.
    pub fn by_name(class: Class, values: &Sample) -> Self {
        if values.are_mostly(class, CLASS_PERCENT) {
            return Confidence::High;
        }
        let matching = u64::from(values.of(class)) * 100;
        let contradicts = values.is_enough() && matching < u64::from(values.values()) * DOUBTED_PERCENT;
        match has_form(class) && contradicts {
            true => Confidence::Low,
            false => Confidence::Medium,
        }
    }

    /// Of a column that is of `class` by its values alone.
    pub fn by_values(class: Class, values: &Sample) -> Self {
        match values.is_enough() && values.are_mostly(class, SURE_PERCENT) {
            true => Confidence::High,
            false => Confidence::Medium,
        }
    }

    /// The word for it in records and listings.
    pub fn name(self) -> &'static str {
        match self {
            Confidence::Low => "low",
            Confidence::Medium => "medium",
            Confidence::High => "high",
            Confidence::Certain => "certain",
        }
    }
}

/// Whether nearly every value of the class has a form that tells it.
fn has_form(class: Class) -> bool {
    match class {
        Class::Email | Class::Phone | Class::Card | Class::Iban | Class::IpAddress | Class::MacAddress => {
            true
        }
        Class::NationalId
        | Class::TaxId
        | Class::Passport
        | Class::GeoLocation
        | Class::Address
        | Class::PersonName
        | Class::BirthDate
        | Class::Credential
        | Class::Document
        | Class::Derived => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: u32 = 25;

    fn sample(values: &[&str], times: usize) -> Sample {
        let mut sample = Sample::default();
        values
            .iter()
            .cycle()
            .take(values.len() * times)
            .for_each(|value| sample.note(TEXT, value.as_bytes()));
        sample
    }

    #[test]
    fn values_bear_a_name_out_or_contradict_it() {
        let by_name = |values: &[&str], times| Confidence::by_name(Class::Email, &sample(values, times));
        assert_eq!(by_name(&["ann@shop.org"], 3), Confidence::High);
        assert_eq!(by_name(&["ann@shop.org", "n/a"], 2), Confidence::Medium);
        assert_eq!(by_name(&["ann@shop.org", "n/a"], 20), Confidence::Medium);
        assert_eq!(by_name(&[], 0), Confidence::Medium);
        assert_eq!(by_name(&["yes"], 19), Confidence::Medium);
        assert_eq!(by_name(&["yes"], 20), Confidence::Low);
        // Nothing tells a name of a person by its form.
        assert_eq!(Confidence::by_name(Class::PersonName, &sample(&["yes"], 20)), Confidence::Medium);
    }

    #[test]
    fn values_alone_are_sure_where_nearly_all_say_so() {
        let by_values = |values: &[&str], times| Confidence::by_values(Class::Email, &sample(values, times));
        assert_eq!(by_values(&["ann@shop.org"], 20), Confidence::High);
        assert_eq!(by_values(&["ann@shop.org"], 19), Confidence::Medium);
        assert_eq!(by_values(&["ann@shop.org", "bob@shop.org", "n/a"], 20), Confidence::Medium);
    }
}

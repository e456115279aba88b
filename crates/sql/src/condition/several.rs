//! Comparisons of several values at once, as those that they are made of: of rows, and of the greatest or least of some.

use super::{Atom, DEPTH_MAX, Formula, PARTS_MAX, Reader, is_in_order, turned_bits};
use crate::constant::{Constant, constant};
use crate::cover::{EQUAL, Said};
use crate::tree::Tree;

/// Numbers below it are kept as they are.
const EXACT_BELOW: f64 = 1e15;

/// What is greater, and what is not less.
const GREATER: u8 = 0b100;
const AT_LEAST: u8 = 0b110;

impl<'t> Reader<'_, 't> {
    /// Two rows, or the greatest or least of some and anything, in this order; `None` where they are something else.
    pub(super) fn several(
        &mut self,
        bits: u8,
        (left, right): (&'t Tree, &'t Tree),
        depth: usize,
    ) -> Option<Formula<Atom>> {
        self.parts += 1;
        if DEPTH_MAX < depth || PARTS_MAX < self.parts {
            return None;
        }
        if left.kind == "RowExpr" && right.kind == "RowExpr" {
            let (left, right): (Vec<_>, Vec<_>) = (left.all("args").collect(), right.all("args").collect());
            return (left.len() == right.len()).then(|| self.rows(bits, (&left, &right), depth + 1))?;
        }
        match (left.kind, right.kind) {
            ("MinMaxExpr", _) => self.extreme(bits, left, right, depth + 1),
            (_, "MinMaxExpr") => self.extreme(turned_bits(bits), right, left, depth + 1),
            _ => None,
        }
    }

    /// The first two that differ decide (rowtypes.c, and the manual's "Row and Array Comparisons").
    fn rows(
        &mut self,
        bits: u8,
        (left, right): (&[&'t Tree], &[&'t Tree]),
        depth: usize,
    ) -> Option<Formula<Atom>> {
        let mut pairs = left.iter().zip(right);
        if matches!(bits, EQUAL | 0b101) {
            let each = pairs.map(|(left, right)| self.compared(EQUAL, left, right, depth));
            return Some(Formula::And(each.collect::<Option<_>>()?).not_if(bits != EQUAL));
        }
        let mut said = self.compared(bits, left.last()?, right.last()?, depth)?;
        pairs.next_back();
        for (left, right) in pairs.rev() {
            let differs = self.compared(bits & !EQUAL, left, right, depth)?;
            let equal = self.compared(EQUAL, left, right, depth)?;
            said = Formula::Or(vec![differs, Formula::And(vec![equal, said])]);
        }
        Some(said)
    }

    /// GREATEST and LEAST pass over what is NULL, and are NULL where all is.
    fn extreme(&mut self, bits: u8, tree: &'t Tree, other: &'t Tree, depth: usize) -> Option<Formula<Atom>> {
        let args: Vec<&'t Tree> = tree.all("args").collect();
        let nulls = args.iter().map(|arg| self.null(arg, depth)).collect();
        let is_null = Formula::Or(vec![Formula::And(nulls), self.null(other, depth)]);
        // The greatest is at least this where any is, and the least at most.
        let is_greatest = tree.number("op") == 1;
        let turned = |bits| if is_greatest { bits } else { turned_bits(bits) };
        let mut any = |bits: u8| {
            let each = args.iter().map(|arg| self.compared(turned(bits), arg, other, depth));
            let each = each.map(|one| Some(one?.holds())).collect::<Option<Vec<_>>>()?;
            let unknown = Formula::And(vec![is_null.clone(), Formula::Constant(Said::Unknown)]);
            Some(Formula::Or(vec![unknown, Formula::Or(each)]))
        };
        Some(match turned(bits) {
            GREATER => any(GREATER)?,
            AT_LEAST => any(AT_LEAST)?,
            0b001 => any(AT_LEAST)?.not(),
            0b011 => any(GREATER)?.not(),
            bits @ (EQUAL | 0b101) => {
                Formula::And(vec![any(AT_LEAST)?, any(GREATER)?.not()]).not_if(bits != EQUAL)
            }
            _ => return None,
        })
    }

    /// Two numbers in this order, or NULL and anything. What is not told apart as they are kept is left open.
    pub(super) fn constants(bits: u8, left: &Tree, right: &Tree) -> Option<Formula<Atom>> {
        let is_exact = |number: f64| number.abs() < EXACT_BELOW;
        Some(Formula::Constant(match (constant(left)?, constant(right)?) {
            (Constant::Null, _) | (_, Constant::Null) => Said::Unknown,
            (Constant::Number(left), Constant::Number(right)) if is_exact(left) && is_exact(right) => {
                Said::of(is_in_order(bits, left.partial_cmp(&right)?))
            }
            _ => return None,
        }))
    }
}

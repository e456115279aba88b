//! Plans what happens to the rows of a result, once its columns are known.

use std::rc::Rc;

use mask::{ColumnPlan, FIRST_NORMAL_OID, Plan};

use crate::names::ResultColumn;
use crate::owed::Running;
use crate::state::Environment;

/// A newer catalog is needed: the result has columns that the present one does not have.
pub(crate) struct NeedsCatalog;

/// Plans the result of `running`, and notes for its record which columns it returns and which are masked.
///
/// `asked` remembers for which version a newer catalog was asked: a relation that is not in the newer one either
/// is one that this session has made and not committed, and stays unknown.
pub(crate) fn plan(
    columns: &[ResultColumn],
    running: &mut Running,
    env: &Environment<'_>,
    asked: &mut Option<u64>,
) -> Result<Rc<Plan>, NeedsCatalog> {
    let name = |column: &ResultColumn| {
        let relation = env.catalog.relation(column.table_oid)?;
        Some(format!("{}.{}", relation.path(), relation.column(column.column)?.name))
    };
    let is_unknown = |column: &ResultColumn| {
        FIRST_NORMAL_OID <= column.table_oid && 0 < column.column && name(column).is_none()
    };
    if columns.iter().any(is_unknown) && asked.is_none_or(|version| env.catalog_version <= version) {
        asked.get_or_insert(env.catalog_version);
        return Err(NeedsCatalog);
    }
    *asked = None;
    let mut plans = Vec::with_capacity(columns.len());
    for column in columns {
        let name = name(column);
        let plan = Plan::column(&column.field(), name.is_some(), env.classes);
        let masked = matches!(plan, ColumnPlan::Mask(..));
        let name = match name {
            Some(name) => Some(name),
            None if masked => Some(format!("{}.{}", column.table_oid, column.column)),
            None => None,
        };
        if let Some(name) = name {
            let lists =
                [Some(&mut running.execution.returned), masked.then_some(&mut running.execution.masked)];
            for list in lists.into_iter().flatten() {
                if !list.contains(&name) {
                    list.push(name.clone());
                }
            }
        }
        plans.push(plan);
    }
    Ok(Rc::new(Plan::new(plans)))
}

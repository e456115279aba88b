//! Tests of SQLAlchemy that end otherwise through the proxy, all by masks. docs/compatibility.md says why.

use super::differences::Difference;

/// Of a test for PostgreSQL.
macro_rules! masked {
    ($file_and_class:literal, $test:literal) => {
        Difference {
            test: concat!("test/dialect/postgresql/", $file_and_class, "::test_", $test),
            direct: "passed",
            through: "failed",
        }
    };
}

pub(super) const MASKED: &[Difference] = &[
    masked!("test_on_conflict.py::OnConflictTest", "on_conflict_do_nothing_connectionless"),
    masked!("test_on_conflict.py::OnConflictTest", "on_conflict_do_update_constraint_can_be_index"),
    masked!("test_on_conflict.py::OnConflictTest", "on_conflict_do_update_exotic_targets_five"),
    masked!("test_on_conflict.py::OnConflictTest", "on_conflict_do_update_exotic_targets_four"),
    masked!(
        "test_on_conflict.py::OnConflictTest",
        "on_conflict_do_update_exotic_targets_four_no_pk[not_string_index_elements]"
    ),
    masked!(
        "test_on_conflict.py::OnConflictTest",
        "on_conflict_do_update_exotic_targets_four_no_pk[string_index_elements]"
    ),
    masked!("test_on_conflict.py::OnConflictTest", "on_conflict_do_update_exotic_targets_six"),
    masked!("test_on_conflict.py::OnConflictTest", "on_conflict_do_update_exotic_targets_three"),
    masked!("test_on_conflict.py::OnConflictTest", "on_conflict_do_update_exotic_targets_two"),
    masked!("test_on_conflict.py::OnConflictTest", "on_conflict_do_update_no_row_actually_affected"),
    masked!("test_types.py::CoreArrayRoundTripTest", "type_specific_slice_update[False-ENUM2]"),
    masked!("test_types.py::CoreArrayRoundTripTest", "type_specific_slice_update[False-ENUM4]"),
    masked!("test_types.py::CoreArrayRoundTripTest", "type_specific_slice_update[False-Enum2]"),
    masked!("test_types.py::CoreArrayRoundTripTest", "type_specific_slice_update[False-Enum6]"),
    masked!("test_types.py::CoreArrayRoundTripTest", "type_specific_slice_update[True-ENUM2]"),
    masked!("test_types.py::CoreArrayRoundTripTest", "type_specific_slice_update[True-ENUM4]"),
    masked!("test_types.py::CoreArrayRoundTripTest", "type_specific_slice_update[True-Enum2]"),
    masked!("test_types.py::CoreArrayRoundTripTest", "type_specific_slice_update[True-Enum6]"),
    masked!("test_types.py::CoreArrayRoundTripTest", "type_specific_value_select[False-ENUM2]"),
    masked!("test_types.py::CoreArrayRoundTripTest", "type_specific_value_select[False-ENUM4]"),
    masked!("test_types.py::CoreArrayRoundTripTest", "type_specific_value_select[False-Enum2]"),
    masked!("test_types.py::CoreArrayRoundTripTest", "type_specific_value_select[False-Enum6]"),
    masked!("test_types.py::CoreArrayRoundTripTest", "type_specific_value_select[True-ENUM2]"),
    masked!("test_types.py::CoreArrayRoundTripTest", "type_specific_value_select[True-ENUM4]"),
    masked!("test_types.py::CoreArrayRoundTripTest", "type_specific_value_select[True-Enum2]"),
    masked!("test_types.py::CoreArrayRoundTripTest", "type_specific_value_select[True-Enum6]"),
    masked!("test_types.py::CoreArrayRoundTripTest", "type_specific_value_update[False-ENUM2]"),
    masked!("test_types.py::CoreArrayRoundTripTest", "type_specific_value_update[False-ENUM4]"),
    masked!("test_types.py::CoreArrayRoundTripTest", "type_specific_value_update[False-Enum2]"),
    masked!("test_types.py::CoreArrayRoundTripTest", "type_specific_value_update[False-Enum6]"),
    masked!("test_types.py::CoreArrayRoundTripTest", "type_specific_value_update[True-ENUM2]"),
    masked!("test_types.py::CoreArrayRoundTripTest", "type_specific_value_update[True-ENUM4]"),
    masked!("test_types.py::CoreArrayRoundTripTest", "type_specific_value_update[True-Enum2]"),
    masked!("test_types.py::CoreArrayRoundTripTest", "type_specific_value_update[True-Enum6]"),
    masked!("test_types.py::DomainTest", "domain_create_table"),
    masked!(
        "test_types.py::NamedTypeTest",
        "create_table_schema_translate_map[None-<lambda>-data1-get_domains]"
    ),
    masked!(
        "test_types.py::NamedTypeTest",
        "create_table_schema_translate_map[foo-<lambda>-data1-get_domains]"
    ),
    masked!("test_types.py::NamedTypeTest", "domain_create_table[not_type_exists]"),
    masked!("test_types.py::NamedTypeTest", "domain_create_table[type_exists]"),
    masked!("test_types.py::PGArrayRoundTripTest", "type_specific_contains[False-ENUM2]"),
    masked!("test_types.py::PGArrayRoundTripTest", "type_specific_contains[False-Enum2]"),
    masked!("test_types.py::PGArrayRoundTripTest", "type_specific_contains[True-ENUM2]"),
    masked!("test_types.py::PGArrayRoundTripTest", "type_specific_contains[True-Enum2]"),
    masked!("test_types.py::PGArrayRoundTripTest", "type_specific_slice_update[False-ENUM2]"),
    masked!("test_types.py::PGArrayRoundTripTest", "type_specific_slice_update[False-ENUM4]"),
    masked!("test_types.py::PGArrayRoundTripTest", "type_specific_slice_update[False-Enum2]"),
    masked!("test_types.py::PGArrayRoundTripTest", "type_specific_slice_update[False-Enum6]"),
    masked!("test_types.py::PGArrayRoundTripTest", "type_specific_slice_update[True-ENUM2]"),
    masked!("test_types.py::PGArrayRoundTripTest", "type_specific_slice_update[True-ENUM4]"),
    masked!("test_types.py::PGArrayRoundTripTest", "type_specific_slice_update[True-Enum2]"),
    masked!("test_types.py::PGArrayRoundTripTest", "type_specific_slice_update[True-Enum6]"),
    masked!("test_types.py::PGArrayRoundTripTest", "type_specific_value_select[False-ENUM2]"),
    masked!("test_types.py::PGArrayRoundTripTest", "type_specific_value_select[False-ENUM4]"),
    masked!("test_types.py::PGArrayRoundTripTest", "type_specific_value_select[False-Enum2]"),
    masked!("test_types.py::PGArrayRoundTripTest", "type_specific_value_select[False-Enum6]"),
    masked!("test_types.py::PGArrayRoundTripTest", "type_specific_value_select[True-ENUM2]"),
    masked!("test_types.py::PGArrayRoundTripTest", "type_specific_value_select[True-ENUM4]"),
    masked!("test_types.py::PGArrayRoundTripTest", "type_specific_value_select[True-Enum2]"),
    masked!("test_types.py::PGArrayRoundTripTest", "type_specific_value_select[True-Enum6]"),
    masked!("test_types.py::PGArrayRoundTripTest", "type_specific_value_update[False-ENUM2]"),
    masked!("test_types.py::PGArrayRoundTripTest", "type_specific_value_update[False-ENUM4]"),
    masked!("test_types.py::PGArrayRoundTripTest", "type_specific_value_update[False-Enum2]"),
    masked!("test_types.py::PGArrayRoundTripTest", "type_specific_value_update[False-Enum6]"),
    masked!("test_types.py::PGArrayRoundTripTest", "type_specific_value_update[True-ENUM2]"),
    masked!("test_types.py::PGArrayRoundTripTest", "type_specific_value_update[True-ENUM4]"),
    masked!("test_types.py::PGArrayRoundTripTest", "type_specific_value_update[True-Enum2]"),
    masked!("test_types.py::PGArrayRoundTripTest", "type_specific_value_update[True-Enum6]"),
];

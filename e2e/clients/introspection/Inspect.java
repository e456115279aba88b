// Everything that JDBC's metadata tells of a database, row by row, and of the columns of a result.

import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

class Inspect {
    interface Asked {
        ResultSet rows() throws SQLException;
    }

    static void columns(ResultSetMetaData columns) throws SQLException {
        for (int n = 1; n <= columns.getColumnCount(); n++) {
            System.out.print(columns.getColumnLabel(n) + ":" + columns.getColumnTypeName(n) + ":" + columns.getTableName(n) + ":"
                    + columns.getSchemaName(n) + ":" + columns.getPrecision(n) + ":" + columns.getScale(n) + ":" + columns.isNullable(n)
                    + ":" + columns.isAutoIncrement(n) + " ");
        }
        System.out.println();
    }

    static void show(String what, Asked asked) throws SQLException {
        try (ResultSet rows = asked.rows()) {
            System.out.println("== " + what);
            int count = rows.getMetaData().getColumnCount();
            while (rows.next()) {
                for (int n = 1; n <= count; n++) {
                    System.out.print(rows.getString(n) + "|");
                }
                System.out.println();
            }
        }
    }

    public static void main(String[] args) throws SQLException {
        // The second time it prepares on the server and takes binary.
        for (String option : new String[] {"", "&prepareThreshold=-1", "&preferQueryMode=simple"}) {
            System.out.println("=== " + option);
            try (Connection db = DriverManager.getConnection(args[0] + option, args[1], System.getenv("PGPASSWORD"))) {
                DatabaseMetaData meta = db.getMetaData();
                show("catalogs", meta::getCatalogs);
                show("schemas", meta::getSchemas);
                show("table types", meta::getTableTypes);
                show("type info", meta::getTypeInfo);
                show("client info", meta::getClientInfoProperties);
                show("tables", () -> meta.getTables(null, null, "%", null));
                show("columns", () -> meta.getColumns(null, null, "%", "%"));
                show("functions", () -> meta.getFunctions(null, "hr", "%"));
                show("function columns", () -> meta.getFunctionColumns(null, "hr", "%", "%"));
                show("procedures", () -> meta.getProcedures(null, "hr", "%"));
                show("procedure columns", () -> meta.getProcedureColumns(null, "hr", "%", "%"));
                show("types", () -> meta.getUDTs(null, null, "%", null));
                show("table privileges", () -> meta.getTablePrivileges(null, null, "%"));
                List<String> tables = new ArrayList<>();
                try (ResultSet rows = meta.getTables(null, "hr", "%", new String[] {"TABLE", "VIEW", "MATERIALIZED VIEW", "PARTITIONED TABLE"})) {
                    while (rows.next()) {
                        tables.add(rows.getString("TABLE_NAME"));
                    }
                }
                for (String table : tables) {
                    show(table + " primary keys", () -> meta.getPrimaryKeys(null, "hr", table));
                    show(table + " imported keys", () -> meta.getImportedKeys(null, "hr", table));
                    show(table + " exported keys", () -> meta.getExportedKeys(null, "hr", table));
                    show(table + " indexes", () -> meta.getIndexInfo(null, "hr", table, false, false));
                    show(table + " column privileges", () -> meta.getColumnPrivileges(null, "hr", table, "%"));
                    show(table + " best row", () -> meta.getBestRowIdentifier(null, "hr", table, DatabaseMetaData.bestRowSession, true));
                    show(table + " versions", () -> meta.getVersionColumns(null, "hr", table));
                    try (PreparedStatement all = db.prepareStatement("SELECT * FROM hr." + table + " LIMIT 0")) {
                        columns(all.getMetaData());
                        try (ResultSet rows = all.executeQuery()) {
                            columns(rows.getMetaData());
                        }
                    }
                }
            }
        }
    }
}

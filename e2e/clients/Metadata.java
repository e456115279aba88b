// What tools such as DBeaver ask JDBC for, row by row, and how the driver prepares, batches and pages.

import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.Arrays;

class Metadata {
    interface Asked {
        ResultSet rows() throws SQLException;
    }

    static void show(String what, Asked asked) throws SQLException {
        try (ResultSet rows = asked.rows()) {
            ResultSetMetaData columns = rows.getMetaData();
            System.out.println("== " + what);
            for (int n = 1; n <= columns.getColumnCount(); n++) {
                System.out.print(columns.getColumnLabel(n) + ":" + columns.getColumnTypeName(n) + " ");
            }
            System.out.println();
            while (rows.next()) {
                for (int n = 1; n <= columns.getColumnCount(); n++) {
                    // Functions have names with the OID at their end, which is another in each database.
                    System.out.print(String.valueOf(rows.getString(n)).replaceAll("_[0-9]{5,}$", "_OID") + "|");
                }
                System.out.println();
            }
        }
    }

    static void failing(Connection db, String sql) {
        try (Statement statement = db.createStatement()) {
            statement.execute(sql);
            System.out.println("no error");
        } catch (SQLException error) {
            System.out.println(error.getSQLState() + " " + error.getMessage());
        }
    }

    public static void main(String[] args) throws SQLException {
        try (Connection db = DriverManager.getConnection(args[0], args[1], System.getenv("PGPASSWORD"))) {
            try (Statement statement = db.createStatement()) {
                statement.execute("CREATE SCHEMA shop; CREATE TYPE shop.mood AS ENUM ('good', 'bad');"
                        + "CREATE TABLE shop.orders (id serial PRIMARY KEY, mood shop.mood, price numeric(9,2) NOT NULL, parts int[]);"
                        + "CREATE TABLE shop.lines (of int REFERENCES shop.orders ON DELETE CASCADE, no int, PRIMARY KEY (of, no));"
                        + "CREATE VIEW shop.dear AS SELECT * FROM shop.orders WHERE price > 10;"
                        + "CREATE INDEX ON shop.orders (price); COMMENT ON TABLE shop.orders IS 'what was ordered';"
                        + "CREATE FUNCTION shop.twice(n int) RETURNS int LANGUAGE sql AS 'SELECT 2 * n'");
            }
            DatabaseMetaData meta = db.getMetaData();
            System.out.println(meta.getDatabaseProductVersion() + " " + meta.getDriverVersion());
            show("catalogs", meta::getCatalogs);
            show("schemas", meta::getSchemas);
            show("table types", meta::getTableTypes);
            show("tables", () -> meta.getTables(null, "shop", "%", null));
            show("columns", () -> meta.getColumns(null, "shop", "%", "%"));
            show("primary keys", () -> meta.getPrimaryKeys(null, "shop", "lines"));
            show("imported keys", () -> meta.getImportedKeys(null, "shop", "lines"));
            show("exported keys", () -> meta.getExportedKeys(null, "shop", "orders"));
            show("indexes", () -> meta.getIndexInfo(null, "shop", "orders", false, true));
            show("functions", () -> meta.getFunctions(null, "shop", "%"));
            show("function columns", () -> meta.getFunctionColumns(null, "shop", "twice", "%"));
            show("procedures", () -> meta.getProcedures(null, "shop", "%"));
            show("types", () -> meta.getUDTs(null, "shop", "%", null));
            show("type info", meta::getTypeInfo);
            show("table privileges", () -> meta.getTablePrivileges(null, "shop", "orders"));
            show("best row", () -> meta.getBestRowIdentifier(null, "shop", "orders", DatabaseMetaData.bestRowSession, true));
            System.out.println(meta.getSQLKeywords() + meta.getNumericFunctions());

            // Named on the server from the fifth execution on, and binary from then.
            String insert = "INSERT INTO shop.orders (mood, price, parts) VALUES (?::shop.mood, ?, ?)";
            try (PreparedStatement statement = db.prepareStatement(insert, Statement.RETURN_GENERATED_KEYS)) {
                for (int n = 1; n <= 20; n++) {
                    statement.setString(1, "good");
                    statement.setBigDecimal(2, java.math.BigDecimal.valueOf(n, 1));
                    statement.setArray(3, db.createArrayOf("int4", new Integer[] {n, n + 1}));
                    statement.addBatch();
                }
                System.out.println(Arrays.toString(statement.executeBatch()));
                show("keys", statement::getGeneratedKeys);
            }
            db.setAutoCommit(false);
            try (PreparedStatement statement = db.prepareStatement("SELECT * FROM shop.orders WHERE id > ? ORDER BY id")) {
                statement.setFetchSize(7);
                for (int n = 0; n < 7; n++) {
                    statement.setInt(1, n);
                    show("paged " + n, statement::executeQuery);
                }
            }
            failing(db, "SELECT * FROM shop.nothing");
            failing(db, "SELECT 1");
            db.rollback();
            Savepoint point = db.setSavepoint();
            failing(db, "INSERT INTO shop.lines VALUES (1000, 1)");
            db.rollback(point);
            failing(db, "SELECT 1");
            db.commit();
            db.setReadOnly(true);
            failing(db, "DELETE FROM shop.lines");
            db.rollback();
        }
    }
}

// How the JDBC driver prepares, batches and pages, and what it does about errors.

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

class Batch {
    interface Work {
        void run() throws SQLException;
    }

    static void failing(Work work) {
        try {
            work.run();
        } catch (SQLException error) {
            return;
        }
        throw new IllegalStateException("no error");
    }

    public static void main(String[] args) throws SQLException {
        try (Connection db = DriverManager.getConnection(args[0], args[1], System.getenv("PGPASSWORD"))) {
            db.setAutoCommit(false);
            String insert = "insert into orders (user_id, product_id, quantity, status) values (?, ?, ?, 'batch')";
            try (PreparedStatement statement = db.prepareStatement(insert)) {
                for (int round = 0; round < 2; round++) {
                    for (int n = 1; n <= 5; n++) {
                        statement.setInt(1, n);
                        statement.setInt(2, n);
                        statement.setInt(3, round);
                        statement.addBatch();
                    }
                    statement.executeBatch();
                }
            }
            db.commit();
            // From the fifth time on it prepares under a name.
            try (PreparedStatement statement = db.prepareStatement("select name, email from users where id = ?")) {
                for (int id = 1; id <= 6; id++) {
                    statement.setInt(1, id);
                    try (ResultSet rows = statement.executeQuery()) {
                        rows.next();
                    }
                }
            }
            try (Statement statement = db.createStatement()) {
                statement.setFetchSize(4);
                try (ResultSet rows = statement.executeQuery("select id, status from orders order by id limit 10")) {
                    while (rows.next()) {
                        rows.getInt(1);
                    }
                }
            }
            db.commit();
            failing(() -> {
                try (PreparedStatement statement = db.prepareStatement(insert)) {
                    for (int n : new int[] {1, 99, 2}) {
                        statement.setInt(1, n);
                        statement.setInt(2, 1);
                        statement.setInt(3, 1);
                        statement.addBatch();
                    }
                    statement.executeBatch();
                }
            });
            db.rollback();
            failing(() -> {
                try (Statement statement = db.createStatement()) {
                    statement.execute("drop table users");
                }
            });
            db.rollback();
            try (Statement statement = db.createStatement()) {
                statement.executeUpdate("delete from orders where status = 'batch'");
            }
            db.commit();
        }
    }
}

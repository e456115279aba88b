// In one transaction: a statement that somebody approves, and one that somebody denies, which a savepoint takes back.

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Savepoint;

class Holding {
    public static void main(String[] args) throws SQLException {
        try (Connection db = DriverManager.getConnection(args[0], args[1], System.getenv("PGPASSWORD"))) {
            db.setAutoCommit(false);
            db.createStatement().execute("UPDATE users SET city = 'Rome' WHERE id = 1");
            PreparedStatement delete = db.prepareStatement("DELETE FROM orders WHERE id = ?");
            delete.setInt(1, 1);
            System.out.println("deleted " + delete.executeUpdate());
            System.out.println("told " + delete.getWarnings().getMessage());
            Savepoint before = db.setSavepoint();
            delete.setInt(1, 2);
            try {
                System.out.println("deleted " + delete.executeUpdate());
            } catch (SQLException error) {
                System.out.println("refused " + error.getSQLState());
            }
            db.rollback(before);
            db.commit();
        }
    }
}

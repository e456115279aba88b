// Logs in by the address alone, and says what the database answers to a query with a parameter.

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;

class Login {
    public static void main(String[] args) throws SQLException {
        try (Connection db = DriverManager.getConnection(args[0], args[1], System.getenv("PGPASSWORD"))) {
            PreparedStatement count = db.prepareStatement("SELECT count(*) FROM users WHERE id > ?");
            count.setInt(1, 0);
            ResultSet rows = count.executeQuery();
            rows.next();
            System.out.println(rows.getInt(1));
        }
    }
}

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;

/** Runs statements and prints their rows: Query URL SQL [SQL ...]. */
public final class Query {
  private Query() {}

  public static void main(String[] arguments) throws Exception {
    try (Connection connection = DriverManager.getConnection(arguments[0])) {
      for (int i = 1; i < arguments.length; i++) {
        try (Statement statement = connection.createStatement();
            ResultSet rows = statement.executeQuery(arguments[i])) {
          Rows.print(rows);
        }
      }
    }
  }
}

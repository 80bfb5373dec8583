import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;

/**
 * Runs one prepared statement once for each list of parameters: Prepared URL SQL a,b [c,d ...].
 * A parameter of digits is set as a long, any other as a string.
 */
public final class Prepared {
  private Prepared() {}

  public static void main(String[] arguments) throws Exception {
    try (Connection connection = DriverManager.getConnection(arguments[0]);
        PreparedStatement statement = connection.prepareStatement(arguments[1])) {
      for (int i = 2; i < arguments.length; i++) {
        String[] values = arguments[i].split(",");
        for (int p = 0; p < values.length; p++) {
          if (values[p].matches("[0-9]+")) {
            statement.setLong(p + 1, Long.parseLong(values[p]));
          } else {
            statement.setString(p + 1, values[p]);
          }
        }
        try (ResultSet rows = statement.executeQuery()) {
          Rows.print(rows);
        }
      }
    }
  }
}

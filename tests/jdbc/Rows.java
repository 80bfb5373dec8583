import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/** Prints a result set: one JSON list of column names, then one JSON list a row. */
final class Rows {
  private static final PrintStream OUT = new PrintStream(System.out, false, StandardCharsets.UTF_8);

  private Rows() {}

  /** Reads every column of every row with getObject; an error names the column and its type. */
  static void print(ResultSet rows) throws Exception {
    ResultSetMetaData columns = rows.getMetaData();
    List<Object> names = new ArrayList<>();
    for (int i = 1; i <= columns.getColumnCount(); i++) {
      names.add(columns.getColumnLabel(i));
    }
    OUT.println(Json.list(names));
    while (rows.next()) {
      List<Object> row = new ArrayList<>();
      for (int i = 1; i <= names.size(); i++) {
        try {
          row.add(rows.getObject(i));
        } catch (SQLException | RuntimeException e) {
          throw new IllegalStateException(
              "getObject fails on column " + names.get(i - 1) + " of type "
                  + columns.getColumnTypeName(i) + ": " + e, e);
        }
      }
      OUT.println(Json.list(row));
    }
    OUT.println();
    OUT.flush();
  }
}

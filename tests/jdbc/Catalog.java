import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.ResultSet;

/** Prints what a client's object tree asks for: catalogs, schemas, tables, columns, types. */
public final class Catalog {
  private Catalog() {}

  public static void main(String[] arguments) throws Exception {
    try (Connection connection = DriverManager.getConnection(arguments[0])) {
      DatabaseMetaData data = connection.getMetaData();
      print(data.getCatalogs());
      print(data.getSchemas());
      print(data.getTables(null, null, null, null));
      print(data.getColumns(null, null, null, null));
      print(data.getTableTypes());
    }
  }
  /** Closes the result, too: the driver reports an open one as leaked memory at the end. */
  private static void print(ResultSet rows) throws Exception {
    try (rows) {
      Rows.print(rows);
    }
  }
}

import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;

/** Prints what a client's object tree asks for: catalogs, schemas, tables, columns, types. */
public final class Catalog {
  private Catalog() {}

  public static void main(String[] arguments) throws Exception {
    try (Connection connection = DriverManager.getConnection(arguments[0])) {
      DatabaseMetaData data = connection.getMetaData();
      Rows.print(data.getCatalogs());
      Rows.print(data.getSchemas());
      Rows.print(data.getTables(null, null, null, null));
      Rows.print(data.getColumns(null, null, null, null));
      Rows.print(data.getTableTypes());
    }
  }
}

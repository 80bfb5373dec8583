import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * Calls every getter of DatabaseMetaData that takes nothing, and prints its name and what it gave:
 * a value, the number of rows of a result, or the exception that it ended with.
 */
public final class Metadata {
  private Metadata() {}

  public static void main(String[] arguments) throws Exception {
    try (Connection connection = DriverManager.getConnection(arguments[0])) {
      DatabaseMetaData data = connection.getMetaData();
      System.out.println(Json.list(List.of("getter", "answer", "failure")));
      Method[] getters = DatabaseMetaData.class.getMethods();
      Arrays.sort(getters, Comparator.comparing(Method::getName));
      for (Method getter : getters) {
        if (getter.getParameterCount() == 0) {
          System.out.println(Json.list(called(getter, data)));
        }
      }
    }
  }

  private static List<?> called(Method getter, DatabaseMetaData data) throws Exception {
    try {
      Object answer = getter.invoke(data);
      if (answer instanceof ResultSet rows) {
        answer = count(rows);
      }
      return Arrays.asList(getter.getName(), answer == null ? null : answer.toString(), null);
    } catch (InvocationTargetException e) {
      return Arrays.asList(getter.getName(), null, e.getCause().toString());
    }
  }

  private static long count(ResultSet rows) throws Exception {
    long count = 0;
    try (rows) {
      while (rows.next()) {
        count++;
      }
    }
    return count;
  }
}

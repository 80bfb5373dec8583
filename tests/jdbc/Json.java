import java.sql.Date;
import java.sql.Struct;
import java.sql.Timestamp;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/** Writes what JDBC returns as JSON, in the spelling that the Python tests compare. */
final class Json {
  private static final DateTimeFormatter MICROSECONDS =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSSSS").withZone(ZoneOffset.UTC);

  private Json() {}

  static String of(Object value) throws Exception {
    if (value == null) {
      return "null";
    }
    if (value instanceof Boolean || value instanceof Integer || value instanceof Long
        || value instanceof Short || value instanceof Byte || value instanceof Double
        || value instanceof Float) {
      return value.toString();
    }
    if (value instanceof Timestamp timestamp) {
      return quote(MICROSECONDS.format(timestamp.toInstant()));
    }
    if (value instanceof Date date) {
      return quote(date.toString());
    }
    if (value instanceof byte[] bytes) {
      return quote(HexFormat.of().formatHex(bytes));
    }
    if (value instanceof Struct struct) {
      return list(Arrays.asList(struct.getAttributes()));
    }
    if (value instanceof java.sql.Array array) {
      return list(Arrays.asList((Object[]) array.getArray()));
    }
    if (value instanceof List<?> list) {
      return list(list);
    }
    if (value instanceof Map<?, ?> map) {
      return list(new ArrayList<>(map.values()));
    }
    return quote(value.toString());
  }

  static String list(List<?> values) throws Exception {
    StringBuilder out = new StringBuilder("[");
    for (int i = 0; i < values.size(); i++) {
      out.append(i == 0 ? "" : ",").append(of(values.get(i)));
    }
    return out.append(']').toString();
  }

  static String quote(String text) {
    StringBuilder out = new StringBuilder("\"");
    for (char c : text.toCharArray()) {
      if (c == '"' || c == '\\') {
        out.append('\\').append(c);
      } else if (c < 0x20) {
        out.append(String.format("\\u%04x", (int) c));
      } else {
        out.append(c);
      }
    }
    return out.append('"').toString();
  }
}

//! Ready-to-paste ways to connect.

use std::net::SocketAddr;
use std::path::Path;

/// What every way asks.
const QUESTION: &str = "SELECT * FROM new_users_hourly LIMIT 10";

/// A command or a URL for each client.
pub fn text(address: SocketAddr) -> String {
    let program = std::env::current_exe().unwrap_or_else(|_| "headwater".into());
    ways(address, &program)
}

fn ways(address: SocketAddr, program: &Path) -> String {
    let program = quoted(&program.display().to_string());
    let adbc = python(&format!(
        "import adbc_driver_flightsql.dbapi as flightsql; \
         cursor = flightsql.connect('grpc://{address}', autocommit=True).cursor(); \
         cursor.execute('{QUESTION}'); print(cursor.fetch_arrow_table())"
    ));
    let pyarrow = python(&format!(
        "from pyarrow import flight; client = flight.FlightClient('grpc://{address}'); \
         info = client.get_flight_info(flight.FlightDescriptor.for_command('{QUESTION}')); \
         print(client.do_get(info.endpoints[0].ticket).read_all())"
    ));
    format!(
        "Flight SQL listens on {address}, for this machine and without a login; ask it by\n\
         headwater sql:\n  {program} sql --url grpc://{address} -c '{QUESTION}'\n\
         ADBC (pip install adbc-driver-flightsql pyarrow):\n  {adbc}\n\
         pyarrow (pip install pyarrow):\n  {pyarrow}\n\
         JDBC (flight-sql-jdbc-driver; java --add-opens=java.base/java.nio=ALL-UNNAMED \
         -Duser.timezone=UTC):\n  jdbc:arrow-flight-sql://{address}/?useEncryption=false"
    )
}

fn python(program: &str) -> String {
    format!("python3 -c \"{program}\"")
}

/// A path as a shell reads it.
fn quoted(path: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@".contains(c);
    if path.chars().all(plain) {
        path.to_owned()
    } else {
        format!("'{}'", path.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn every_way_names_the_server_and_the_program_where_it_lies() {
        let address = "127.0.0.1:50051".parse().unwrap();
        let text = ways(address, Path::new("/some where/headwater"));
        assert!(
            text.contains("  '/some where/headwater' sql --url grpc://127.0.0.1:50051 -c 'SELECT"),
            "{text}"
        );
        assert!(
            text.contains("\n  jdbc:arrow-flight-sql://127.0.0.1:50051/?useEncryption=false"),
            "{text}"
        );
        assert_eq!(text.matches("grpc://127.0.0.1:50051").count(), 3, "{text}");
        assert!(ways(address, Path::new("/bin/headwater")).contains("  /bin/headwater sql"));
    }
}

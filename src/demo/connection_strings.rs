//! Ready-to-paste ways to connect.

use std::net::SocketAddr;

/// One line a client.
pub fn text(address: SocketAddr) -> String {
    format!(
        "Flight SQL listens on {address}; connect with\n\
         \x20 headwater  headwater sql --url grpc://{address} -c 'SELECT * FROM new_users_hourly LIMIT 10'\n\
         \x20 ADBC       adbc_driver_flightsql.dbapi.connect('grpc://{address}', autocommit=True)\n\
         \x20 JDBC       jdbc:arrow-flight-sql://{address}/?useEncryption=false\n\
         \x20 pyarrow    pyarrow.flight.FlightClient('grpc://{address}')"
    )
}

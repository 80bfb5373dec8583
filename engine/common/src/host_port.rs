//! Addresses as people write them: a host, and perhaps a port.

/// The host and the port of `host:port`, `[::1]:port`, or a host alone. None for anything else.
pub fn host_and_port(address: &str) -> Option<(&str, Option<u16>)> {
    // A colon within brackets is one of an IPv6 address.
    let (host, port) = match address.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port.parse().ok()?)),
        _ => (address, None),
    };
    let is_bracketed = host.starts_with('[') && host.ends_with(']');
    (!host.is_empty() && (is_bracketed || !host.contains(':'))).then_some((host, port))
}

"""What the tests stand on: a real Kafka, the real binary, real clients, and a fold of the books.

Reading order: `deadline`, `cache`, `process` (a child process whose output is kept),
`kafka_server`, `configuration`, `headwater`, `flight_client`, `jdbc`, `literals` (a value of each
type), then `first_seen`, `books`, `applications` and `metrics` (the truth), `stored_tables` and
`records` (independent readers), and
`checks` (what the tests compare).
"""

-- Rows of events, one an element that became an event.
SELECT count(*) FROM events

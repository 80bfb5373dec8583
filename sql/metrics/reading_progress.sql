-- Purpose: how far all sources together are read; as_of and complete of other metrics come from here.
-- Grain: one row. Unknown for one source is unknown.
-- Late data: the watermark lags behind a source by its declared lateness; what comes later still counts.
CREATE VIEW reading_progress AS
SELECT
    CASE WHEN count(*) = count(as_of) THEN min(as_of) END AS as_of,
    CASE WHEN count(*) = count(watermark) THEN min(watermark) END AS watermark
FROM source_progress;

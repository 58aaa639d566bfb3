-- What share of the pages read came from memory, by table. Below 95 % in tables that
-- the API reads, shared_buffers is too small.
SELECT relname AS table_name, heap_blks_read + COALESCE(idx_blks_read, 0) AS pages_from_disk,
       round(100.0 * (heap_blks_hit + COALESCE(idx_blks_hit, 0))
             / NULLIF(heap_blks_hit + heap_blks_read + COALESCE(idx_blks_hit, 0)
                      + COALESCE(idx_blks_read, 0), 0), 1) AS hit_percent
FROM pg_statio_user_tables
ORDER BY pages_from_disk DESC
LIMIT 20;

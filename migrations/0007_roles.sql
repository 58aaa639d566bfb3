-- Two roles to be granted to whoever logs in: `lottery_writer` for the indexer and
-- `lottery_reader` for the API and analysts, who can change nothing. Roles belong to
-- the whole server; where this user may not make any, an administrator does once:
--   CREATE ROLE lottery_writer NOLOGIN; CREATE ROLE lottery_reader NOLOGIN;
--   SELECT grant_roles();
-- Making and dropping partitions, refreshing statistics and migrating stay with the
-- owner of the tables, as which the indexer usually runs.
DO $$
DECLARE
    role TEXT;
BEGIN
    FOREACH role IN ARRAY ARRAY['lottery_writer', 'lottery_reader'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', role);
            EXCEPTION
                -- Another database of this server is migrated at the same time.
                WHEN duplicate_object OR unique_violation THEN NULL;
                WHEN insufficient_privilege THEN
                    RAISE NOTICE 'role % is missing and may not be made by this user', role;
            END;
        END IF;
    END LOOP;
END
$$;

-- Gives the roles their rights, on tables made later too.
CREATE FUNCTION grant_roles() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'lottery_reader') THEN
        GRANT USAGE ON SCHEMA public TO lottery_reader;
        GRANT SELECT ON ALL TABLES IN SCHEMA public TO lottery_reader;
        ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO lottery_reader;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'lottery_writer') THEN
        GRANT USAGE ON SCHEMA public TO lottery_writer;
        GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA public
            TO lottery_writer;
        GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO lottery_writer;
        ALTER DEFAULT PRIVILEGES IN SCHEMA public
            GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON TABLES TO lottery_writer;
        ALTER DEFAULT PRIVILEGES IN SCHEMA public
            GRANT USAGE ON SEQUENCES TO lottery_writer;
    END IF;
END
$$;
SELECT grant_roles();

-- Entries are stored by COPY, which PostgreSQL refuses on a table whose policies apply to the caller. So the writer
-- copies into the partitions, which have none, and may name every column of an entry but its tenant: that is the one
-- which the transaction has named, filled in by the default of the column.

SELECT set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true);
SET LOCAL ROLE audit_owner;

ALTER TABLE audit_logs ALTER COLUMN tenant_id SET DEFAULT current_setting('audit.tenant_id');
REVOKE INSERT ON audit_logs FROM audit_writer;
DROP POLICY audit_logs_write ON audit_logs;

-- Hashes do not compress: trying to costs time with every tile.
ALTER TABLE audit_tiles ALTER COLUMN hashes SET STORAGE EXTERNAL;

-- A partition that was detached is a table like any other: what is written into it is in no trail. Once a statement.
CREATE FUNCTION audit_refuse_detached() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = TG_RELID AND inhparent = 'audit_logs'::regclass) THEN
    RAISE EXCEPTION '% is no partition of audit_logs any more', TG_TABLE_NAME USING ERRCODE = 'undefined_table';
  END IF;
  RETURN NULL;
END
$$;

-- Lets the writer insert into one partition: every column but the tenant, and only while it is one.
CREATE FUNCTION audit_open_partition(partition regclass) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  columns text;
BEGIN
  SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO columns
    FROM pg_attribute
   WHERE attrelid = partition AND attnum > 0 AND NOT attisdropped AND attname <> 'tenant_id';
  EXECUTE format('ALTER TABLE %s ALTER COLUMN tenant_id SET DEFAULT current_setting(''audit.tenant_id'')', partition);
  EXECUTE format('GRANT INSERT (%s) ON %s TO audit_writer', columns, partition);
  EXECUTE format('CREATE TRIGGER audit_logs_attached BEFORE INSERT ON %s
                  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_detached()', partition);
END
$$;

DO $partitions$
BEGIN
  PERFORM audit_open_partition(inhrelid::regclass) FROM pg_inherits WHERE inhparent = 'audit_logs'::regclass;
END
$partitions$;

-- Asked of the catalog itself: to_regclass may remember from before a wait that there is none.
CREATE FUNCTION audit_is_partition(name text) RETURNS boolean
LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
  SELECT EXISTS (SELECT FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                  WHERE i.inhparent = 'audit_logs'::regclass AND c.relname = name);
$$;

-- Makes the partition of the month that holds `moment`. False where there is none to make: the month is
-- outside 2000-01 to two months from now, the default partition holds entries of it, or the tables are busy.
CREATE OR REPLACE FUNCTION audit_ensure_partition(moment timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET timezone = 'UTC' SET lock_timeout = '1s' AS $$
DECLARE
  month_start timestamptz := date_trunc('month', moment);
  month_end   timestamptz := month_start + interval '1 month';
  name        text := 'audit_logs_' || to_char(month_start, 'YYYY_MM');
BEGIN
  IF moment < '2000-01-01' OR moment >= date_trunc('month', now()) + interval '3 months' THEN
    RETURN false;
  END IF;
  IF audit_is_partition(name) THEN
    RETURN true;
  END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('audit_ensure_partition', 0));
  IF audit_is_partition(name) THEN
    RETURN true;
  END IF;
  -- A partition that was detached keeps its name and its month until somebody takes the table away.
  IF to_regclass(quote_ident(name)) IS NOT NULL THEN
    RETURN false;
  END IF;
  IF EXISTS (SELECT FROM audit_logs_default WHERE acted_at >= month_start AND acted_at < month_end) THEN
    RETURN false;
  END IF;
  EXECUTE format('CREATE TABLE %I (LIKE audit_logs INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', name);
  EXECUTE format('CREATE TRIGGER audit_logs_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I
                  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change()', name);
  PERFORM audit_open_partition(to_regclass(quote_ident(name)));
  -- ATTACH lets readers and writers of the other months go on; CREATE … PARTITION OF would not.
  EXECUTE format('ALTER TABLE audit_logs ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', name, month_start, month_end);
  RETURN true;
EXCEPTION WHEN lock_not_available THEN
  RETURN false;
END
$$;

REVOKE ALL ON FUNCTION audit_open_partition(regclass), audit_refuse_detached(), audit_is_partition(text) FROM PUBLIC;

RESET ROLE;

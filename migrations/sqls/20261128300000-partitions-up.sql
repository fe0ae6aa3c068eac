-- What came before its month had a partition is in the default partition, and keeps the month from having one. It is moved.

SELECT set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true);
SET LOCAL ROLE audit_owner;

-- Lets the writer insert into one partition: every column but the tenant, and only while it is one. Its JSON is sampled four
-- times as finely as other columns, since how many entries have a value at a path is estimated from whole values.
CREATE OR REPLACE FUNCTION audit_open_partition(partition regclass) RETURNS void
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
  PERFORM audit_sample_json(partition);
END
$$;

CREATE FUNCTION audit_sample_json(partition regclass) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ALTER COLUMN metadata SET STATISTICS 400, ALTER COLUMN before SET STATISTICS 400,
                  ALTER COLUMN after SET STATISTICS 400', partition);
END
$$;

DO $partitions$
BEGIN
  PERFORM audit_sample_json(inhrelid::regclass) FROM pg_inherits WHERE inhparent = 'audit_logs'::regclass;
END
$partitions$;

-- Makes the partition of the earliest month that the default partition holds entries of, and moves them there in the same
-- transaction. Answers its name; NULL where there is no such month, where it has more than at_most entries, or where the
-- tables are busy. While entries move nobody reads or writes the default partition.
CREATE FUNCTION audit_split_default(at_most bigint) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET timezone = 'UTC' SET lock_timeout = '1s' AS $$
DECLARE
  month_start timestamptz;
  month_end   timestamptz;
  name        text;
  entries     bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('audit_ensure_partition', 0));
  SELECT date_trunc('month', min(acted_at)) INTO month_start FROM audit_logs_default
   WHERE acted_at >= '2000-01-01' AND acted_at < date_trunc('month', now()) + interval '3 months';
  IF month_start IS NULL THEN
    RETURN NULL;
  END IF;
  month_end := month_start + interval '1 month';
  name := 'audit_logs_' || to_char(month_start, 'YYYY_MM');
  -- A partition that was detached keeps its name and its month until somebody takes the table away.
  IF to_regclass(quote_ident(name)) IS NOT NULL THEN
    RETURN NULL;
  END IF;
  LOCK TABLE audit_logs_default IN ACCESS EXCLUSIVE MODE;
  SELECT count(*) INTO entries FROM audit_logs_default WHERE acted_at >= month_start AND acted_at < month_end;
  IF entries > at_most THEN
    RAISE WARNING 'the default partition holds % entries of %, more than the % that are moved at once', entries, name, at_most;
    RETURN NULL;
  END IF;
  EXECUTE format('CREATE TABLE %I (LIKE audit_logs INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', name);
  PERFORM set_config('audit.lawful_removal', 'yes', true);
  EXECUTE format('WITH moved AS (DELETE FROM audit_logs_default WHERE acted_at >= $1 AND acted_at < $2 RETURNING *)
                  INSERT INTO %I SELECT * FROM moved', name) USING month_start, month_end;
  PERFORM set_config('audit.lawful_removal', '', true);
  EXECUTE format('CREATE TRIGGER audit_logs_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I
                  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change()', name);
  PERFORM audit_open_partition(to_regclass(quote_ident(name)));
  EXECUTE format('ALTER TABLE audit_logs ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', name, month_start, month_end);
  RETURN name;
EXCEPTION WHEN lock_not_available THEN
  RETURN NULL;
END
$$;

REVOKE ALL ON FUNCTION audit_split_default(bigint), audit_sample_json(regclass) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_split_default(bigint) TO audit_writer;

RESET ROLE;

SELECT set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true);
SET LOCAL ROLE audit_owner;

ALTER TABLE audit_tiles ALTER COLUMN hashes SET STORAGE EXTENDED;

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
  IF to_regclass(quote_ident(name)) IS NOT NULL THEN
    RETURN true;
  END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('audit_ensure_partition', 0));
  -- Asked of the catalog itself: to_regclass may remember from before the wait that there is none.
  IF EXISTS (SELECT FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace
              WHERE s.nspname = current_schema() AND c.relname = name) THEN
    RETURN true;
  END IF;
  IF EXISTS (SELECT FROM audit_logs_default WHERE acted_at >= month_start AND acted_at < month_end) THEN
    RETURN false;
  END IF;
  EXECUTE format('CREATE TABLE %I (LIKE audit_logs INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', name);
  EXECUTE format('CREATE TRIGGER audit_logs_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I
                  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change()', name);
  -- ATTACH lets readers and writers of the other months go on; CREATE … PARTITION OF would not.
  EXECUTE format('ALTER TABLE audit_logs ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', name, month_start, month_end);
  RETURN true;
EXCEPTION WHEN lock_not_available THEN
  RETURN false;
END
$$;

DROP FUNCTION audit_open_partition(regclass);
DROP FUNCTION audit_is_partition(text);

DO $partitions$
DECLARE
  partition regclass;
  columns   text;
BEGIN
  FOR partition IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'audit_logs'::regclass LOOP
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO columns
      FROM pg_attribute
     WHERE attrelid = partition AND attnum > 0 AND NOT attisdropped AND attname <> 'tenant_id';
    EXECUTE format('REVOKE INSERT (%s) ON %s FROM audit_writer', columns, partition);
    EXECUTE format('ALTER TABLE %s ALTER COLUMN tenant_id DROP DEFAULT', partition);
    EXECUTE format('DROP TRIGGER audit_logs_attached ON %s', partition);
  END LOOP;
END
$partitions$;

DROP FUNCTION audit_refuse_detached();

ALTER TABLE audit_logs ALTER COLUMN tenant_id DROP DEFAULT;
GRANT INSERT ON audit_logs TO audit_writer;
CREATE POLICY audit_logs_write ON audit_logs FOR INSERT TO audit_writer
  WITH CHECK (tenant_id = current_setting('audit.tenant_id', true));

RESET ROLE;

SELECT set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true);
SET LOCAL ROLE audit_owner;

DROP FUNCTION audit_split_default(bigint);
-- Lets the writer insert into one partition: every column but the tenant, and only while it is one.
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
END
$$;

DROP FUNCTION audit_sample_json(regclass);

RESET ROLE;

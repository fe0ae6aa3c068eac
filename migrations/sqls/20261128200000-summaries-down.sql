SELECT set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true);
SET LOCAL ROLE audit_owner;

CREATE OR REPLACE FUNCTION audit_remove_archived(mapping_id uuid, tenant text, acted timestamptz[], ids uuid[], erased boolean[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  gone bigint;
BEGIN
  PERFORM audit_require_tenant(tenant);
  PERFORM FROM mapping_logs WHERE tenant_id = tenant AND id = mapping_id AND state = 'recorded' FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no archive % is being recorded', mapping_id USING ERRCODE = 'insufficient_privilege';
  END IF;
  PERFORM set_config('audit.lawful_removal', 'yes', true);
  WITH removal AS (
    DELETE FROM audit_logs a
     USING unnest(acted, ids, erased) AS archived (acted_at, id, erased)
     WHERE a.tenant_id = tenant AND a.acted_at = archived.acted_at AND a.id = archived.id
       AND (a.commitments IS NOT NULL) = archived.erased
    RETURNING a AS entry
  )
  INSERT INTO archived_entries (tenant_id, id, content_hash, recorded_at, leaf_index, leaf_hash, salt)
  SELECT tenant, (removal.entry).id,
         CASE WHEN (removal.entry).commitments IS NULL THEN audit_content_hash(removal.entry) END,
         (removal.entry).recorded_at, (removal.entry).leaf_index, (removal.entry).leaf_hash, (removal.entry).salt FROM removal;
  GET DIAGNOSTICS gone = ROW_COUNT;
  PERFORM set_config('audit.lawful_removal', '', true);
  UPDATE mapping_logs SET removed = removed + gone WHERE tenant_id = tenant AND id = mapping_id;
  RETURN gone;
END
$$;

DROP FUNCTION audit_uncount(text, audit_logs[]);
DROP FUNCTION audit_uncounted();
DROP FUNCTION audit_count_next(text, integer);
DROP FUNCTION audit_count(text, audit_logs[], integer);
DROP TABLE audit_counted;
DROP TABLE audit_counts;

RESET ROLE;

-- An erasure is for good: entries that were erased have lost what it took. Where there are any, or archives of them,
-- going down is refused, for their commitments would be lost and with them every proof.
SELECT set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true);
SET LOCAL ROLE audit_owner;

DO $erased$
BEGIN
  IF EXISTS (SELECT FROM audit_logs WHERE commitments IS NOT NULL) OR EXISTS (SELECT FROM archived_entries WHERE content_hash IS NULL)
     OR EXISTS (SELECT FROM replaced_archives) THEN
    RAISE EXCEPTION 'entries were erased: their commitments cannot be given up';
  END IF;
END
$erased$;

DROP TRIGGER audit_logs_erased_alone ON audit_logs;
DROP FUNCTION audit_refuse_rewriting();
DROP FUNCTION audit_erase(text, timestamptz[], uuid[], text[]);
DROP FUNCTION audit_erase_archived(text, uuid[], text[]);
DROP FUNCTION audit_replace_archive(uuid, text, text, text, bigint, bigint, bigint, bigint, text);
DROP TABLE replaced_archives;
DROP FUNCTION audit_refuse_leaf();
DROP FUNCTION audit_is_leaf(text, bytea);

CREATE OR REPLACE FUNCTION audit_record_archive(
  mapping_id uuid, tenant text, file_name text, filter_used jsonb, format text, entries bigint,
  first_acted_at timestamptz, last_acted_at timestamptz, first_leaf bigint, last_leaf bigint,
  bytes bigint, sha256 text, requested_by text
) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS $$
  INSERT INTO mapping_logs (id, tenant_id, file_name, filter_used, format, entries, first_acted_at, last_acted_at,
                            first_leaf, last_leaf, bytes, sha256, state, requested_by)
  VALUES (mapping_id, tenant, file_name, filter_used, format, entries, first_acted_at, last_acted_at,
          first_leaf, last_leaf, bytes, sha256, 'recorded', requested_by);
$$;

CREATE OR REPLACE FUNCTION audit_finish_archive(mapping_id uuid, tenant text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  archive mapping_logs%ROWTYPE;
BEGIN
  SELECT * INTO archive FROM mapping_logs
   WHERE tenant_id = tenant AND id = mapping_id AND state = 'recorded' FOR UPDATE;
  IF NOT FOUND OR archive.removed <> archive.entries THEN
    RAISE EXCEPTION 'archive % holds % entries, % were removed', mapping_id, archive.entries, archive.removed
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  UPDATE mapping_logs SET state = 'done' WHERE tenant_id = tenant AND id = mapping_id;
END
$$;

DROP FUNCTION audit_require_tenant(text);

CREATE OR REPLACE FUNCTION audit_refuse_change() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  IF TG_OP = 'DELETE' AND current_setting('audit.lawful_removal', true) = 'yes' AND current_user = 'audit_owner' THEN
    RETURN NULL;
  END IF;
  RAISE EXCEPTION 'audit entries are append-only: % refused', TG_OP
    USING ERRCODE = 'insufficient_privilege',
          HINT = 'Entries leave the table through audit_remove_archived alone.';
END
$$;

DROP FUNCTION audit_remove_archived(uuid, text, timestamptz[], uuid[], boolean[]);
CREATE FUNCTION audit_remove_archived(mapping_id uuid, tenant text, acted timestamptz[], ids uuid[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  gone bigint;
BEGIN
  PERFORM FROM mapping_logs WHERE tenant_id = tenant AND id = mapping_id AND state = 'recorded' FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no archive % is being recorded', mapping_id USING ERRCODE = 'insufficient_privilege';
  END IF;
  PERFORM set_config('audit.lawful_removal', 'yes', true);
  WITH removal AS (
    DELETE FROM audit_logs a
     USING unnest(acted, ids) AS archived (acted_at, id)
     WHERE a.tenant_id = tenant AND a.acted_at = archived.acted_at AND a.id = archived.id
    RETURNING a AS entry
  )
  INSERT INTO archived_entries (tenant_id, id, content_hash, recorded_at, leaf_index, leaf_hash, salt)
  SELECT tenant, (removal.entry).id, audit_content_hash(removal.entry), (removal.entry).recorded_at,
         (removal.entry).leaf_index, (removal.entry).leaf_hash, (removal.entry).salt FROM removal;
  GET DIAGNOSTICS gone = ROW_COUNT;
  PERFORM set_config('audit.lawful_removal', '', true);
  UPDATE mapping_logs SET removed = removed + gone WHERE tenant_id = tenant AND id = mapping_id;
  RETURN gone;
END
$$;

REVOKE ALL ON FUNCTION audit_remove_archived(uuid, text, timestamptz[], uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_remove_archived(uuid, text, timestamptz[], uuid[]) TO audit_writer;

CREATE OR REPLACE FUNCTION audit_content_hash(entry audit_logs) RETURNS bytea
LANGUAGE sql STABLE SET search_path FROM CURRENT SET timezone = 'UTC' AS $$
  SELECT sha256(convert_to((to_jsonb(entry) - ARRAY['recorded_at', 'leaf_index', 'leaf_hash', 'salt'])::text, 'UTF8'));
$$;

DELETE FROM jobs WHERE operation = 'ERASE';
ALTER TABLE jobs DROP CONSTRAINT jobs_operation_check,
  ADD CONSTRAINT jobs_operation_check CHECK (operation IN ('ARCHIVE', 'QUERY', 'EXPORT'));
ALTER TABLE archived_entries ALTER COLUMN content_hash SET NOT NULL;
DROP INDEX audit_logs_data_subject;
ALTER TABLE audit_logs DROP COLUMN commitments;

RESET ROLE;

-- What is left of the erasable values of an entry when they and their salt have been erased: the commitments that the
-- leaf of the entry holds, so that every proof still stands.

SELECT set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true);
SET LOCAL ROLE audit_owner;

ALTER TABLE audit_logs ADD COLUMN commitments jsonb;

-- Which entries tell of this person? (erasure)
CREATE INDEX audit_logs_data_subject ON audit_logs (tenant_id, data_subject_id) WHERE data_subject_id IS NOT NULL;

-- Of an erased entry there is no content left to compare with.
ALTER TABLE archived_entries ALTER COLUMN content_hash DROP NOT NULL;

ALTER TABLE jobs DROP CONSTRAINT jobs_operation_check,
  ADD CONSTRAINT jobs_operation_check CHECK (operation IN ('ARCHIVE', 'QUERY', 'EXPORT', 'ERASE'));

-- The content of an entry: every column but those that the service gives, in jsonb's own canonical text.
CREATE OR REPLACE FUNCTION audit_content_hash(entry audit_logs) RETURNS bytea
LANGUAGE sql STABLE SET search_path FROM CURRENT SET timezone = 'UTC' AS $$
  SELECT sha256(convert_to((to_jsonb(entry) - ARRAY['recorded_at', 'leaf_index', 'leaf_hash', 'salt', 'commitments'])::text, 'UTF8'));
$$;

-- Append-only, but for an erasure -----------------------------------------------------------------------

CREATE OR REPLACE FUNCTION audit_refuse_change() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  IF current_user = 'audit_owner'
     AND (TG_OP = 'DELETE' AND current_setting('audit.lawful_removal', true) = 'yes'
          OR TG_OP = 'UPDATE' AND current_setting('audit.lawful_erasure', true) = 'yes') THEN
    RETURN NULL;
  END IF;
  RAISE EXCEPTION 'audit entries are append-only: % refused', TG_OP
    USING ERRCODE = 'insufficient_privilege',
          HINT = 'Entries leave the table through audit_remove_archived alone, and values through audit_erase.';
END
$$;

-- Holds each change against what an erasure makes, so that nobody can use the erasure for another change.
CREATE FUNCTION audit_refuse_rewriting() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  IF OLD.commitments IS NULL AND NEW.commitments IS NOT NULL
     AND to_jsonb(NEW) - 'commitments' = (to_jsonb(OLD) - 'commitments') || jsonb_build_object(
           'actor_email', NULL, 'actor_name', NULL, 'after', NULL, 'before', NULL, 'description', NULL, 'ip', NULL,
           'metadata', NULL, 'reason', NULL, 'user_agent', NULL, 'salt', NULL) THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'audit entries are append-only: rewriting refused' USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER audit_logs_erased_alone BEFORE UPDATE ON audit_logs
  FOR EACH ROW EXECUTE FUNCTION audit_refuse_rewriting();

-- Erasing -----------------------------------------------------------------------------------------------

CREATE FUNCTION audit_require_tenant(tenant text) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  IF tenant IS DISTINCT FROM nullif(current_setting('audit.tenant_id', true), '') THEN
    RAISE EXCEPTION 'another tenant than that of the transaction' USING ERRCODE = 'insufficient_privilege';
  END IF;
END
$$;

-- Whether this is what a leaf was made of (RFC 6962, section 2.1). What has no place in the tree has no leaf data.
CREATE FUNCTION audit_is_leaf(data text, hash bytea) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path FROM CURRENT AS $$
  SELECT sha256('\x00'::bytea || convert_to(data, 'UTF8')) IS NOT DISTINCT FROM hash;
$$;

CREATE FUNCTION audit_refuse_leaf() RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  RAISE EXCEPTION 'this is not what the leaf was made of' USING ERRCODE = 'insufficient_privilege';
END
$$;

-- Erases the erasable values and the salt of entries, and keeps the commitments of their leaves. The caller is not
-- believed: the leaf data that it gives for each entry must be what the leaf hash was made of. Answers the leaf of
-- each entry that was erased by this call, null for one without a place in the tree. The records of erasures
-- themselves are passed over.
CREATE FUNCTION audit_erase(tenant text, acted timestamptz[], ids uuid[], leaves text[]) RETURNS SETOF bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM audit_require_tenant(tenant);
  PERFORM audit_refuse_leaf()
     FROM unnest(acted, ids, leaves) AS asked (acted_at, id, leaf)
     JOIN audit_logs a ON a.tenant_id = tenant AND a.acted_at = asked.acted_at AND a.id = asked.id
    WHERE NOT audit_is_leaf(asked.leaf, a.leaf_hash);
  PERFORM set_config('audit.lawful_erasure', 'yes', true);
  RETURN QUERY
    UPDATE audit_logs a
       SET actor_email = NULL, actor_name = NULL, after = NULL, before = NULL, description = NULL, ip = NULL,
           metadata = NULL, reason = NULL, user_agent = NULL, salt = NULL,
           commitments = coalesce(asked.leaf::jsonb -> 'commitments', '{}')
      FROM unnest(acted, ids, leaves) AS asked (acted_at, id, leaf)
     WHERE a.tenant_id = tenant AND a.acted_at = asked.acted_at AND a.id = asked.id
       AND a.commitments IS NULL AND a.action <> 'audit.log.erase'
    RETURNING a.leaf_index;
  PERFORM set_config('audit.lawful_erasure', '', true);
END
$$;

-- The same for what the database keeps of archived entries: salt, and hash of the content, from which values could
-- be guessed.
CREATE FUNCTION audit_erase_archived(tenant text, ids uuid[], leaves text[]) RETURNS SETOF bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM audit_require_tenant(tenant);
  PERFORM audit_refuse_leaf()
     FROM unnest(ids, leaves) AS asked (id, leaf)
     JOIN archived_entries a ON a.tenant_id = tenant AND a.id = asked.id
    WHERE NOT audit_is_leaf(asked.leaf, a.leaf_hash);
  RETURN QUERY
    UPDATE archived_entries a SET salt = NULL, content_hash = NULL
      FROM unnest(ids) AS asked (id)
     WHERE a.tenant_id = tenant AND a.id = asked.id AND a.content_hash IS NOT NULL
    RETURNING a.leaf_index;
END
$$;

-- Files that were archive files before others took their place. The salts that such a file held keep its SHA-256 from
-- telling what was erased.
CREATE TABLE replaced_archives (
  tenant_id   text        NOT NULL CHECK (tenant_id <> ''),
  archive_id  uuid        NOT NULL,
  file_name   text        NOT NULL,
  bytes       bigint      NOT NULL,
  sha256      text        NOT NULL,
  replaced_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- No file is replaced twice; which files did this archive have?
  PRIMARY KEY (tenant_id, archive_id, file_name)
);

COMMENT ON TABLE replaced_archives IS 'One row per archive file that gave its place to another: what it was, and until when';

CREATE TRIGGER replaced_archives_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON replaced_archives
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_shrinking();
ALTER TABLE replaced_archives ENABLE ROW LEVEL SECURITY;
CREATE POLICY replaced_archives_read ON replaced_archives FOR SELECT TO audit_reader
  USING (tenant_id = current_setting('audit.tenant_id', true));
GRANT SELECT ON replaced_archives TO audit_reader;

-- Puts another file in the place of an archive file: one that holds the same entries without what was erased. What the
-- earlier file was stays to be seen in replaced_archives.
CREATE FUNCTION audit_replace_archive(
  mapping_id uuid, tenant text, old_file text, new_file text, held bigint, lowest_leaf bigint, highest_leaf bigint,
  length bigint, hash text
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM audit_require_tenant(tenant);
  INSERT INTO replaced_archives (tenant_id, archive_id, file_name, bytes, sha256)
  SELECT m.tenant_id, m.id, m.file_name, m.bytes, m.sha256 FROM mapping_logs m
   WHERE m.tenant_id = tenant AND m.id = mapping_id AND m.file_name = old_file FOR UPDATE;
  UPDATE mapping_logs SET file_name = new_file, bytes = length, sha256 = hash
   WHERE tenant_id = tenant AND id = mapping_id AND state = 'done' AND file_name = old_file AND entries = held
     AND first_leaf IS NOT DISTINCT FROM lowest_leaf AND last_leaf IS NOT DISTINCT FROM highest_leaf;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'this file does not take the place of %', old_file USING ERRCODE = 'integrity_constraint_violation';
  END IF;
END
$$;

-- Archives are recorded, and end, for the tenant of the transaction alone.
CREATE OR REPLACE FUNCTION audit_record_archive(
  mapping_id uuid, tenant text, file_name text, filter_used jsonb, format text, entries bigint,
  first_acted_at timestamptz, last_acted_at timestamptz, first_leaf bigint, last_leaf bigint,
  bytes bigint, sha256 text, requested_by text
) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS $$
  SELECT audit_require_tenant(tenant);
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
  PERFORM audit_require_tenant(tenant);
  SELECT * INTO archive FROM mapping_logs
   WHERE tenant_id = tenant AND id = mapping_id AND state = 'recorded' FOR UPDATE;
  IF NOT FOUND OR archive.removed <> archive.entries THEN
    RAISE EXCEPTION 'archive % holds % entries, % were removed', mapping_id, archive.entries, archive.removed
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  UPDATE mapping_logs SET state = 'done' WHERE tenant_id = tenant AND id = mapping_id;
END
$$;

-- An entry leaves as the file holds it: one that was erased since the file was written stays, and so the archive fails.
DROP FUNCTION audit_remove_archived(uuid, text, timestamptz[], uuid[]);
CREATE FUNCTION audit_remove_archived(mapping_id uuid, tenant text, acted timestamptz[], ids uuid[], erased boolean[]) RETURNS bigint
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

REVOKE ALL ON FUNCTION audit_refuse_rewriting(), audit_require_tenant(text),
  audit_is_leaf(text, bytea), audit_refuse_leaf(), audit_erase(text, timestamptz[], uuid[], text[]),
  audit_erase_archived(text, uuid[], text[]),
  audit_replace_archive(uuid, text, text, text, bigint, bigint, bigint, bigint, text),
  audit_remove_archived(uuid, text, timestamptz[], uuid[], boolean[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_erase(text, timestamptz[], uuid[], text[]), audit_erase_archived(text, uuid[], text[]),
  audit_replace_archive(uuid, text, text, text, bigint, bigint, bigint, bigint, text),
  audit_remove_archived(uuid, text, timestamptz[], uuid[], boolean[]) TO audit_writer;

RESET ROLE;

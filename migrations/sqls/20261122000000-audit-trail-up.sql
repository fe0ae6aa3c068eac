-- The audit trail: entries, archive files, jobs, and the roles that may touch them.
--
-- Three roles, none of which can log in or is a superuser:
--   audit_owner   owns the tables and the functions that change what is append-only;
--   audit_writer  may insert entries of the tenant named by audit.tenant_id and run jobs, and may not read entries;
--   audit_reader  may read, under row-level security, the tenant named by audit.tenant_id.
-- The login of the service is a member of writer and reader and takes one of them on per transaction.

DO $roles$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['audit_owner', 'audit_writer', 'audit_reader'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
      BEGIN
        EXECUTE format('CREATE ROLE %I NOLOGIN NOSUPERUSER', name);
      EXCEPTION WHEN duplicate_object OR unique_violation THEN
        NULL; -- another database of this cluster was quicker
      END;
    END IF;
    IF NOT pg_has_role(current_user, name, 'MEMBER') OR NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
      EXECUTE format('GRANT %I TO %I', name, current_user);
    END IF;
  END LOOP;
END
$roles$;

-- Functions keep this search_path for life; temporary objects come last so that none can shadow a table.
SELECT set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true);

DO $schema$
BEGIN
  EXECUTE format('GRANT USAGE, CREATE ON SCHEMA %I TO audit_owner', current_schema());
  EXECUTE format('GRANT USAGE ON SCHEMA %I TO audit_writer, audit_reader', current_schema());
  -- Archived entries are merged with stored ones in a temporary table of the reader.
  EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO audit_reader', current_database());
EXCEPTION WHEN insufficient_privilege THEN
  RAISE EXCEPTION '% must own the schema % (or be a superuser) to migrate', current_user, current_schema();
END
$schema$;

SET LOCAL ROLE audit_owner;

-- Entries ---------------------------------------------------------------------------------------------

CREATE TABLE audit_logs (
  id                  uuid        NOT NULL,
  tenant_id           text        NOT NULL CHECK (tenant_id <> ''),
  action              text        NOT NULL,
  action_key          text,
  action_group        text,
  acted_at            timestamptz NOT NULL,
  recorded_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
  actor               text        NOT NULL,
  actor_type          text        NOT NULL,
  actor_name          text,
  actor_email         text,
  on_behalf_of        text,
  acted_on            text,
  entity_id           text,
  entity_name         text,
  related_entities    jsonb,
  before              jsonb,
  after               jsonb,
  changed_fields      text[],
  outcome             text        NOT NULL,
  reason              text,
  error_code          text,
  severity            text        NOT NULL,
  category            text,
  description         text,
  request_id          text,
  trace_id            text,
  session_id          text,
  ip                  inet,
  user_agent          text,
  method              text,
  path                text,
  service_name        text,
  service_version     text,
  data_classification text,
  data_subject_id     text,
  legal_basis         text,
  metadata            jsonb,
  tags                text[],
  leaf_index          bigint,
  leaf_hash           bytea,
  salt                bytea,
  -- Newest first, a time range, the page after a cursor.
  PRIMARY KEY (tenant_id, acted_at, id)
) PARTITION BY RANGE (acted_at);

-- One entry by its id; is this id known already?
CREATE INDEX audit_logs_id ON audit_logs (tenant_id, id);
-- What did this actor do?
CREATE INDEX audit_logs_actor ON audit_logs (tenant_id, actor, acted_at);
-- What happened to this entity?
CREATE INDEX audit_logs_entity ON audit_logs (tenant_id, acted_on, entity_id, acted_at);
-- Who did this, and when?
CREATE INDEX audit_logs_action ON audit_logs (tenant_id, action, acted_at);
-- What went wrong?
CREATE INDEX audit_logs_failures ON audit_logs (tenant_id, acted_at) WHERE outcome <> 'success';

CREATE TABLE audit_logs_default PARTITION OF audit_logs DEFAULT;

COMMENT ON TABLE audit_logs IS 'Audit entries, append-only, partitioned by month of acted_at';

-- Trees -----------------------------------------------------------------------------------------------

CREATE TABLE audit_trees (
  tenant_id text   NOT NULL CHECK (tenant_id <> ''),
  size      bigint NOT NULL DEFAULT 0,
  frontier  bytea  NOT NULL DEFAULT '' CHECK (octet_length(frontier) % 32 = 0),
  -- The head that the next writer of the tenant locks.
  PRIMARY KEY (tenant_id)
);

COMMENT ON TABLE audit_trees IS 'The Merkle tree of each tenant (RFC 6962): its size, and the roots of its perfect subtrees';

CREATE TABLE audit_tiles (
  tenant_id text     NOT NULL CHECK (tenant_id <> ''),
  level     smallint NOT NULL,
  index     bigint   NOT NULL,
  hashes    bytea    NOT NULL CHECK (octet_length(hashes) % 32 = 0 AND octet_length(hashes) <= 8192),
  -- A tile by its place.
  PRIMARY KEY (tenant_id, level, index)
);

COMMENT ON TABLE audit_tiles IS 'The hashes of the trees, up to 256 in a tile (C2SP tlog-tiles)';

CREATE TABLE audit_checkpoints (
  tenant_id text        NOT NULL CHECK (tenant_id <> ''),
  size      bigint      NOT NULL,
  note      text        NOT NULL,
  signed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- What was signed at this size?
  PRIMARY KEY (tenant_id, size)
);

COMMENT ON TABLE audit_checkpoints IS 'Signed notes of the size and root of a tree (C2SP tlog-checkpoint)';

-- Archive files ---------------------------------------------------------------------------------------

CREATE TABLE mapping_logs (
  tenant_id      text        NOT NULL CHECK (tenant_id <> ''),
  id             uuid        NOT NULL,
  file_name      text        NOT NULL,
  filter_used    jsonb       NOT NULL,
  format         text        NOT NULL,
  entries        bigint      NOT NULL CHECK (entries > 0),
  removed        bigint      NOT NULL DEFAULT 0,
  first_acted_at timestamptz NOT NULL,
  last_acted_at  timestamptz NOT NULL,
  first_leaf     bigint,
  last_leaf      bigint,
  bytes          bigint      NOT NULL,
  sha256         text        NOT NULL,
  state          text        NOT NULL CHECK (state IN ('recorded', 'done')),
  requested_by   text        NOT NULL,
  created_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- One archive file; which files may hold entries of this time?
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, file_name)
);

COMMENT ON TABLE mapping_logs IS 'One row per archive file: what it holds, where it is and how to prove it';

-- What is left of an archived entry in the database: its id is taken for good, and its content can be told.
CREATE TABLE archived_entries (
  tenant_id    text        NOT NULL CHECK (tenant_id <> ''),
  id           uuid        NOT NULL,
  content_hash bytea       NOT NULL,
  recorded_at  timestamptz NOT NULL,
  leaf_index   bigint,
  leaf_hash    bytea,
  salt         bytea,
  -- Has this id been archived?
  PRIMARY KEY (tenant_id, id)
);

COMMENT ON TABLE archived_entries IS 'Ids of archived entries, which no other entry may have';

-- The content of an entry: every column but those that the service gives, in jsonb's own canonical text.
CREATE FUNCTION audit_content_hash(entry audit_logs) RETURNS bytea
LANGUAGE sql STABLE SET search_path FROM CURRENT SET timezone = 'UTC' AS $$
  SELECT sha256(convert_to((to_jsonb(entry) - ARRAY['recorded_at', 'leaf_index', 'leaf_hash', 'salt'])::text, 'UTF8'));
$$;

-- Jobs ------------------------------------------------------------------------------------------------

CREATE TABLE jobs (
  tenant_id    text        NOT NULL CHECK (tenant_id <> ''),
  id           uuid        NOT NULL,
  operation    text        NOT NULL CHECK (operation IN ('ARCHIVE', 'QUERY', 'EXPORT')),
  status       text        NOT NULL CHECK (status IN ('PENDING', 'RUNNING', 'COMPLETED', 'FAILED')),
  filter_used  jsonb       NOT NULL,
  requested_by text        NOT NULL,
  rows_done    bigint      NOT NULL DEFAULT 0,
  outcome      jsonb,
  error        jsonb,
  attempts     integer     NOT NULL DEFAULT 0,
  created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  started_at   timestamptz,
  finished_at  timestamptz,
  worker       uuid,
  leased_until timestamptz,
  PRIMARY KEY (tenant_id, id)
);

-- Which job is next? Finished jobs are not in it.
CREATE INDEX jobs_open ON jobs (created_at) WHERE status IN ('PENDING', 'RUNNING');

COMMENT ON TABLE jobs IS 'Background work, leased to one worker at a time';

-- The key that cursors are authenticated with: every process of the service shares it.
CREATE TABLE audit_cursor_key (
  only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
  key      bytea   NOT NULL
);
INSERT INTO audit_cursor_key (key)
VALUES (sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())));

-- Append-only -----------------------------------------------------------------------------------------

CREATE FUNCTION audit_refuse_change() RETURNS trigger
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

CREATE TRIGGER audit_logs_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_logs
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER audit_logs_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_logs_default
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();

-- A tree only grows: its hashes stay as they are.
CREATE FUNCTION audit_refuse_shrinking() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'audit_trees' THEN
    IF NEW.tenant_id = OLD.tenant_id AND NEW.size >= OLD.size THEN
      RETURN NEW;
    END IF;
  ELSIF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'audit_tiles' THEN
    IF (NEW.tenant_id, NEW.level, NEW.index) = (OLD.tenant_id, OLD.level, OLD.index)
       AND substring(NEW.hashes FOR octet_length(OLD.hashes)) = OLD.hashes THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION 'trees only grow: % of % refused', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER audit_trees_grow BEFORE UPDATE OR DELETE ON audit_trees
  FOR EACH ROW EXECUTE FUNCTION audit_refuse_shrinking();
CREATE TRIGGER audit_tiles_grow BEFORE UPDATE OR DELETE ON audit_tiles
  FOR EACH ROW EXECUTE FUNCTION audit_refuse_shrinking();
CREATE TRIGGER audit_checkpoints_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_checkpoints
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_shrinking();
CREATE TRIGGER audit_trees_kept BEFORE TRUNCATE ON audit_trees
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_shrinking();
CREATE TRIGGER audit_tiles_kept BEFORE TRUNCATE ON audit_tiles
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_shrinking();

-- Makes the partition of the month that holds `moment`. False where there is none to make: the month is
-- outside 2000-01 to two months from now, the default partition holds entries of it, or the tables are busy.
CREATE FUNCTION audit_ensure_partition(moment timestamptz) RETURNS boolean
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

-- Records an archive file. Its rows are removed in the same transaction by audit_remove_archived, and
-- audit_finish_archive refuses to end it unless exactly the recorded number of entries has gone.
CREATE FUNCTION audit_record_archive(
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

CREATE FUNCTION audit_finish_archive(mapping_id uuid, tenant text) RETURNS void
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

-- No transaction ends with an archive that was begun and not finished: entries leave in proved numbers alone.
CREATE FUNCTION audit_refuse_unfinished() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  IF EXISTS (SELECT FROM mapping_logs WHERE tenant_id = NEW.tenant_id AND id = NEW.id AND state <> 'done') THEN
    RAISE EXCEPTION 'archive % was not finished', NEW.id USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END
$$;

CREATE CONSTRAINT TRIGGER mapping_logs_finished AFTER INSERT ON mapping_logs DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION audit_refuse_unfinished();

-- Who may do what -------------------------------------------------------------------------------------

ALTER TABLE audit_logs ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_trees ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_tiles ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_checkpoints ENABLE ROW LEVEL SECURITY;
ALTER TABLE mapping_logs ENABLE ROW LEVEL SECURITY;
ALTER TABLE archived_entries ENABLE ROW LEVEL SECURITY;
ALTER TABLE jobs ENABLE ROW LEVEL SECURITY;

CREATE POLICY audit_logs_read ON audit_logs FOR SELECT TO audit_reader
  USING (tenant_id = current_setting('audit.tenant_id', true));
CREATE POLICY audit_logs_write ON audit_logs FOR INSERT TO audit_writer
  WITH CHECK (tenant_id = current_setting('audit.tenant_id', true));
CREATE POLICY audit_trees_read ON audit_trees FOR SELECT TO audit_reader
  USING (tenant_id = current_setting('audit.tenant_id', true));
CREATE POLICY audit_trees_grow ON audit_trees FOR ALL TO audit_writer
  USING (tenant_id = current_setting('audit.tenant_id', true))
  WITH CHECK (tenant_id = current_setting('audit.tenant_id', true));
CREATE POLICY audit_tiles_read ON audit_tiles FOR SELECT TO audit_reader
  USING (tenant_id = current_setting('audit.tenant_id', true));
CREATE POLICY audit_tiles_grow ON audit_tiles FOR ALL TO audit_writer
  USING (tenant_id = current_setting('audit.tenant_id', true))
  WITH CHECK (tenant_id = current_setting('audit.tenant_id', true));
CREATE POLICY audit_checkpoints_read ON audit_checkpoints FOR SELECT TO audit_reader
  USING (tenant_id = current_setting('audit.tenant_id', true));
CREATE POLICY audit_checkpoints_keep ON audit_checkpoints FOR ALL TO audit_writer
  USING (tenant_id = current_setting('audit.tenant_id', true))
  WITH CHECK (tenant_id = current_setting('audit.tenant_id', true));
CREATE POLICY mapping_logs_read ON mapping_logs FOR SELECT TO audit_reader
  USING (tenant_id = current_setting('audit.tenant_id', true));
CREATE POLICY archived_entries_read ON archived_entries FOR SELECT TO audit_reader
  USING (tenant_id = current_setting('audit.tenant_id', true));
CREATE POLICY jobs_read ON jobs FOR SELECT TO audit_reader
  USING (tenant_id = current_setting('audit.tenant_id', true));
CREATE POLICY jobs_write ON jobs FOR ALL TO audit_writer USING (true) WITH CHECK (true);

GRANT SELECT ON audit_logs, audit_trees, audit_tiles, audit_checkpoints, mapping_logs, archived_entries, jobs, audit_cursor_key TO audit_reader;
GRANT INSERT ON audit_logs TO audit_writer;
GRANT SELECT, INSERT, UPDATE ON audit_trees, audit_tiles TO audit_writer;
GRANT SELECT, INSERT ON audit_checkpoints TO audit_writer;
GRANT SELECT, INSERT, UPDATE ON jobs TO audit_writer;

REVOKE ALL ON FUNCTION audit_content_hash(audit_logs), audit_refuse_change(), audit_refuse_shrinking(), audit_refuse_unfinished(), audit_ensure_partition(timestamptz),
  audit_record_archive(uuid, text, text, jsonb, text, bigint, timestamptz, timestamptz, bigint, bigint, bigint, text, text),
  audit_remove_archived(uuid, text, timestamptz[], uuid[]), audit_finish_archive(uuid, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_ensure_partition(timestamptz),
  audit_record_archive(uuid, text, text, jsonb, text, bigint, timestamptz, timestamptz, bigint, bigint, bigint, text, text),
  audit_remove_archived(uuid, text, timestamptz[], uuid[]), audit_finish_archive(uuid, text) TO audit_writer;
GRANT EXECUTE ON FUNCTION audit_content_hash(audit_logs) TO audit_reader;

RESET ROLE;

-- The schema that the migrations make, for people to read and for a test to compare; "npm run schema:dump"
-- writes it. It is not run by anything: migrations/sqls is.

-- Roles

CREATE ROLE audit_owner NOLOGIN;
CREATE ROLE audit_reader NOLOGIN;
CREATE ROLE audit_writer NOLOGIN;

-- Extensions

CREATE EXTENSION btree_gin;

-- Tables

CREATE TABLE alerts (
  tenant_id text NOT NULL,
  id uuid NOT NULL,
  rule_id uuid NOT NULL,
  title text NOT NULL,
  level text NOT NULL,
  tags text[] NOT NULL,
  "group" jsonb NOT NULL,
  window_from timestamp with time zone NOT NULL,
  window_to timestamp with time zone NOT NULL,
  entries bigint NOT NULL,
  evidence uuid[] NOT NULL,
  status text NOT NULL DEFAULT 'open'::text,
  raised_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
  changed_at timestamp with time zone,
  changed_by text,
  note text
);
ALTER TABLE alerts OWNER TO audit_owner;
ALTER TABLE alerts ENABLE ROW LEVEL SECURITY;
COMMENT ON TABLE alerts IS 'What rules of detection have found, and what became of it';

CREATE TABLE archived_entries (
  tenant_id text NOT NULL,
  id uuid NOT NULL,
  content_hash bytea,
  recorded_at timestamp with time zone NOT NULL,
  leaf_index bigint,
  leaf_hash bytea,
  salt bytea
);
ALTER TABLE archived_entries OWNER TO audit_owner;
ALTER TABLE archived_entries ENABLE ROW LEVEL SECURITY;
COMMENT ON TABLE archived_entries IS 'Ids of archived entries, which no other entry may have';

CREATE TABLE audit_checkpoints (
  tenant_id text NOT NULL,
  size bigint NOT NULL,
  note text NOT NULL,
  signed_at timestamp with time zone NOT NULL DEFAULT clock_timestamp()
);
ALTER TABLE audit_checkpoints OWNER TO audit_owner;
ALTER TABLE audit_checkpoints ENABLE ROW LEVEL SECURITY;
COMMENT ON TABLE audit_checkpoints IS 'Signed notes of the size and root of a tree (C2SP tlog-checkpoint)';

CREATE TABLE audit_counted (
  tenant_id text NOT NULL,
  next_leaf bigint NOT NULL DEFAULT 0
);
ALTER TABLE audit_counted OWNER TO audit_owner;
ALTER TABLE audit_counted ENABLE ROW LEVEL SECURITY;
COMMENT ON TABLE audit_counted IS 'How far the entries of each tenant have been counted';

CREATE TABLE audit_counts (
  tenant_id text NOT NULL,
  cube text NOT NULL,
  at timestamp with time zone NOT NULL,
  of text[] NOT NULL,
  entries bigint NOT NULL
);
ALTER TABLE audit_counts OWNER TO audit_owner;
ALTER TABLE audit_counts ENABLE ROW LEVEL SECURITY;
COMMENT ON TABLE audit_counts IS 'How many stored entries there are of each kind, by day and hour';

CREATE TABLE audit_cursor_key (
  only_one boolean NOT NULL DEFAULT true,
  key bytea NOT NULL
);
ALTER TABLE audit_cursor_key OWNER TO audit_owner;

CREATE TABLE audit_keys (
  verifier_key text NOT NULL,
  first_used timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
  last_used timestamp with time zone NOT NULL DEFAULT clock_timestamp()
);
ALTER TABLE audit_keys OWNER TO audit_owner;
COMMENT ON TABLE audit_keys IS 'Public keys that have signed checkpoints (C2SP signed-note), and when';

CREATE TABLE audit_logs (
  id uuid NOT NULL,
  tenant_id text NOT NULL DEFAULT current_setting('audit.tenant_id'::text),
  action text NOT NULL,
  action_key text,
  action_group text,
  acted_at timestamp with time zone NOT NULL,
  recorded_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
  actor text NOT NULL,
  actor_type text NOT NULL,
  actor_name text,
  actor_email text,
  on_behalf_of text,
  acted_on text,
  entity_id text,
  entity_name text,
  related_entities jsonb,
  before jsonb,
  after jsonb,
  changed_fields text[],
  outcome text NOT NULL,
  reason text,
  error_code text,
  severity text NOT NULL,
  category text,
  description text,
  request_id text,
  trace_id text,
  session_id text,
  ip inet,
  user_agent text,
  method text,
  path text,
  service_name text,
  service_version text,
  data_classification text,
  data_subject_id text,
  legal_basis text,
  metadata jsonb,
  tags text[],
  leaf_index bigint,
  leaf_hash bytea,
  salt bytea,
  commitments jsonb
) PARTITION BY RANGE (acted_at);
ALTER TABLE audit_logs OWNER TO audit_owner;
ALTER TABLE audit_logs ENABLE ROW LEVEL SECURITY;
COMMENT ON TABLE audit_logs IS 'Audit entries, append-only, partitioned by month of acted_at';

CREATE TABLE audit_tiles (
  tenant_id text NOT NULL,
  level smallint NOT NULL,
  index bigint NOT NULL,
  hashes bytea NOT NULL
);
ALTER TABLE audit_tiles OWNER TO audit_owner;
ALTER TABLE audit_tiles ENABLE ROW LEVEL SECURITY;
COMMENT ON TABLE audit_tiles IS 'The hashes of the trees, up to 256 in a tile (C2SP tlog-tiles)';

CREATE TABLE audit_trees (
  tenant_id text NOT NULL,
  size bigint NOT NULL DEFAULT 0,
  frontier bytea NOT NULL DEFAULT '\x'::bytea
);
ALTER TABLE audit_trees OWNER TO audit_owner;
ALTER TABLE audit_trees ENABLE ROW LEVEL SECURITY;
COMMENT ON TABLE audit_trees IS 'The Merkle tree of each tenant (RFC 6962): its size, and the roots of its perfect subtrees';

CREATE TABLE detection_progress (
  tenant_id text NOT NULL,
  rule_id uuid NOT NULL,
  "position" bigint NOT NULL DEFAULT 0,
  fault text
);
ALTER TABLE detection_progress OWNER TO audit_owner;
ALTER TABLE detection_progress ENABLE ROW LEVEL SECURITY;
COMMENT ON TABLE detection_progress IS 'Up to which leaf each rule has looked at the entries of a tenant, and why it goes no further';

CREATE TABLE detection_rules (
  tenant_id text NOT NULL,
  id uuid NOT NULL,
  source text,
  enabled boolean NOT NULL,
  changed_by text NOT NULL,
  changed_at timestamp with time zone NOT NULL DEFAULT clock_timestamp()
);
ALTER TABLE detection_rules OWNER TO audit_owner;
ALTER TABLE detection_rules ENABLE ROW LEVEL SECURITY;
COMMENT ON TABLE detection_rules IS 'Rules of detection that tenants have added, and those of the service that they have switched off';

CREATE TABLE jobs (
  tenant_id text NOT NULL,
  id uuid NOT NULL,
  operation text NOT NULL,
  status text NOT NULL,
  filter_used jsonb NOT NULL,
  requested_by text NOT NULL,
  rows_done bigint NOT NULL DEFAULT 0,
  outcome jsonb,
  error jsonb,
  attempts integer NOT NULL DEFAULT 0,
  created_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
  started_at timestamp with time zone,
  finished_at timestamp with time zone,
  worker uuid,
  leased_until timestamp with time zone
);
ALTER TABLE jobs OWNER TO audit_owner;
ALTER TABLE jobs ENABLE ROW LEVEL SECURITY;
COMMENT ON TABLE jobs IS 'Background work, leased to one worker at a time';

CREATE TABLE mapping_logs (
  tenant_id text NOT NULL,
  id uuid NOT NULL,
  file_name text NOT NULL,
  filter_used jsonb NOT NULL,
  format text NOT NULL,
  entries bigint NOT NULL,
  removed bigint NOT NULL DEFAULT 0,
  first_acted_at timestamp with time zone NOT NULL,
  last_acted_at timestamp with time zone NOT NULL,
  first_leaf bigint,
  last_leaf bigint,
  bytes bigint NOT NULL,
  sha256 text NOT NULL,
  state text NOT NULL,
  requested_by text NOT NULL,
  created_at timestamp with time zone NOT NULL DEFAULT clock_timestamp()
);
ALTER TABLE mapping_logs OWNER TO audit_owner;
ALTER TABLE mapping_logs ENABLE ROW LEVEL SECURITY;
COMMENT ON TABLE mapping_logs IS 'One row per archive file: what it holds, where it is and how to prove it';

CREATE TABLE migrations (
  id integer NOT NULL DEFAULT nextval('migrations_id_seq'::regclass),
  name character varying(255) NOT NULL,
  run_on timestamp without time zone NOT NULL
);
ALTER TABLE migrations OWNER TO login;

CREATE TABLE replaced_archives (
  tenant_id text NOT NULL,
  archive_id uuid NOT NULL,
  file_name text NOT NULL,
  bytes bigint NOT NULL,
  sha256 text NOT NULL,
  replaced_at timestamp with time zone NOT NULL DEFAULT clock_timestamp()
);
ALTER TABLE replaced_archives OWNER TO audit_owner;
ALTER TABLE replaced_archives ENABLE ROW LEVEL SECURITY;
COMMENT ON TABLE replaced_archives IS 'One row per archive file that gave its place to another: what it was, and until when';

CREATE TABLE audit_logs_default PARTITION OF audit_logs DEFAULT;
ALTER TABLE audit_logs_default OWNER TO audit_owner;

-- Views

CREATE VIEW audit_entries AS
 SELECT id,
    tenant_id,
    action,
    action_key,
    action_group,
    acted_at,
    recorded_at,
    actor,
    actor_type,
    actor_name,
    actor_email,
    on_behalf_of,
    acted_on,
    entity_id,
    entity_name,
    related_entities,
    before,
    after,
    changed_fields,
    outcome,
    reason,
    error_code,
    severity,
    category,
    description,
    request_id,
    trace_id,
    session_id,
    ip,
    user_agent,
    method,
    path,
    service_name,
    service_version,
    data_classification,
    data_subject_id,
    legal_basis,
    metadata,
    tags,
    leaf_index,
    leaf_hash,
    salt,
    commitments
   FROM audit_logs
  WHERE (tenant_id = current_setting('audit.tenant_id'::text, true));
ALTER VIEW audit_entries OWNER TO audit_owner;
COMMENT ON VIEW audit_entries IS 'The entries of the tenant that audit.tenant_id names, for whoever reads';

-- Constraints

ALTER TABLE alerts ADD CONSTRAINT alerts_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE alerts ADD CONSTRAINT alerts_entries_check CHECK ((entries > 0));
ALTER TABLE alerts ADD CONSTRAINT alerts_level_check CHECK ((level = ANY (ARRAY['informational'::text, 'low'::text, 'medium'::text, 'high'::text, 'critical'::text])));
ALTER TABLE alerts ADD CONSTRAINT alerts_status_check CHECK ((status = ANY (ARRAY['open'::text, 'acknowledged'::text, 'resolved'::text, 'dismissed'::text])));
ALTER TABLE alerts ADD CONSTRAINT alerts_tenant_id_check CHECK ((tenant_id <> ''::text));
ALTER TABLE archived_entries ADD CONSTRAINT archived_entries_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE archived_entries ADD CONSTRAINT archived_entries_tenant_id_check CHECK ((tenant_id <> ''::text));
ALTER TABLE audit_checkpoints ADD CONSTRAINT audit_checkpoints_pkey PRIMARY KEY (tenant_id, size);
ALTER TABLE audit_checkpoints ADD CONSTRAINT audit_checkpoints_tenant_id_check CHECK ((tenant_id <> ''::text));
ALTER TABLE audit_counted ADD CONSTRAINT audit_counted_pkey PRIMARY KEY (tenant_id);
ALTER TABLE audit_counted ADD CONSTRAINT audit_counted_tenant_id_check CHECK ((tenant_id <> ''::text));
ALTER TABLE audit_counts ADD CONSTRAINT audit_counts_pkey PRIMARY KEY (tenant_id, cube, at, of);
ALTER TABLE audit_counts ADD CONSTRAINT audit_counts_cube_check CHECK ((cube = ANY (ARRAY['kind-day'::text, 'kind-hour'::text, 'actor-day'::text, 'outcome-hour'::text])));
ALTER TABLE audit_counts ADD CONSTRAINT audit_counts_tenant_id_check CHECK ((tenant_id <> ''::text));
ALTER TABLE audit_cursor_key ADD CONSTRAINT audit_cursor_key_pkey PRIMARY KEY (only_one);
ALTER TABLE audit_cursor_key ADD CONSTRAINT audit_cursor_key_only_one_check CHECK (only_one);
ALTER TABLE audit_keys ADD CONSTRAINT audit_keys_pkey PRIMARY KEY (verifier_key);
ALTER TABLE audit_logs ADD CONSTRAINT audit_logs_pkey PRIMARY KEY (tenant_id, acted_at, id);
ALTER TABLE audit_logs ADD CONSTRAINT audit_logs_tenant_id_check CHECK ((tenant_id <> ''::text));
ALTER TABLE audit_tiles ADD CONSTRAINT audit_tiles_pkey PRIMARY KEY (tenant_id, level, index);
ALTER TABLE audit_tiles ADD CONSTRAINT audit_tiles_hashes_check CHECK ((((octet_length(hashes) % 32) = 0) AND (octet_length(hashes) <= 8192)));
ALTER TABLE audit_tiles ADD CONSTRAINT audit_tiles_tenant_id_check CHECK ((tenant_id <> ''::text));
ALTER TABLE audit_trees ADD CONSTRAINT audit_trees_pkey PRIMARY KEY (tenant_id);
ALTER TABLE audit_trees ADD CONSTRAINT audit_trees_frontier_check CHECK (((octet_length(frontier) % 32) = 0));
ALTER TABLE audit_trees ADD CONSTRAINT audit_trees_tenant_id_check CHECK ((tenant_id <> ''::text));
ALTER TABLE detection_progress ADD CONSTRAINT detection_progress_pkey PRIMARY KEY (tenant_id, rule_id);
ALTER TABLE detection_progress ADD CONSTRAINT detection_progress_tenant_id_check CHECK ((tenant_id <> ''::text));
ALTER TABLE detection_rules ADD CONSTRAINT detection_rules_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE detection_rules ADD CONSTRAINT detection_rules_tenant_id_check CHECK ((tenant_id <> ''::text));
ALTER TABLE jobs ADD CONSTRAINT jobs_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE jobs ADD CONSTRAINT jobs_operation_check CHECK ((operation = ANY (ARRAY['ARCHIVE'::text, 'QUERY'::text, 'EXPORT'::text, 'ERASE'::text])));
ALTER TABLE jobs ADD CONSTRAINT jobs_status_check CHECK ((status = ANY (ARRAY['PENDING'::text, 'RUNNING'::text, 'COMPLETED'::text, 'FAILED'::text, 'CANCELLED'::text])));
ALTER TABLE jobs ADD CONSTRAINT jobs_tenant_id_check CHECK ((tenant_id <> ''::text));
ALTER TABLE mapping_logs ADD CONSTRAINT mapping_logs_tenant_id_file_name_key UNIQUE (tenant_id, file_name);
ALTER TABLE mapping_logs ADD CONSTRAINT mapping_logs_finished TRIGGER DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE mapping_logs ADD CONSTRAINT mapping_logs_pkey PRIMARY KEY (tenant_id, id);
ALTER TABLE mapping_logs ADD CONSTRAINT mapping_logs_entries_check CHECK ((entries > 0));
ALTER TABLE mapping_logs ADD CONSTRAINT mapping_logs_state_check CHECK ((state = ANY (ARRAY['recorded'::text, 'done'::text])));
ALTER TABLE mapping_logs ADD CONSTRAINT mapping_logs_tenant_id_check CHECK ((tenant_id <> ''::text));
ALTER TABLE migrations ADD CONSTRAINT migrations_pkey PRIMARY KEY (id);
ALTER TABLE replaced_archives ADD CONSTRAINT replaced_archives_pkey PRIMARY KEY (tenant_id, archive_id, file_name);
ALTER TABLE replaced_archives ADD CONSTRAINT replaced_archives_tenant_id_check CHECK ((tenant_id <> ''::text));

-- Indexes

CREATE INDEX alerts_raised ON public.alerts USING btree (tenant_id, raised_at, id);
CREATE INDEX audit_logs_action ON ONLY public.audit_logs USING btree (tenant_id, action text_pattern_ops, acted_at);
COMMENT ON INDEX audit_logs_action IS 'Who did this, and when? action=user.login, action=user.*';
CREATE INDEX audit_logs_actor ON ONLY public.audit_logs USING btree (tenant_id, actor, acted_at);
COMMENT ON INDEX audit_logs_actor IS 'What did this actor do? actor=';
CREATE INDEX audit_logs_behalf ON ONLY public.audit_logs USING btree (tenant_id, on_behalf_of, acted_at) WHERE (on_behalf_of IS NOT NULL);
COMMENT ON INDEX audit_logs_behalf IS 'What was done on behalf of this user? onBehalfOf=';
CREATE INDEX audit_logs_content ON ONLY public.audit_logs USING gin (tenant_id, service_name, category, tags, changed_fields, audit_words(actor_name, actor_email, entity_name, description, reason, metadata), metadata jsonb_path_ops, before jsonb_path_ops, after jsonb_path_ops);
COMMENT ON INDEX audit_logs_content IS 'Words and rare values: search=, tag=, category=, serviceName=, changed:role, after.role=editor';
CREATE INDEX audit_logs_data_subject ON ONLY public.audit_logs USING btree (tenant_id, data_subject_id) WHERE (data_subject_id IS NOT NULL);
COMMENT ON INDEX audit_logs_data_subject IS 'Which entries tell of this person? dataSubjectId, erasure';
CREATE INDEX audit_logs_entity ON ONLY public.audit_logs USING btree (tenant_id, acted_on, entity_id, acted_at);
COMMENT ON INDEX audit_logs_entity IS 'What happened to this entity? actedOn=, entityId=';
CREATE INDEX audit_logs_failures ON ONLY public.audit_logs USING btree (tenant_id, acted_at) WHERE (outcome <> 'success'::text);
COMMENT ON INDEX audit_logs_failures IS 'What went wrong? outcome=failure';
CREATE INDEX audit_logs_id ON ONLY public.audit_logs USING btree (tenant_id, id);
COMMENT ON INDEX audit_logs_id IS 'One entry by its id; is this id known already?';
CREATE INDEX audit_logs_ip ON ONLY public.audit_logs USING btree (tenant_id, ip, acted_at);
COMMENT ON INDEX audit_logs_ip IS 'What came from this address or network? ip=10.0.0.0/8';
CREATE INDEX audit_logs_leaf ON ONLY public.audit_logs USING btree (tenant_id, leaf_index);
COMMENT ON INDEX audit_logs_leaf IS 'What has come since? Event streams, roll-ups and detection go on from a leaf';
CREATE INDEX audit_logs_request ON ONLY public.audit_logs USING btree (tenant_id, request_id, acted_at) WHERE (request_id IS NOT NULL);
COMMENT ON INDEX audit_logs_request IS 'What belongs to this request? requestId=';
CREATE INDEX audit_logs_severe ON ONLY public.audit_logs USING btree (tenant_id, severity, acted_at) WHERE (severity = ANY (ARRAY['high'::text, 'critical'::text]));
COMMENT ON INDEX audit_logs_severe IS 'What is critical? severity=critical';
CREATE INDEX jobs_created ON public.jobs USING btree (tenant_id, created_at, id);
COMMENT ON INDEX jobs_created IS 'What jobs are there? GET /audit-logs/jobs';
CREATE INDEX jobs_open ON public.jobs USING btree (created_at) WHERE (status = ANY (ARRAY['PENDING'::text, 'RUNNING'::text]));

-- Functions

CREATE OR REPLACE FUNCTION public.audit_content_hash(entry audit_logs)
 RETURNS bytea
 LANGUAGE sql
 STABLE
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
AS $function$
  SELECT sha256(convert_to((to_jsonb(entry) - ARRAY['recorded_at', 'leaf_index', 'leaf_hash', 'salt', 'commitments'])::text, 'UTF8'));
$function$
;
ALTER FUNCTION audit_content_hash(audit_logs) OWNER TO audit_owner;

CREATE OR REPLACE FUNCTION public.audit_cosign(tenant text, at_size bigint, read_note text, lines text)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
DECLARE
  present text[] := ARRAY(SELECT audit_signers(read_note));
  added   text[] := ARRAY(SELECT audit_signers(lines));
BEGIN
  PERFORM audit_require_tenant(tenant);
  IF present && added OR cardinality(added) > (SELECT count(DISTINCT signer) FROM unnest(added) AS signer) THEN
    RAISE EXCEPTION 'this key has signed the note already' USING ERRCODE = 'insufficient_privilege';
  ELSIF cardinality(present) + length(lines) - length(replace(lines, E'\n', '')) > 16 THEN
    RAISE EXCEPTION 'a note has 16 signatures at most' USING ERRCODE = 'insufficient_privilege';
  END IF;
  UPDATE audit_checkpoints SET note = note || lines
   WHERE tenant_id = tenant AND size = at_size AND note = read_note;
  RETURN FOUND;
END
$function$
;
ALTER FUNCTION audit_cosign(text,bigint,text,text) OWNER TO audit_owner;

CREATE OR REPLACE FUNCTION public.audit_count(tenant text, given audit_logs[], sign integer)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
AS $function$
  WITH entry AS (SELECT * FROM unnest(given)),
  counts AS (
    SELECT 'kind-hour' AS cube, date_trunc('hour', acted_at) AS at,
           ARRAY[action, acted_on, outcome, severity, category, service_name] AS of, count(*) AS entries
      FROM entry GROUP BY 2, 3
    UNION ALL
    SELECT 'kind-day', date_trunc('day', acted_at),
           ARRAY[action, acted_on, outcome, severity, category, service_name], count(*) FROM entry GROUP BY 2, 3
    UNION ALL
    SELECT 'actor-day', date_trunc('day', acted_at), ARRAY[actor, outcome], count(*) FROM entry GROUP BY 2, 3
    UNION ALL
    SELECT 'outcome-hour', date_trunc('hour', acted_at), ARRAY[outcome], count(*) FROM entry GROUP BY 2, 3
  )
  INSERT INTO audit_counts AS kept (tenant_id, cube, at, of, entries)
  SELECT tenant, cube, at, of, sign * entries FROM counts ORDER BY cube, at, of
  ON CONFLICT (tenant_id, cube, at, of) DO UPDATE SET entries = kept.entries + excluded.entries;
$function$
;
ALTER FUNCTION audit_count(text,audit_logs[],integer) OWNER TO audit_owner;

CREATE OR REPLACE FUNCTION public.audit_count_next(tenant text, at_most integer)
 RETURNS bigint
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
DECLARE
  first bigint;
  size  bigint;
  last  bigint;
BEGIN
  PERFORM audit_require_tenant(tenant);
  INSERT INTO audit_counted (tenant_id) VALUES (tenant) ON CONFLICT DO NOTHING;
  SELECT next_leaf INTO first FROM audit_counted WHERE tenant_id = tenant FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN
    RETURN 0;
  END IF;
  SELECT tree.size INTO size FROM audit_trees tree WHERE tenant_id = tenant;
  last := least(size, first + at_most);
  IF size IS NULL OR last <= first THEN
    RETURN 0;
  END IF;
  PERFORM audit_count(tenant, ARRAY(SELECT entry FROM audit_logs entry
    WHERE tenant_id = tenant AND leaf_index >= first AND leaf_index < last), 1);
  UPDATE audit_counted SET next_leaf = last WHERE tenant_id = tenant;
  RETURN size - last;
END
$function$
;
ALTER FUNCTION audit_count_next(text,integer) OWNER TO audit_owner;

CREATE OR REPLACE FUNCTION public.audit_ensure_partition(moment timestamp with time zone)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET lock_timeout TO '1s'
AS $function$
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
$function$
;
ALTER FUNCTION audit_ensure_partition(timestamp with time zone) OWNER TO audit_owner;

CREATE OR REPLACE FUNCTION public.audit_erase(tenant text, acted timestamp with time zone[], ids uuid[], leaves text[])
 RETURNS SETOF bigint
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
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
$function$
;
ALTER FUNCTION audit_erase(text,timestamp with time zone[],uuid[],text[]) OWNER TO audit_owner;

CREATE OR REPLACE FUNCTION public.audit_erase_archived(tenant text, ids uuid[], leaves text[])
 RETURNS SETOF bigint
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
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
$function$
;
ALTER FUNCTION audit_erase_archived(text,uuid[],text[]) OWNER TO audit_owner;

CREATE OR REPLACE FUNCTION public.audit_finish_archive(mapping_id uuid, tenant text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
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
$function$
;
ALTER FUNCTION audit_finish_archive(uuid,text) OWNER TO audit_owner;

CREATE OR REPLACE FUNCTION public.audit_is_leaf(data text, hash bytea)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO 'public', 'pg_temp'
AS $function$
  SELECT sha256('\x00'::bytea || convert_to(data, 'UTF8')) IS NOT DISTINCT FROM hash;
$function$
;
ALTER FUNCTION audit_is_leaf(text,bytea) OWNER TO audit_owner;

CREATE OR REPLACE FUNCTION public.audit_is_partition(name text)
 RETURNS boolean
 LANGUAGE sql
 STABLE
 SET search_path TO 'public', 'pg_temp'
AS $function$
  SELECT EXISTS (SELECT FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                  WHERE i.inhparent = 'audit_logs'::regclass AND c.relname = name);
$function$
;
ALTER FUNCTION audit_is_partition(text) OWNER TO audit_owner;

CREATE OR REPLACE FUNCTION public.audit_may_thin(signed timestamp with time zone, later timestamp with time zone)
 RETURNS boolean
 LANGUAGE sql
 STABLE
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
AS $function$
  SELECT coalesce(signed < now() - interval '1 day' AND date_trunc('hour', later) = date_trunc('hour', signed)
               OR signed < now() - interval '90 days' AND date_trunc('day', later) = date_trunc('day', signed), false);
$function$
;
ALTER FUNCTION audit_may_thin(timestamp with time zone,timestamp with time zone) OWNER TO audit_owner;

CREATE OR REPLACE FUNCTION public.audit_open_partition(partition regclass)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'public', 'pg_temp'
AS $function$
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
$function$
;
ALTER FUNCTION audit_open_partition(regclass) OWNER TO audit_owner;

CREATE OR REPLACE FUNCTION public.audit_record_archive(mapping_id uuid, tenant text, file_name text, filter_used jsonb, format text, entries bigint, first_acted_at timestamp with time zone, last_acted_at timestamp with time zone, first_leaf bigint, last_leaf bigint, bytes bigint, sha256 text, requested_by text)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  SELECT audit_require_tenant(tenant);
  INSERT INTO mapping_logs (id, tenant_id, file_name, filter_used, format, entries, first_acted_at, last_acted_at,
                            first_leaf, last_leaf, bytes, sha256, state, requested_by)
  VALUES (mapping_id, tenant, file_name, filter_used, format, entries, first_acted_at, last_acted_at,
          first_leaf, last_leaf, bytes, sha256, 'recorded', requested_by);
$function$
;
ALTER FUNCTION audit_record_archive(uuid,text,text,jsonb,text,bigint,timestamp with time zone,timestamp with time zone,bigint,bigint,bigint,text,text) OWNER TO audit_owner;

CREATE OR REPLACE FUNCTION public.audit_refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'public', 'pg_temp'
AS $function$
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
$function$
;
ALTER FUNCTION audit_refuse_change() OWNER TO audit_owner;

CREATE OR REPLACE FUNCTION public.audit_refuse_detached()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'public', 'pg_temp'
AS $function$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = TG_RELID AND inhparent = 'audit_logs'::regclass) THEN
    RAISE EXCEPTION '% is no partition of audit_logs any more', TG_TABLE_NAME USING ERRCODE = 'undefined_table';
  END IF;
  RETURN NULL;
END
$function$
;
ALTER FUNCTION audit_refuse_detached() OWNER TO audit_owner;

CREATE OR REPLACE FUNCTION public.audit_refuse_forgetting()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'public', 'pg_temp'
AS $function$
BEGIN
  IF TG_OP = 'UPDATE' AND current_user = 'audit_owner'
     AND (NEW.verifier_key, NEW.first_used) = (OLD.verifier_key, OLD.first_used) AND NEW.last_used >= OLD.last_used THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'keys that have signed are not forgotten: % refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END
$function$
;
ALTER FUNCTION audit_refuse_forgetting() OWNER TO audit_owner;

CREATE OR REPLACE FUNCTION public.audit_refuse_leaf()
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'public', 'pg_temp'
AS $function$
BEGIN
  RAISE EXCEPTION 'this is not what the leaf was made of' USING ERRCODE = 'insufficient_privilege';
END
$function$
;
ALTER FUNCTION audit_refuse_leaf() OWNER TO audit_owner;

CREATE OR REPLACE FUNCTION public.audit_refuse_resigning()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'public', 'pg_temp'
AS $function$
BEGIN
  IF current_user = 'audit_owner' THEN
    IF TG_OP = 'DELETE' AND audit_may_thin(OLD.signed_at, (
         SELECT signed_at FROM audit_checkpoints WHERE tenant_id = OLD.tenant_id AND size > OLD.size ORDER BY size LIMIT 1)) THEN
      RETURN OLD;
    ELSIF TG_OP = 'UPDATE'
      AND (NEW.tenant_id, NEW.size, NEW.signed_at) = (OLD.tenant_id, OLD.size, OLD.signed_at)
      AND starts_with(NEW.note, OLD.note)
      AND substr(NEW.note, length(OLD.note) + 1) ~ '^(— [^\s+]+ [A-Za-z0-9+/]{8,}=*\n)+$' THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION 'checkpoints are kept as they were signed: % refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END
$function$
;
ALTER FUNCTION audit_refuse_resigning() OWNER TO audit_owner;

CREATE OR REPLACE FUNCTION public.audit_refuse_rewriting()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'public', 'pg_temp'
AS $function$
BEGIN
  IF OLD.commitments IS NULL AND NEW.commitments IS NOT NULL
     AND to_jsonb(NEW) - 'commitments' = (to_jsonb(OLD) - 'commitments') || jsonb_build_object(
           'actor_email', NULL, 'actor_name', NULL, 'after', NULL, 'before', NULL, 'description', NULL, 'ip', NULL,
           'metadata', NULL, 'reason', NULL, 'user_agent', NULL, 'salt', NULL) THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'audit entries are append-only: rewriting refused' USING ERRCODE = 'insufficient_privilege';
END
$function$
;
ALTER FUNCTION audit_refuse_rewriting() OWNER TO audit_owner;

CREATE OR REPLACE FUNCTION public.audit_refuse_shrinking()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'public', 'pg_temp'
AS $function$
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
$function$
;
ALTER FUNCTION audit_refuse_shrinking() OWNER TO audit_owner;

CREATE OR REPLACE FUNCTION public.audit_refuse_unfinished()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
BEGIN
  IF EXISTS (SELECT FROM mapping_logs WHERE tenant_id = NEW.tenant_id AND id = NEW.id AND state <> 'done') THEN
    RAISE EXCEPTION 'archive % was not finished', NEW.id USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END
$function$
;
ALTER FUNCTION audit_refuse_unfinished() OWNER TO audit_owner;

CREATE OR REPLACE FUNCTION public.audit_remove_archived(mapping_id uuid, tenant text, acted timestamp with time zone[], ids uuid[], erased boolean[])
 RETURNS bigint
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
DECLARE
  gone audit_logs[];
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
  SELECT coalesce(array_agg(entry), '{}') INTO gone FROM removal;
  INSERT INTO archived_entries (tenant_id, id, content_hash, recorded_at, leaf_index, leaf_hash, salt)
  SELECT tenant, entry.id, CASE WHEN entry.commitments IS NULL THEN audit_content_hash(entry) END,
         entry.recorded_at, entry.leaf_index, entry.leaf_hash, entry.salt FROM unnest(gone) entry;
  PERFORM audit_uncount(tenant, gone);
  PERFORM set_config('audit.lawful_removal', '', true);
  UPDATE mapping_logs SET removed = removed + cardinality(gone) WHERE tenant_id = tenant AND id = mapping_id;
  RETURN cardinality(gone);
END
$function$
;
ALTER FUNCTION audit_remove_archived(uuid,text,timestamp with time zone[],uuid[],boolean[]) OWNER TO audit_owner;

CREATE OR REPLACE FUNCTION public.audit_replace_archive(mapping_id uuid, tenant text, old_file text, new_file text, held bigint, lowest_leaf bigint, highest_leaf bigint, length bigint, hash text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
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
$function$
;
ALTER FUNCTION audit_replace_archive(uuid,text,text,text,bigint,bigint,bigint,bigint,text) OWNER TO audit_owner;

CREATE OR REPLACE FUNCTION public.audit_require_tenant(tenant text)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'public', 'pg_temp'
AS $function$
BEGIN
  IF tenant IS DISTINCT FROM nullif(current_setting('audit.tenant_id', true), '') THEN
    RAISE EXCEPTION 'another tenant than that of the transaction' USING ERRCODE = 'insufficient_privilege';
  END IF;
END
$function$
;
ALTER FUNCTION audit_require_tenant(text) OWNER TO audit_owner;

CREATE OR REPLACE FUNCTION public.audit_sample_json(partition regclass)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'public', 'pg_temp'
AS $function$
BEGIN
  EXECUTE format('ALTER TABLE %s ALTER COLUMN metadata SET STATISTICS 400, ALTER COLUMN before SET STATISTICS 400,
                  ALTER COLUMN after SET STATISTICS 400', partition);
END
$function$
;
ALTER FUNCTION audit_sample_json(regclass) OWNER TO audit_owner;

CREATE OR REPLACE FUNCTION public.audit_signers(lines text)
 RETURNS SETOF text
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO 'public', 'pg_temp'
AS $function$
  SELECT line[1] || ' ' || encode(substr(decode(line[2], 'base64'), 1, 4), 'hex')
    FROM regexp_matches(lines, '^— ([^\s+]+) ([A-Za-z0-9+/]{8})[A-Za-z0-9+/]*=*$', 'gn') AS line;
$function$
;
ALTER FUNCTION audit_signers(text) OWNER TO audit_owner;

CREATE OR REPLACE FUNCTION public.audit_split_default(at_most bigint)
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET lock_timeout TO '1s'
AS $function$
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
$function$
;
ALTER FUNCTION audit_split_default(bigint) OWNER TO audit_owner;

CREATE OR REPLACE FUNCTION public.audit_thin_checkpoints(tenant text)
 RETURNS bigint
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
DECLARE
  gone bigint;
BEGIN
  PERFORM audit_require_tenant(tenant);
  WITH placed AS (
    SELECT size, signed_at, lead(signed_at) OVER (ORDER BY size) AS later FROM audit_checkpoints WHERE tenant_id = tenant
  )
  DELETE FROM audit_checkpoints c USING placed
   WHERE c.tenant_id = tenant AND c.size = placed.size AND audit_may_thin(placed.signed_at, placed.later);
  GET DIAGNOSTICS gone = ROW_COUNT;
  RETURN gone;
END
$function$
;
ALTER FUNCTION audit_thin_checkpoints(text) OWNER TO audit_owner;

CREATE OR REPLACE FUNCTION public.audit_tree_sizes(tenants text[])
 RETURNS TABLE(tenant text, leaves bigint)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  SELECT tenant_id, size FROM audit_trees WHERE tenant_id = ANY (tenants);
$function$
;
ALTER FUNCTION audit_tree_sizes(text[]) OWNER TO audit_owner;

CREATE OR REPLACE FUNCTION public.audit_uncount(tenant text, gone audit_logs[])
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
DECLARE
  counted bigint;
BEGIN
  INSERT INTO audit_counted (tenant_id) VALUES (tenant) ON CONFLICT DO NOTHING;
  SELECT next_leaf INTO counted FROM audit_counted WHERE tenant_id = tenant FOR UPDATE;
  PERFORM audit_count(tenant, ARRAY(SELECT entry FROM unnest(gone) entry WHERE (entry).leaf_index < counted), -1);
  DELETE FROM audit_counts counts WHERE tenant_id = tenant AND entries = 0
     AND EXISTS (SELECT FROM unnest(gone) entry WHERE counts.at IN (
           date_trunc('hour', (entry).acted_at, 'UTC'), date_trunc('day', (entry).acted_at, 'UTC')));
END
$function$
;
ALTER FUNCTION audit_uncount(text,audit_logs[]) OWNER TO audit_owner;

CREATE OR REPLACE FUNCTION public.audit_uncounted()
 RETURNS SETOF text
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  SELECT tree.tenant_id FROM audit_trees tree LEFT JOIN audit_counted counted USING (tenant_id)
   WHERE tree.size > coalesce(counted.next_leaf, 0);
$function$
;
ALTER FUNCTION audit_uncounted() OWNER TO audit_owner;

CREATE OR REPLACE FUNCTION public.audit_undetected_trees(rules uuid[])
 RETURNS SETOF text
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  SELECT tree.tenant_id FROM audit_trees tree
   WHERE tree.size > (SELECT coalesce(min(position), tree.size) FROM detection_progress seen WHERE seen.tenant_id = tree.tenant_id)
      OR tree.size > 0 AND EXISTS (
           SELECT FROM unnest(rules) AS rule
            WHERE NOT EXISTS (SELECT FROM detection_progress seen WHERE seen.tenant_id = tree.tenant_id AND seen.rule_id = rule)
              AND NOT EXISTS (SELECT FROM detection_rules off WHERE off.tenant_id = tree.tenant_id AND off.id = rule AND NOT off.enabled));
$function$
;
ALTER FUNCTION audit_undetected_trees(uuid[]) OWNER TO audit_owner;

CREATE OR REPLACE FUNCTION public.audit_unsigned_trees()
 RETURNS SETOF text
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  SELECT tree.tenant_id FROM audit_trees tree
   WHERE tree.size <> coalesce((SELECT max(size) FROM audit_checkpoints signed WHERE signed.tenant_id = tree.tenant_id), 0);
$function$
;
ALTER FUNCTION audit_unsigned_trees() OWNER TO audit_owner;

CREATE OR REPLACE FUNCTION public.audit_use_keys(keys text[])
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  INSERT INTO audit_keys (verifier_key) SELECT DISTINCT unnest(keys)
  ON CONFLICT (verifier_key) DO UPDATE SET last_used = greatest(audit_keys.last_used, clock_timestamp());
$function$
;
ALTER FUNCTION audit_use_keys(text[]) OWNER TO audit_owner;

CREATE OR REPLACE FUNCTION public.audit_words(actor_name text, actor_email text, entity_name text, description text, reason text, metadata jsonb)
 RETURNS tsvector
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE COST 1000
RETURN (((((setweight(to_tsvector('simple'::regconfig, COALESCE(actor_name, ''::text)), 'A'::"char") || setweight(to_tsvector('simple'::regconfig, COALESCE(actor_email, ''::text)), 'A'::"char")) || setweight(to_tsvector('simple'::regconfig, COALESCE(entity_name, ''::text)), 'A'::"char")) || setweight(to_tsvector('simple'::regconfig, COALESCE(description, ''::text)), 'B'::"char")) || setweight(to_tsvector('simple'::regconfig, COALESCE(reason, ''::text)), 'C'::"char")) || setweight(CASE WHEN (metadata IS NULL) THEN ''::tsvector WHEN (octet_length((metadata)::text) > 65536) THEN to_tsvector('simple'::regconfig, "left"((metadata)::text, 65536)) ELSE jsonb_to_tsvector('simple'::regconfig, metadata, '["string", "numeric"]'::jsonb) END, 'D'::"char"))
;
ALTER FUNCTION audit_words(text,text,text,text,text,jsonb) OWNER TO audit_owner;

-- Triggers

CREATE TRIGGER audit_checkpoints_kept BEFORE TRUNCATE ON public.audit_checkpoints FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_shrinking();
CREATE TRIGGER audit_checkpoints_signed BEFORE DELETE OR UPDATE ON public.audit_checkpoints FOR EACH ROW EXECUTE FUNCTION audit_refuse_resigning();
CREATE TRIGGER audit_keys_kept BEFORE TRUNCATE ON public.audit_keys FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_forgetting();
CREATE TRIGGER audit_keys_used BEFORE DELETE OR UPDATE ON public.audit_keys FOR EACH ROW EXECUTE FUNCTION audit_refuse_forgetting();
CREATE TRIGGER audit_logs_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.audit_logs FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER audit_logs_erased_alone BEFORE UPDATE ON public.audit_logs FOR EACH ROW EXECUTE FUNCTION audit_refuse_rewriting();
CREATE TRIGGER audit_logs_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.audit_logs_default FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER audit_logs_attached BEFORE INSERT ON public.audit_logs_default FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_detached();
CREATE TRIGGER audit_logs_erased_alone BEFORE UPDATE ON public.audit_logs_default FOR EACH ROW EXECUTE FUNCTION audit_refuse_rewriting();
CREATE TRIGGER audit_tiles_grow BEFORE DELETE OR UPDATE ON public.audit_tiles FOR EACH ROW EXECUTE FUNCTION audit_refuse_shrinking();
CREATE TRIGGER audit_tiles_kept BEFORE TRUNCATE ON public.audit_tiles FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_shrinking();
CREATE TRIGGER audit_trees_grow BEFORE DELETE OR UPDATE ON public.audit_trees FOR EACH ROW EXECUTE FUNCTION audit_refuse_shrinking();
CREATE TRIGGER audit_trees_kept BEFORE TRUNCATE ON public.audit_trees FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_shrinking();
CREATE CONSTRAINT TRIGGER mapping_logs_finished AFTER INSERT ON public.mapping_logs DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION audit_refuse_unfinished();
CREATE TRIGGER replaced_archives_kept BEFORE DELETE OR UPDATE OR TRUNCATE ON public.replaced_archives FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_shrinking();

-- Policies

CREATE POLICY alerts_change ON alerts FOR ALL TO audit_writer USING ((tenant_id = current_setting('audit.tenant_id'::text, true))) WITH CHECK ((tenant_id = current_setting('audit.tenant_id'::text, true)));
CREATE POLICY alerts_read ON alerts FOR SELECT TO audit_reader USING ((tenant_id = current_setting('audit.tenant_id'::text, true)));
CREATE POLICY archived_entries_read ON archived_entries FOR SELECT TO audit_reader USING ((tenant_id = current_setting('audit.tenant_id'::text, true)));
CREATE POLICY audit_checkpoints_keep ON audit_checkpoints FOR ALL TO audit_writer USING ((tenant_id = current_setting('audit.tenant_id'::text, true))) WITH CHECK ((tenant_id = current_setting('audit.tenant_id'::text, true)));
CREATE POLICY audit_checkpoints_read ON audit_checkpoints FOR SELECT TO audit_reader USING ((tenant_id = current_setting('audit.tenant_id'::text, true)));
CREATE POLICY audit_counted_read ON audit_counted FOR SELECT TO audit_reader USING ((tenant_id = current_setting('audit.tenant_id'::text, true)));
CREATE POLICY audit_counts_read ON audit_counts FOR SELECT TO audit_reader USING ((tenant_id = current_setting('audit.tenant_id'::text, true)));
CREATE POLICY audit_logs_read ON audit_logs FOR SELECT TO audit_reader USING ((tenant_id = current_setting('audit.tenant_id'::text, true)));
CREATE POLICY audit_tiles_grow ON audit_tiles FOR ALL TO audit_writer USING ((tenant_id = current_setting('audit.tenant_id'::text, true))) WITH CHECK ((tenant_id = current_setting('audit.tenant_id'::text, true)));
CREATE POLICY audit_tiles_read ON audit_tiles FOR SELECT TO audit_reader USING ((tenant_id = current_setting('audit.tenant_id'::text, true)));
CREATE POLICY audit_trees_grow ON audit_trees FOR ALL TO audit_writer USING ((tenant_id = current_setting('audit.tenant_id'::text, true))) WITH CHECK ((tenant_id = current_setting('audit.tenant_id'::text, true)));
CREATE POLICY audit_trees_read ON audit_trees FOR SELECT TO audit_reader USING ((tenant_id = current_setting('audit.tenant_id'::text, true)));
CREATE POLICY detection_progress_move ON detection_progress FOR ALL TO audit_writer USING ((tenant_id = current_setting('audit.tenant_id'::text, true))) WITH CHECK ((tenant_id = current_setting('audit.tenant_id'::text, true)));
CREATE POLICY detection_progress_read ON detection_progress FOR SELECT TO audit_reader USING ((tenant_id = current_setting('audit.tenant_id'::text, true)));
CREATE POLICY detection_rules_change ON detection_rules FOR ALL TO audit_writer USING ((tenant_id = current_setting('audit.tenant_id'::text, true))) WITH CHECK ((tenant_id = current_setting('audit.tenant_id'::text, true)));
CREATE POLICY detection_rules_read ON detection_rules FOR SELECT TO audit_reader USING ((tenant_id = current_setting('audit.tenant_id'::text, true)));
CREATE POLICY jobs_read ON jobs FOR SELECT TO audit_reader USING ((tenant_id = current_setting('audit.tenant_id'::text, true)));
CREATE POLICY jobs_write ON jobs FOR ALL TO audit_writer USING (true) WITH CHECK (true);
CREATE POLICY mapping_logs_read ON mapping_logs FOR SELECT TO audit_reader USING ((tenant_id = current_setting('audit.tenant_id'::text, true)));
CREATE POLICY replaced_archives_read ON replaced_archives FOR SELECT TO audit_reader USING ((tenant_id = current_setting('audit.tenant_id'::text, true)));

-- Rights

GRANT USAGE ON SCHEMA public TO PUBLIC;
GRANT CREATE, USAGE ON SCHEMA public TO audit_owner;
GRANT USAGE ON SCHEMA public TO audit_reader;
GRANT USAGE ON SCHEMA public TO audit_writer;
GRANT CONNECT, TEMPORARY ON DATABASE audit TO PUBLIC;
GRANT TEMPORARY ON DATABASE audit TO audit_reader;
GRANT SELECT ON TABLE alerts TO audit_reader;
GRANT INSERT, SELECT, UPDATE ON TABLE alerts TO audit_writer;
GRANT SELECT ON TABLE archived_entries TO audit_reader;
GRANT SELECT ON TABLE audit_checkpoints TO audit_reader;
GRANT INSERT, SELECT ON TABLE audit_checkpoints TO audit_writer;
GRANT SELECT ON TABLE audit_counted TO audit_reader;
GRANT SELECT ON TABLE audit_counts TO audit_reader;
GRANT SELECT ON TABLE audit_cursor_key TO audit_reader;
GRANT SELECT ON TABLE audit_entries TO audit_reader;
GRANT SELECT ON TABLE audit_keys TO audit_reader;
GRANT SELECT ON TABLE audit_logs TO audit_reader;
GRANT SELECT ON TABLE audit_tiles TO audit_reader;
GRANT INSERT, SELECT, UPDATE ON TABLE audit_tiles TO audit_writer;
GRANT SELECT ON TABLE audit_trees TO audit_reader;
GRANT INSERT, SELECT, UPDATE ON TABLE audit_trees TO audit_writer;
GRANT SELECT ON TABLE detection_progress TO audit_reader;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE detection_progress TO audit_writer;
GRANT SELECT ON TABLE detection_rules TO audit_reader;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE detection_rules TO audit_writer;
GRANT SELECT ON TABLE jobs TO audit_reader;
GRANT INSERT, SELECT, UPDATE ON TABLE jobs TO audit_writer;
GRANT SELECT ON TABLE mapping_logs TO audit_reader;
GRANT SELECT ON TABLE replaced_archives TO audit_reader;
GRANT EXECUTE ON FUNCTION audit_content_hash(audit_logs) TO audit_reader;
GRANT EXECUTE ON FUNCTION audit_cosign(text,bigint,text,text) TO audit_writer;
GRANT EXECUTE ON FUNCTION audit_count_next(text,integer) TO audit_writer;
GRANT EXECUTE ON FUNCTION audit_ensure_partition(timestamp with time zone) TO audit_writer;
GRANT EXECUTE ON FUNCTION audit_erase(text,timestamp with time zone[],uuid[],text[]) TO audit_writer;
GRANT EXECUTE ON FUNCTION audit_erase_archived(text,uuid[],text[]) TO audit_writer;
GRANT EXECUTE ON FUNCTION audit_finish_archive(uuid,text) TO audit_writer;
GRANT EXECUTE ON FUNCTION audit_record_archive(uuid,text,text,jsonb,text,bigint,timestamp with time zone,timestamp with time zone,bigint,bigint,bigint,text,text) TO audit_writer;
GRANT EXECUTE ON FUNCTION audit_remove_archived(uuid,text,timestamp with time zone[],uuid[],boolean[]) TO audit_writer;
GRANT EXECUTE ON FUNCTION audit_replace_archive(uuid,text,text,text,bigint,bigint,bigint,bigint,text) TO audit_writer;
GRANT EXECUTE ON FUNCTION audit_split_default(bigint) TO audit_writer;
GRANT EXECUTE ON FUNCTION audit_thin_checkpoints(text) TO audit_writer;
GRANT EXECUTE ON FUNCTION audit_tree_sizes(text[]) TO audit_writer;
GRANT EXECUTE ON FUNCTION audit_uncounted() TO audit_writer;
GRANT EXECUTE ON FUNCTION audit_undetected_trees(uuid[]) TO audit_writer;
GRANT EXECUTE ON FUNCTION audit_unsigned_trees() TO audit_writer;
GRANT EXECUTE ON FUNCTION audit_use_keys(text[]) TO audit_writer;
GRANT EXECUTE ON FUNCTION audit_words(text,text,text,text,text,jsonb) TO audit_reader;
GRANT EXECUTE ON FUNCTION audit_words(text,text,text,text,text,jsonb) TO audit_writer;

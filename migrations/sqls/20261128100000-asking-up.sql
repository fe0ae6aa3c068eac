-- What the questions that are asked of the log need: words of entries, one index for what has many values, and a view
-- through which the reader may use every index.

SELECT set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true);

-- Trusted since PostgreSQL 13: whoever may create in the database may create it. It lets the tenant lead a GIN index.
DO $extension$
BEGIN
  CREATE EXTENSION IF NOT EXISTS btree_gin;
EXCEPTION WHEN insufficient_privilege THEN
  RAISE EXCEPTION '% may not create the extension btree_gin: GRANT CREATE ON DATABASE %, or have it created', current_user, current_database();
END
$extension$;

SET LOCAL ROLE audit_owner;

-- Words -----------------------------------------------------------------------------------------------

-- The words of an entry, with the configuration "simple": names, codes, addresses and texts of any language are found as
-- they are written, and nothing is left out for being frequent in English. What exceeds 65,536 characters is cut, since a
-- tsvector holds a megabyte.
CREATE FUNCTION audit_words(actor_name text, actor_email text, entity_name text, description text, reason text, metadata jsonb)
RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1000
RETURN setweight(to_tsvector('pg_catalog.simple'::regconfig, coalesce(actor_name, '')), 'A')
    || setweight(to_tsvector('pg_catalog.simple'::regconfig, coalesce(actor_email, '')), 'A')
    || setweight(to_tsvector('pg_catalog.simple'::regconfig, coalesce(entity_name, '')), 'A')
    || setweight(to_tsvector('pg_catalog.simple'::regconfig, coalesce(description, '')), 'B')
    || setweight(to_tsvector('pg_catalog.simple'::regconfig, coalesce(reason, '')), 'C')
    || setweight(CASE
         WHEN metadata IS NULL THEN ''::tsvector
         WHEN octet_length(metadata::text) > 65536 THEN to_tsvector('pg_catalog.simple'::regconfig, left(metadata::text, 65536))
         ELSE jsonb_to_tsvector('pg_catalog.simple'::regconfig, metadata, '["string", "numeric"]')
       END, 'D');

-- Whoever stores an entry makes its words, and so does whoever looks for some without the index.
REVOKE ALL ON FUNCTION audit_words(text, text, text, text, text, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_words(text, text, text, text, text, jsonb) TO audit_reader, audit_writer;

-- Indexes ---------------------------------------------------------------------------------------------

DROP INDEX audit_logs_action;
CREATE INDEX audit_logs_action ON audit_logs (tenant_id, action text_pattern_ops, acted_at);
CREATE INDEX audit_logs_ip ON audit_logs (tenant_id, ip, acted_at);
CREATE INDEX audit_logs_request ON audit_logs (tenant_id, request_id, acted_at) WHERE request_id IS NOT NULL;
CREATE INDEX audit_logs_behalf ON audit_logs (tenant_id, on_behalf_of, acted_at) WHERE on_behalf_of IS NOT NULL;
CREATE INDEX audit_logs_severe ON audit_logs (tenant_id, severity, acted_at) WHERE severity IN ('high', 'critical');
CREATE INDEX audit_logs_content ON audit_logs USING gin (
  tenant_id, service_name, category, tags, changed_fields,
  audit_words(actor_name, actor_email, entity_name, description, reason, metadata),
  metadata jsonb_path_ops, before jsonb_path_ops, after jsonb_path_ops);

COMMENT ON INDEX audit_logs_pkey IS 'Newest first, a time range, the page after a cursor: from=, to=, cursor=';
COMMENT ON INDEX audit_logs_id IS 'One entry by its id; is this id known already?';
COMMENT ON INDEX audit_logs_actor IS 'What did this actor do? actor=';
COMMENT ON INDEX audit_logs_entity IS 'What happened to this entity? actedOn=, entityId=';
COMMENT ON INDEX audit_logs_action IS 'Who did this, and when? action=user.login, action=user.*';
COMMENT ON INDEX audit_logs_failures IS 'What went wrong? outcome=failure';
COMMENT ON INDEX audit_logs_data_subject IS 'Which entries tell of this person? dataSubjectId, erasure';
COMMENT ON INDEX audit_logs_ip IS 'What came from this address or network? ip=10.0.0.0/8';
COMMENT ON INDEX audit_logs_request IS 'What belongs to this request? requestId=';
COMMENT ON INDEX audit_logs_behalf IS 'What was done on behalf of this user? onBehalfOf=';
COMMENT ON INDEX audit_logs_severe IS 'What is critical? severity=critical';
COMMENT ON INDEX audit_logs_leaf IS 'What has come since? Event streams, roll-ups and detection go on from a leaf';
COMMENT ON INDEX audit_logs_content IS 'Words and rare values: search=, tag=, category=, serviceName=, changed:role, after.role=editor';

-- The view that is read ---------------------------------------------------------------------------------

-- Under row-level security PostgreSQL lets an index answer only operators that are known to leak nothing; those of text
-- search, JSON, lists and networks are not among them. This view lets through what the policy lets through, the entries of
-- the tenant that the transaction has named, and leaves the planner every index. The policy stays on the table.
CREATE VIEW audit_entries AS
  SELECT * FROM audit_logs WHERE tenant_id = current_setting('audit.tenant_id', true);

GRANT SELECT ON audit_entries TO audit_reader;

COMMENT ON VIEW audit_entries IS 'The entries of the tenant that audit.tenant_id names, for whoever reads';

RESET ROLE;

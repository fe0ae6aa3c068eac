-- Counts of entries, kept ready by a job, so that a summary need not read what it counts.

SELECT set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true);
SET LOCAL ROLE audit_owner;

CREATE TABLE audit_counts (
  tenant_id text        NOT NULL CHECK (tenant_id <> ''),
  -- What is counted: 'kind-day' and 'kind-hour' by action, acted_on, outcome, severity, category and service_name, in this
  -- order; 'actor-day' by actor and outcome; 'outcome-hour' by outcome.
  cube      text        NOT NULL CHECK (cube IN ('kind-day', 'kind-hour', 'actor-day', 'outcome-hour')),
  -- The first moment of the day or hour, in UTC.
  at        timestamptz NOT NULL,
  of        text[]      NOT NULL,
  entries   bigint      NOT NULL,
  -- The counts of a time range.
  PRIMARY KEY (tenant_id, cube, at, of)
);

COMMENT ON TABLE audit_counts IS 'How many stored entries there are of each kind, by day and hour';

-- Entries before next_leaf are in the counts of their tenant, those from it on are not.
CREATE TABLE audit_counted (
  tenant_id text   NOT NULL CHECK (tenant_id <> ''),
  next_leaf bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id)
);

COMMENT ON TABLE audit_counted IS 'How far the entries of each tenant have been counted';

ALTER TABLE audit_counts ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_counted ENABLE ROW LEVEL SECURITY;
CREATE POLICY audit_counts_read ON audit_counts FOR SELECT TO audit_reader
  USING (tenant_id = current_setting('audit.tenant_id', true));
CREATE POLICY audit_counted_read ON audit_counted FOR SELECT TO audit_reader
  USING (tenant_id = current_setting('audit.tenant_id', true));
GRANT SELECT ON audit_counts, audit_counted TO audit_reader;

-- Adds some entries to the counts of their tenant, or with sign -1 takes them from it.
CREATE FUNCTION audit_count(tenant text, given audit_logs[], sign integer) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT SET timezone = 'UTC' AS $$
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
$$;

-- Counts up to at_most entries of a tenant that are not counted yet, and answers how many there are left. Where another
-- process is counting them it leaves them to it.
CREATE FUNCTION audit_count_next(tenant text, at_most integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
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
$$;

-- Tenants that have entries that are not counted.
CREATE FUNCTION audit_uncounted() RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
  SELECT tree.tenant_id FROM audit_trees tree LEFT JOIN audit_counted counted USING (tenant_id)
   WHERE tree.size > coalesce(counted.next_leaf, 0);
$$;

-- Entries that leave for an archive leave the counts with them. Whoever counts waits until they are gone.
CREATE FUNCTION audit_uncount(tenant text, gone audit_logs[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
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
$$;

CREATE OR REPLACE FUNCTION audit_remove_archived(mapping_id uuid, tenant text, acted timestamptz[], ids uuid[], erased boolean[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
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
$$;

REVOKE ALL ON FUNCTION audit_count(text, audit_logs[], integer), audit_count_next(text, integer), audit_uncounted(),
  audit_uncount(text, audit_logs[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_count_next(text, integer), audit_uncounted() TO audit_writer;

RESET ROLE;

-- Checkpoints that are signed without being asked for: which trees are unsigned, which keys have signed, what witnesses
-- add to a note, and which notes may go again.

SELECT set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true);
SET LOCAL ROLE audit_owner;

-- Keys ------------------------------------------------------------------------------------------------

CREATE TABLE audit_keys (
  verifier_key text        NOT NULL,
  first_used   timestamptz NOT NULL DEFAULT clock_timestamp(),
  last_used    timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- One key by its line.
  PRIMARY KEY (verifier_key)
);

COMMENT ON TABLE audit_keys IS 'Public keys that have signed checkpoints (C2SP signed-note), and when';

CREATE FUNCTION audit_use_keys(keys text[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS $$
  INSERT INTO audit_keys (verifier_key) SELECT DISTINCT unnest(keys)
  ON CONFLICT (verifier_key) DO UPDATE SET last_used = greatest(audit_keys.last_used, clock_timestamp());
$$;

-- Trees that wait -------------------------------------------------------------------------------------

-- Tenants whose tree is larger than what was signed of it. One look at the primary key of audit_checkpoints for each.
CREATE FUNCTION audit_unsigned_trees() RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
  SELECT tree.tenant_id FROM audit_trees tree
   WHERE tree.size > coalesce((SELECT max(size) FROM audit_checkpoints signed WHERE signed.tenant_id = tree.tenant_id), 0);
$$;

-- What may become of a checkpoint -----------------------------------------------------------------------

-- Whether a checkpoint may go, because a later one of the same hour, or after 90 days of the same day, is kept.
CREATE FUNCTION audit_may_thin(signed timestamptz, later timestamptz) RETURNS boolean
LANGUAGE sql STABLE SET search_path FROM CURRENT SET timezone = 'UTC' AS $$
  SELECT coalesce(signed < now() - interval '1 day' AND date_trunc('hour', later) = date_trunc('hour', signed)
               OR signed < now() - interval '90 days' AND date_trunc('day', later) = date_trunc('day', signed), false);
$$;

CREATE FUNCTION audit_refuse_resigning() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
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
$$;

DROP TRIGGER audit_checkpoints_kept ON audit_checkpoints;
CREATE TRIGGER audit_checkpoints_kept BEFORE TRUNCATE ON audit_checkpoints
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_shrinking();
CREATE TRIGGER audit_checkpoints_signed BEFORE UPDATE OR DELETE ON audit_checkpoints
  FOR EACH ROW EXECUTE FUNCTION audit_refuse_resigning();

-- Of the checkpoints of a tenant that are older than a day keeps the last of each hour, of those that are older than 90
-- days the last of each day. Answers how many have gone.
CREATE FUNCTION audit_thin_checkpoints(tenant text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
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
$$;

-- Who is said to have signed a note, or to have written some lines of one: name, and key id, the first four bytes of
-- the signature.
CREATE FUNCTION audit_signers(lines text) RETURNS SETOF text
LANGUAGE sql IMMUTABLE SET search_path FROM CURRENT AS $$
  SELECT line[1] || ' ' || encode(substr(decode(line[2], 'base64'), 1, 4), 'hex')
    FROM regexp_matches(lines, '^— ([^\s+]+) ([A-Za-z0-9+/]{8})[A-Za-z0-9+/]*=*$', 'gn') AS line;
$$;

-- Adds signature lines to a note: of each key one, and no more than 16 in all, so that every note can be read. False
-- where the note is not what the caller has read.
CREATE FUNCTION audit_cosign(tenant text, at_size bigint, read_note text, lines text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
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
$$;

GRANT SELECT ON audit_keys TO audit_reader;
REVOKE ALL ON FUNCTION audit_use_keys(text[]), audit_unsigned_trees(), audit_may_thin(timestamptz, timestamptz),
  audit_refuse_resigning(), audit_thin_checkpoints(text), audit_signers(text), audit_cosign(text, bigint, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_use_keys(text[]), audit_unsigned_trees(), audit_thin_checkpoints(text),
  audit_cosign(text, bigint, text, text) TO audit_writer;

RESET ROLE;

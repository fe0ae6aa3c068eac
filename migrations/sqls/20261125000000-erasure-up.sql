-- What is left of the erasable values of an entry when they and their salt have been erased: the commitments that the
-- leaf of the entry holds, so that every proof still stands.

SELECT set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true);
SET LOCAL ROLE audit_owner;

ALTER TABLE audit_logs ADD COLUMN commitments jsonb;

-- The content of an entry: every column but those that the service gives, in jsonb's own canonical text.
CREATE OR REPLACE FUNCTION audit_content_hash(entry audit_logs) RETURNS bytea
LANGUAGE sql STABLE SET search_path FROM CURRENT SET timezone = 'UTC' AS $$
  SELECT sha256(convert_to((to_jsonb(entry) - ARRAY['recorded_at', 'leaf_index', 'leaf_hash', 'salt', 'commitments'])::text, 'UTF8'));
$$;

RESET ROLE;

SELECT set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true);
SET LOCAL ROLE audit_owner;

CREATE OR REPLACE FUNCTION audit_content_hash(entry audit_logs) RETURNS bytea
LANGUAGE sql STABLE SET search_path FROM CURRENT SET timezone = 'UTC' AS $$
  SELECT sha256(convert_to((to_jsonb(entry) - ARRAY['recorded_at', 'leaf_index', 'leaf_hash', 'salt'])::text, 'UTF8'));
$$;

ALTER TABLE audit_logs DROP COLUMN commitments;

RESET ROLE;

CREATE TABLE IF NOT EXISTS audit_outbox (
     position       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
     entry          json        NOT NULL,
     entry_id       uuid        NOT NULL DEFAULT encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid()) placing
  substring(int8send(floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3) FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid,
     entity_id      text,
     before         json,
     after          json,
     changed_fields text[],
     created_at     timestamptz NOT NULL DEFAULT clock_timestamp()
   );

CREATE TABLE IF NOT EXISTS audit_outbox_rejected (
     position    bigint      PRIMARY KEY,
     entry       json        NOT NULL,
     reason      text        NOT NULL,
     rejected_at timestamptz NOT NULL DEFAULT clock_timestamp()
   );

CREATE TABLE IF NOT EXISTS audit_outbox_relay (
     only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
     asleep   boolean NOT NULL DEFAULT true
   );

INSERT INTO audit_outbox_relay DEFAULT VALUES ON CONFLICT DO NOTHING;

CREATE OR REPLACE FUNCTION audit_is_withheld(name text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
     SELECT lower(regexp_replace(name, '[^A-Za-z0-9]+', '', 'g')) ~ 'password|passwd|passphrase|secret|token|apikey|accesskey|privatekey|credential|authorization'
         OR lower(regexp_replace(name, '([a-z0-9])([A-Z])', '\1 \2', 'g')) ~ '(^|[^a-z0-9])(cvv|pin)([^a-z0-9]|$)'
   $$;

CREATE OR REPLACE FUNCTION audit_withhold(value jsonb, names text[], shown text[]) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE STRICT AS $$
   BEGIN
     IF jsonb_typeof(value) = 'object' THEN
       RETURN (SELECT coalesce(jsonb_object_agg(key, CASE
                 WHEN jsonb_typeof(inner_value) = 'null' THEN inner_value
                 WHEN key = ANY (names) OR (key <> ALL (shown) AND audit_is_withheld(key)) THEN '"[withheld]"'
                 ELSE audit_withhold(inner_value, names, shown) END), '{}')
               FROM jsonb_each(value) AS member (key, inner_value));
     ELSIF jsonb_typeof(value) = 'array' THEN
       RETURN (SELECT coalesce(jsonb_agg(audit_withhold(item, names, shown) ORDER BY place), '[]')
               FROM jsonb_array_elements(value) WITH ORDINALITY AS element (item, place));
     END IF;
     RETURN value;
   END $$;

CREATE OR REPLACE FUNCTION audit_document(written text) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE STRICT AS $$
   BEGIN
     RETURN written::jsonb;
   EXCEPTION WHEN data_exception THEN RETURN to_jsonb(written);
   END $$;

CREATE OR REPLACE FUNCTION audit_shown(value jsonb, suspects text, names text[], shown text[]) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE STRICT AS $$
   BEGIN
     IF jsonb_typeof(value) = 'string' AND value #>> '{}' ~ '^\s*[\[{]' THEN
       value := audit_document(value #>> '{}');
     END IF;
     IF regexp_replace(value::text, '[^A-Za-z0-9\\]+', '', 'g') ~* suspects THEN
       RETURN audit_withhold(value, names, shown);
     END IF;
     RETURN value;
   END $$;

CREATE OR REPLACE FUNCTION audit_outbox_notify() RETURNS trigger LANGUAGE plpgsql AS $$
   BEGIN
     IF (SELECT asleep FROM audit_outbox_relay) THEN PERFORM pg_notify('audit_outbox', ''); END IF;
     RETURN NULL;
   END $$;

CREATE OR REPLACE TRIGGER audit_outbox_notify AFTER INSERT ON audit_outbox
     FOR EACH STATEMENT EXECUTE FUNCTION audit_outbox_notify();

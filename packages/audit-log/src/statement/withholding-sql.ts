import {MASKED_PARTS as PARTS, WITHHELD, MASKED_WORDS as WORDS} from '../diff/mask';

/** The functions by which PostgreSQL withholds what must not be shown of a document, as diff/mask.ts does. */
export const WITHHOLDING = [
  `CREATE OR REPLACE FUNCTION audit_is_withheld(name text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
     SELECT lower(regexp_replace(name, '[^A-Za-z0-9]+', '', 'g')) ~ '${PARTS.join('|')}'
         OR lower(regexp_replace(name, '([a-z0-9])([A-Z])', '\\1 \\2', 'g')) ~ '(^|[^a-z0-9])(${WORDS.join('|')})([^a-z0-9]|$)'
   $$`,
  `CREATE OR REPLACE FUNCTION audit_withhold(value jsonb, names text[]) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE STRICT AS $$
   BEGIN
     IF jsonb_typeof(value) = 'object' THEN
       RETURN (SELECT coalesce(jsonb_object_agg(key, CASE
                 WHEN jsonb_typeof(inner_value) = 'null' THEN inner_value
                 WHEN key = ANY (names) OR audit_is_withheld(key) THEN '"${WITHHELD}"'
                 ELSE audit_withhold(inner_value, names) END), '{}')
               FROM jsonb_each(value) AS member (key, inner_value));
     ELSIF jsonb_typeof(value) = 'array' THEN
       RETURN (SELECT coalesce(jsonb_agg(audit_withhold(item, names) ORDER BY place), '[]')
               FROM jsonb_array_elements(value) WITH ORDINALITY AS element (item, place));
     END IF;
     RETURN value;
   END $$`,
  // A column of text may hold a document as text: the connector's own type for objects and lists.
  `CREATE OR REPLACE FUNCTION audit_document(written text) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE STRICT AS $$
   BEGIN
     RETURN written::jsonb;
   EXCEPTION WHEN data_exception THEN RETURN to_jsonb(written);
   END $$`,
  `CREATE OR REPLACE FUNCTION audit_shown(value jsonb, suspects text, names text[]) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE STRICT AS $$
   BEGIN
     IF jsonb_typeof(value) = 'string' AND value #>> '{}' ~ '^\\s*[\\[{]' THEN
       value := audit_document(value #>> '{}');
     END IF;
     IF regexp_replace(value::text, '[^A-Za-z0-9\\\\]+', '', 'g') ~* suspects THEN
       RETURN audit_withhold(value, names);
     END IF;
     RETURN value;
   END $$`,
] as const;

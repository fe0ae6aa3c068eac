DROP TABLE IF EXISTS audit_outbox, audit_outbox_rejected, audit_outbox_relay;
DROP FUNCTION IF EXISTS audit_outbox_notify();
DROP FUNCTION IF EXISTS audit_shown(jsonb, text, text[], text[]);
DROP FUNCTION IF EXISTS audit_document(text);
DROP FUNCTION IF EXISTS audit_withhold(jsonb, text[], text[]);
DROP FUNCTION IF EXISTS audit_is_withheld(text);

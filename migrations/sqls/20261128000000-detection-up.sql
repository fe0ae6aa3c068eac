-- Detection: rules of tenants, how far each rule has looked, and the alerts that were raised.

SELECT set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true);
SET LOCAL ROLE audit_owner;

-- What has come since this leaf?
CREATE INDEX IF NOT EXISTS audit_logs_leaf ON audit_logs (tenant_id, leaf_index);

CREATE TABLE detection_rules (
  tenant_id  text        NOT NULL CHECK (tenant_id <> ''),
  id         uuid        NOT NULL,
  -- The rule as it was sent; absent where it is a rule of the service that the tenant has switched off.
  source     text,
  enabled    boolean     NOT NULL,
  changed_by text        NOT NULL,
  changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- The rules of a tenant; one of them.
  PRIMARY KEY (tenant_id, id)
);

COMMENT ON TABLE detection_rules IS 'Rules of detection that tenants have added, and those of the service that they have switched off';

CREATE TABLE detection_progress (
  tenant_id text   NOT NULL CHECK (tenant_id <> ''),
  rule_id   uuid   NOT NULL,
  position  bigint NOT NULL DEFAULT 0,
  fault     text,
  -- How far has this rule looked?
  PRIMARY KEY (tenant_id, rule_id)
);

COMMENT ON TABLE detection_progress IS 'Up to which leaf each rule has looked at the entries of a tenant, and why it goes no further';

CREATE TABLE alerts (
  tenant_id   text        NOT NULL CHECK (tenant_id <> ''),
  id          uuid        NOT NULL,
  rule_id     uuid        NOT NULL,
  title       text        NOT NULL,
  level       text        NOT NULL CHECK (level IN ('informational', 'low', 'medium', 'high', 'critical')),
  tags        text[]      NOT NULL,
  -- Names and values of what the rule groups by.
  "group"     jsonb       NOT NULL,
  window_from timestamptz NOT NULL,
  window_to   timestamptz NOT NULL,
  entries     bigint      NOT NULL CHECK (entries > 0),
  evidence    uuid[]      NOT NULL,
  status      text        NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'acknowledged', 'resolved', 'dismissed')),
  raised_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  changed_at  timestamptz,
  changed_by  text,
  note        text,
  -- One alert; is it known already?
  PRIMARY KEY (tenant_id, id)
);

-- Newest first, and the page after a cursor.
CREATE INDEX alerts_raised ON alerts (tenant_id, raised_at, id);

COMMENT ON TABLE alerts IS 'What rules of detection have found, and what became of it';

-- Tenants whose tree has grown since one of their rules has looked at it, or one of these, which every tenant has that
-- has not switched it off.
CREATE FUNCTION audit_undetected_trees(rules uuid[]) RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
  SELECT tree.tenant_id FROM audit_trees tree
   WHERE tree.size > (SELECT coalesce(min(position), tree.size) FROM detection_progress seen WHERE seen.tenant_id = tree.tenant_id)
      OR tree.size > 0 AND EXISTS (
           SELECT FROM unnest(rules) AS rule
            WHERE NOT EXISTS (SELECT FROM detection_progress seen WHERE seen.tenant_id = tree.tenant_id AND seen.rule_id = rule)
              AND NOT EXISTS (SELECT FROM detection_rules off WHERE off.tenant_id = tree.tenant_id AND off.id = rule AND NOT off.enabled));
$$;

ALTER TABLE detection_rules ENABLE ROW LEVEL SECURITY;
ALTER TABLE detection_progress ENABLE ROW LEVEL SECURITY;
ALTER TABLE alerts ENABLE ROW LEVEL SECURITY;

CREATE POLICY detection_rules_read ON detection_rules FOR SELECT TO audit_reader
  USING (tenant_id = current_setting('audit.tenant_id', true));
CREATE POLICY detection_rules_change ON detection_rules FOR ALL TO audit_writer
  USING (tenant_id = current_setting('audit.tenant_id', true))
  WITH CHECK (tenant_id = current_setting('audit.tenant_id', true));
CREATE POLICY detection_progress_read ON detection_progress FOR SELECT TO audit_reader
  USING (tenant_id = current_setting('audit.tenant_id', true));
CREATE POLICY detection_progress_move ON detection_progress FOR ALL TO audit_writer
  USING (tenant_id = current_setting('audit.tenant_id', true))
  WITH CHECK (tenant_id = current_setting('audit.tenant_id', true));
CREATE POLICY alerts_read ON alerts FOR SELECT TO audit_reader
  USING (tenant_id = current_setting('audit.tenant_id', true));
CREATE POLICY alerts_change ON alerts FOR ALL TO audit_writer
  USING (tenant_id = current_setting('audit.tenant_id', true))
  WITH CHECK (tenant_id = current_setting('audit.tenant_id', true));

GRANT SELECT ON detection_rules, detection_progress, alerts TO audit_reader;
GRANT SELECT, INSERT, UPDATE, DELETE ON detection_rules, detection_progress TO audit_writer;
GRANT SELECT, INSERT, UPDATE ON alerts TO audit_writer;
REVOKE ALL ON FUNCTION audit_undetected_trees(uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_undetected_trees(uuid[]) TO audit_writer;

RESET ROLE;

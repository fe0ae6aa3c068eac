-- Jobs may be cancelled, and are listed.

SELECT set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true);
SET LOCAL ROLE audit_owner;

ALTER TABLE jobs DROP CONSTRAINT jobs_status_check;
ALTER TABLE jobs ADD CONSTRAINT jobs_status_check
  CHECK (status IN ('PENDING', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED'));

-- A tenant's jobs, the newest first.
CREATE INDEX jobs_created ON jobs (tenant_id, created_at, id);
COMMENT ON INDEX jobs_created IS 'What jobs are there? GET /audit-logs/jobs';

RESET ROLE;

SELECT set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true);
SET LOCAL ROLE audit_owner;

DROP INDEX jobs_created;
ALTER TABLE jobs DROP CONSTRAINT jobs_status_check;
UPDATE jobs SET status = 'FAILED', error = '{"code": "JOB_CANCELLED", "message": "The job was cancelled."}' WHERE status = 'CANCELLED';
ALTER TABLE jobs ADD CONSTRAINT jobs_status_check CHECK (status IN ('PENDING', 'RUNNING', 'COMPLETED', 'FAILED'));

RESET ROLE;

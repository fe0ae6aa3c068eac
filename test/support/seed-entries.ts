import type {Pool} from 'pg';

/** Where seeded entries begin: they are spread evenly over the year from here. */
export const SEEDED_FROM = '2025-01-01T00:00:00Z';
const YEAR_SECONDS = 365 * 86_400;
const ROWS_AT_ONCE = 100_000;

/**
 * Stores entries past the service, quickly: rows of about 800 bytes, of 50 kinds of action by 2,000 actors
 * on 20,000 entities, one in 50 not successful. The n-th entry is the same in every run but for its id. Several tenants
 * take turns, a thousand entries each; the leaves of each are dense.
 */
export async function seedEntries(
  admin: Pool,
  tenants: string | readonly string[],
  rows: number,
): Promise<void> {
  for (let month = 0; month < 12; month++) {
    await admin.query("SELECT audit_ensure_partition($1::timestamptz + $2 * interval '1 month')", [
      SEEDED_FROM,
      month,
    ]);
  }
  for (let first = 0; first < rows; first += ROWS_AT_ONCE) {
    const last = Math.min(first + ROWS_AT_ONCE, rows) - 1;
    await admin.query(INSERT, [[tenants].flat(), first, last, SEEDED_FROM, YEAR_SECONDS / rows]);
  }
  await admin.query('ANALYZE audit_logs');
}

const INSERT = `
  INSERT INTO audit_logs (
    id, tenant_id, action, action_key, acted_at, recorded_at, actor, actor_type, actor_name, actor_email,
    acted_on, entity_id, entity_name, before, after, changed_fields, outcome, reason, severity, category,
    description, request_id, session_id, ip, user_agent, method, path, service_name, service_version, metadata, tags, leaf_index)
  SELECT gen_random_uuid(), ($1::text[])[1 + n / 1000 % cardinality($1)],
    (ARRAY['user', 'order', 'invoice', 'report', 'product', 'session', 'role', 'file', 'job', 'key'])[1 + n % 10]
      || '.' || (ARRAY['create', 'read', 'update', 'delete', 'approve'])[1 + n / 10 % 5],
    'CRUD', acted_at, acted_at + interval '12 ms',
    'user-' || n * 7 % 2000, 'user', 'Person No. ' || n * 7 % 2000, 'person' || n * 7 % 2000 || '@example.com',
    'Order', (n * 13 % 20000)::text, 'Order ' || n * 13 % 20000,
    jsonb_build_object('status', 'open', 'total', n % 100000, 'note', repeat('before ', (n % 8)::int)),
    jsonb_build_object('status', 'paid', 'total', n % 100000, 'note', 'Jürgen says: "fine", ' || md5(n::text)),
    ARRAY['status', 'note'],
    CASE WHEN n % 50 = 0 THEN 'failure' ELSE 'success' END,
    CASE WHEN n % 50 = 0 THEN 'card declined' END,
    (ARRAY['info', 'info', 'low', 'medium', 'high'])[1 + n % 5], 'data',
    'Order ' || n * 13 % 20000 || ' was paid by card, after the reminder of the week before',
    md5('request' || n), md5('session' || n / 20), ('10.' || n / 65536 % 256 || '.' || n / 256 % 256 || '.' || n % 256)::inet,
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36',
    'PATCH', '/orders/' || n * 13 % 20000, 'orders', '4.' || n % 30,
    jsonb_build_object('region', 'eu-' || n % 7, 'attempt', n % 3, 'flags', jsonb_build_array('a', 'b')),
    ARRAY['billing', 'q' || n % 4], n / (1000 * cardinality($1)) * 1000 + n % 1000
  FROM (SELECT n, $4::timestamptz + n * $5::float8 * interval '1 second' AS acted_at FROM generate_series($2::bigint, $3::bigint) n) AS numbered`;

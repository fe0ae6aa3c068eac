import {AuditError} from '../../errors';
import type {Alert, NewAlert} from '../../models/alert.model';
import type {AlertFilter, AlertStatus} from '../../models/detection-rule';
import {Parameters} from '../condition-sql';
import type {Database} from '../database';
import type {Session} from '../session';

/** The place of an alert among the others: when it was raised, then its id. */
export type AlertPlace = readonly [raisedAt: string, id: string];

const COLUMNS = [
  ...['id', 'rule_id', 'title', 'level', 'tags', '"group"', 'window_from', 'window_to', 'entries'],
  ...['evidence::text[]', 'status', 'raised_at', 'changed_at', 'changed_by', 'note'],
].join(', ');

function alertFromRow(row: readonly unknown[]): Alert {
  const [id, ruleId, title, level, tags, group, from, to, entries, evidence, status, raisedAt, ...change] =
    row;
  const [changedAt, changedBy, note] = change;
  return {
    ...{id, ruleId, title, level, tags, group, window: {from, to}, entries, evidence, status, raisedAt},
    ...(changedAt !== null && {changedAt, changedBy}),
    ...(note !== null && {note}),
  } as unknown as Alert;
}

/** The page of alerts after a place, the newest first. */
export async function findAlerts(
  database: Database,
  tenantId: string,
  filter: AlertFilter,
  {after, limit, timeoutMs}: {after: AlertPlace | undefined; limit: number; timeoutMs: number},
): Promise<Alert[]> {
  const parameters = new Parameters();
  const where = [`tenant_id = ${parameters.add(tenantId)}`, ...filterSql(filter, parameters)];
  if (after) {
    where.push(
      `(raised_at, id) < (${parameters.add(after[0])}::timestamptz, ${parameters.add(after[1])}::uuid)`,
    );
  }
  const text = `SELECT ${COLUMNS} FROM alerts WHERE ${where.join(' AND ')}
    ORDER BY raised_at DESC, id DESC LIMIT ${parameters.add(limit)}::int`;
  const rows = await database.transaction({role: 'audit_reader', tenantId, timeoutMs}, session =>
    session.rows(text, parameters.values),
  );
  return rows.map(alertFromRow);
}

function filterSql(
  {status, level, rule, actor, group, from, to}: AlertFilter,
  parameters: Parameters,
): string[] {
  return [
    ...(status ? [`status = ANY (${parameters.add(status)}::text[])`] : []),
    ...(level ? [`level = ANY (${parameters.add(level)}::text[])`] : []),
    ...(rule ? [`rule_id = ${parameters.add(rule)}::uuid`] : []),
    ...(actor ? [`"group" ->> 'actor' = ${parameters.add(actor)}::text`] : []),
    ...(group
      ? [
          `EXISTS (SELECT FROM jsonb_each_text("group") AS by WHERE by.value = ${parameters.add(group)}::text)`,
        ]
      : []),
    ...(from ? [`window_to >= ${parameters.add(from)}::timestamptz`] : []),
    ...(to ? [`window_from <= ${parameters.add(to)}::timestamptz`] : []),
  ];
}

/** @throws AuditError ALERT_NOT_FOUND where the tenant has no such alert */
export async function getAlert(database: Database, tenantId: string, id: string): Promise<Alert> {
  const rows = await database.transaction({role: 'audit_reader', tenantId}, session =>
    session.rows(`SELECT ${COLUMNS} FROM alerts WHERE tenant_id = $1 AND id = $2`, [tenantId, id]),
  );
  return found(rows);
}

/** The alert, which nobody else changes until the transaction ends. @throws AuditError ALERT_NOT_FOUND */
export async function lockAlert(session: Session, tenantId: string, id: string): Promise<Alert> {
  const text = `SELECT ${COLUMNS} FROM alerts WHERE tenant_id = $1 AND id = $2 FOR UPDATE`;
  return found(await session.rows(text, [tenantId, id]));
}

function found([row]: unknown[][]): Alert {
  if (row) return alertFromRow(row);
  const detail = {field: 'id', code: 'ALERT_NOT_FOUND', message: 'is not an alert of this tenant'};
  throw new AuditError('ALERT_NOT_FOUND', 'There is no such alert.', [detail]);
}

/**
 * Stores an alert, or the evidence that has come to one that is there already, whatever its status.
 *
 * @returns whether it is new
 */
export async function storeAlert(session: Session, tenantId: string, alert: NewAlert): Promise<boolean> {
  const {id, ruleId, title, level, tags, group, window, entries, evidence} = alert;
  const [[isNew] = []] = await session.rows(
    `INSERT INTO alerts (tenant_id, id, rule_id, title, level, tags, "group", window_from, window_to, entries, evidence)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
     ON CONFLICT (tenant_id, id) DO UPDATE
       SET window_from = excluded.window_from, window_to = excluded.window_to,
           entries = excluded.entries, evidence = excluded.evidence
     WHERE alerts.entries < excluded.entries
     RETURNING xmax = 0`,
    [
      tenantId,
      id,
      ruleId,
      title,
      level,
      tags,
      JSON.stringify(group),
      window.from,
      window.to,
      entries,
      evidence,
    ],
    'audit-store-alert',
  );
  return isNew === true;
}

/** Says what has become of an alert. */
export async function changeAlert(
  session: Session,
  tenantId: string,
  id: string,
  change: {status: AlertStatus; by: string; note: string | undefined},
): Promise<void> {
  await session.rows(
    `UPDATE alerts SET status = $3, changed_by = $4, note = $5, changed_at = clock_timestamp()
      WHERE tenant_id = $1 AND id = $2`,
    [tenantId, id, change.status, change.by, change.note ?? null],
  );
}

import type {AuditEntry} from '@loopback-audit/audit-log';
import type {Condition} from '../models/condition';
import type {Selection} from '../models/selection';
import {afterSql, conditionSql, orderSql, Parameters} from './condition-sql';
import type {Session} from './database';
import {columnList, entryFromRow, selectedColumns} from './entry-row';

/** The statement that answers a selection, and its values. Shared by pages and streams. */
export function selectionSql(tenantId: string, selection: Selection): {text: string; values: unknown[]} {
  const parameters = new Parameters();
  const where = [
    `tenant_id = ${parameters.add(tenantId)}`,
    conditionSql(selection.condition, parameters),
    ...(selection.after ? [afterSql(selection.order, selection.after, parameters)] : []),
  ];
  const columns = columnList(selectedColumns(selection.fields));
  const text = `SELECT ${columns} FROM audit_logs WHERE ${where.join(' AND ')} ${orderSql(selection, parameters)}`;
  return {text, values: parameters.values};
}

/** One page of entries. */
export async function findEntries(
  session: Session,
  tenantId: string,
  selection: Selection,
): Promise<AuditEntry[]> {
  const {text, values} = selectionSql(tenantId, selection);
  const columns = selectedColumns(selection.fields);
  return (await session.rows(text, values)).map(row => entryFromRow(row, columns));
}

/** The number of entries under a condition. */
export async function countEntries(
  session: Session,
  tenantId: string,
  condition: Condition,
): Promise<number> {
  const parameters = new Parameters();
  const tenant = parameters.add(tenantId);
  const sql = `SELECT count(*) FROM audit_logs WHERE tenant_id = ${tenant} AND ${conditionSql(condition, parameters)}`;
  const [row] = await session.rows(sql, parameters.values);
  return Number(row?.[0]);
}

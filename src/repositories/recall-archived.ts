import type {AuditEntry} from '@loopback-audit/audit-log';
import type {Selection} from '../models/selection';
import {conditionSql, orderSql, Parameters} from './condition-sql';
import type {Session} from './database';
import {columnList, selectedColumns} from './entry-row';
import {insertSql} from './json-rows';
import {cursorPages} from './stream-entries';

/**
 * Lays archived entries beside the stored ones for the length of this transaction: in a temporary table
 * that has the same columns, so that one statement, with one condition, answers for both.
 */
export async function makeRecall(session: Session): Promise<void> {
  await session.rows('CREATE TEMPORARY TABLE recalled (LIKE audit_logs INCLUDING DEFAULTS) ON COMMIT DROP');
  await session.rows('CREATE UNIQUE INDEX ON recalled (id)');
}

/** Adds archived entries; one that two files hold is there once. */
export async function recall(session: Session, entries: readonly AuditEntry[]): Promise<void> {
  await session.rows(`${insertSql('recalled')} ON CONFLICT DO NOTHING`, [JSON.stringify(entries)]);
}

/** Stored and recalled entries as one answer; an entry that is in both places comes once. */
export function streamWithRecalled(
  session: Session,
  tenantId: string,
  selection: Selection,
): AsyncGenerator<AuditEntry[]> {
  const parameters = new Parameters();
  const tenant = parameters.add(tenantId);
  const columns = columnList();
  const everywhere = `
    everywhere AS (
      SELECT ${columns} FROM audit_entries WHERE tenant_id = ${tenant}
      UNION ALL
      SELECT ${columns} FROM recalled WHERE tenant_id = ${tenant}
         AND NOT EXISTS (SELECT FROM audit_entries a WHERE a.tenant_id = ${tenant} AND a.id = recalled.id))`;
  const text = `WITH ${everywhere} SELECT ${columnList(selectedColumns(selection.fields))} FROM everywhere
    WHERE ${conditionSql(selection.condition, parameters, 'everywhere')} ${orderSql(selection, parameters)}`;
  return cursorPages(session, text, parameters.values, selection.fields);
}

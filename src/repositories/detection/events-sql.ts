import {ALERT_ACTIONS, type DetectionRule} from '../../models/detection-rule';
import {conditionSql, type Parameters} from '../condition-sql';
import {fieldSql} from './field-sql';

/** The names of the columns of {@link eventsSql}: groups, conditions and values by their place in the rule. */
export const columnsOf = (rule: DetectionRule) => ({
  groups: rule.groupBy.map((_, i) => `g${i}`),
  matches: rule.matchers.map((_, i) => `m${i}`),
  values: rule.values.map((_, i) => `v${i}`),
});

/** Microseconds since 1970, in SQL. */
const MICROS = '(extract(epoch FROM acted_at) * 1000000)::bigint';

/** A moment in microseconds since 1970 as a time, in SQL. */
export const timeSql = (micros: number, parameters: Parameters): string =>
  `('epoch'::timestamptz + ${parameters.add(micros)}::bigint * interval '1 microsecond')`;

/**
 * The entries that a rule looks at: those that are under one of its conditions and have a value of each field that it
 * groups by. What the trail tells of alerts is none of them, or alerts would raise alerts.
 *
 * @param where which entries to look at, in SQL; `groups` are the expressions of the rule's fields
 */
export function eventsSql(
  rule: DetectionRule,
  tenantId: string,
  parameters: Parameters,
  where: (groups: readonly string[]) => string,
): string {
  const names = columnsOf(rule);
  const groups = rule.groupBy.map(field => fieldSql(field, parameters));
  const conditions = rule.matchers.map(each => `coalesce(${conditionSql(each, parameters)}, false)`);
  const values = rule.values.map(field => fieldSql(field, parameters));
  const columns = [
    `${MICROS} AS micros`,
    ...['id', 'acted_at', 'leaf_index'],
    ...groups.map((sql, i) => `${sql} AS ${names.groups[i]}`),
    ...conditions.map((sql, i) => `${sql} AS ${names.matches[i]}`),
    ...values.map((sql, i) => `${sql} AS ${names.values[i]}`),
  ];
  const kept = [
    `tenant_id = ${parameters.add(tenantId)}`,
    where(groups),
    `NOT starts_with(action, ${parameters.add(ALERT_ACTIONS)})`,
    `(${conditions.join(' OR ')})`,
    ...groups.map(sql => `${sql} IS NOT NULL`),
  ];
  return `SELECT ${columns.join(', ')} FROM audit_entries WHERE ${kept.join(' AND ')}`;
}

/** Entries of leaves from `from` up to, and without, `to`. */
export const pageSql = (from: number, to: number, parameters: Parameters): string =>
  `leaf_index >= ${parameters.add(from)}::bigint AND leaf_index < ${parameters.add(to)}::bigint`;

/** A time from `from` up to and with `to`, in microseconds. */
export const rangeSql = ({from, to}: MicrosRange, parameters: Parameters): string =>
  `acted_at BETWEEN ${timeSql(from, parameters)} AND ${timeSql(to, parameters)}`;

export interface MicrosRange {
  from: number;
  to: number;
}

/** Entries of one of these groups. */
export function inGroupsSql(
  groups: readonly (readonly string[])[],
  expressions: readonly string[],
  parameters: Parameters,
): string {
  if (expressions.length === 0) return 'true';
  if (groups.length === 1) {
    return expressions.map((sql, i) => `${sql} = ${parameters.add(groups[0]?.[i])}::text`).join(' AND ');
  }
  const lists = expressions.map((_, i) => `${parameters.add(groups.map(group => group[i]))}::text[]`);
  if (expressions.length === 1) return `${expressions[0]} = ANY (${lists[0]})`;
  return `(${expressions.join(', ')}) IN (SELECT * FROM unnest(${lists.join(', ')}))`;
}

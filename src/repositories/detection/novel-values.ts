import {type DetectionRule, type Finding, type Novelty} from '../../models/detection-rule';
import {conditionSql, Parameters} from '../condition-sql';
import type {Session} from '../session';
import {columnsOf, eventsSql, pageSql} from './events-sql';
import {fieldSql} from './field-sql';

const DAY_MICROS = 86_400_000_000;

/**
 * The entries of a page of leaves that have a value which is new for their group. Known is what came before in the order of
 * the leaves and is not forgotten: the order in which the trail has learned of it, which never changes.
 */
export async function novelValues(
  session: Session,
  tenantId: string,
  rule: DetectionRule,
  novelty: Novelty,
  page: {from: number; to: number},
): Promise<Finding[]> {
  const parameters = new Parameters();
  const {groups} = columnsOf(rule);
  // The value is counted like those of any rule, so that it has a column.
  const counting = {...rule, values: [novelty.field]};
  const events = eventsSql(counting, tenantId, parameters, () => pageSql(page.from, page.to, parameters));
  const milliseconds = (span: number) => `${parameters.add(span)}::bigint * interval '1 ms'`;
  // Inside of these, a bare column is one of the entry that is known.
  const condition = conditionSql(rule.matchers[0] ?? {kind: 'or', of: []}, parameters);
  const expressions = rule.groupBy.map(field => fieldSql(field, parameters));
  const value = fieldSql(novelty.field, parameters);
  const known = [
    `tenant_id = ${parameters.add(tenantId)}`,
    ...expressions.map((sql, i) => `${sql} = event.${groups[i]}`),
    'leaf_index < event.leaf_index',
    `acted_at > event.acted_at - ${milliseconds(novelty.spanMs)}`,
    condition,
  ].join(' AND ');
  const same = novelty.tolerance > 0 ? nearSql(value, novelty.tolerance, parameters) : `${value} = event.v0`;
  const learned = `acted_at <= event.acted_at - ${milliseconds(novelty.learningMs)}`;
  const entries = parameters.add(novelty.learningEntries);
  const text = `SELECT ${[...groups, 'v0', 'micros', 'acted_at', 'id'].join(', ')} FROM (${events}) event
    WHERE v0 IS NOT NULL AND CASE
      WHEN ${isThere(`${known} AND ${value} IS NOT NULL AND ${learned}`)} IS NULL THEN false
      WHEN ${isThere(`${known} AND ${same}`)} THEN false
      ELSE (SELECT count(*) FROM (SELECT FROM audit_entries WHERE ${known} AND ${value} IS NOT NULL LIMIT ${entries}::bigint) learnt) = ${entries}::bigint
    END
    ORDER BY leaf_index`;
  return (await session.rows(text, parameters.values)).map(row => {
    const [micros, actedAt, id] = row.slice(groups.length + 1);
    const at = String(actedAt);
    const episode = Math.floor(Number(micros) / DAY_MICROS) * DAY_MICROS;
    const group = row.slice(0, groups.length + 1).map(String);
    return {group, episode, from: at, to: at, entries: 1, evidence: [String(id)]};
  });
}

/**
 * Looks for one entry by an index, for each event by itself: what is quickly answered is asked first. As EXISTS it would be
 * joined, and all that is known of everybody read for a page.
 */
const isThere = (where: string): string => `(SELECT true FROM audit_entries WHERE ${where} LIMIT 1)`;

/** Hours that are no further apart than this, around the clock. */
function nearSql(hour: string, tolerance: number, parameters: Parameters): string {
  const apart = `abs((${hour})::int - event.v0::int)`;
  return `least(${apart}, 24 - ${apart}) <= ${parameters.add(tolerance)}::int`;
}

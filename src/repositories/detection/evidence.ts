import {type DetectionRule, type Finding, MAX_EVIDENCE} from '../../models/detection-rule';
import {Parameters} from '../condition-sql';
import type {Session} from '../session';
import {eventsSql, inGroupsSql, type MicrosRange, rangeSql} from './events-sql';

/** The entries of a group in a time: how many, from when to when, and the ids of the first. */
export async function evidenceOf(
  session: Session,
  tenantId: string,
  rule: DetectionRule,
  range: MicrosRange,
  group: readonly string[],
): Promise<Pick<Finding, 'from' | 'to' | 'entries' | 'evidence'>> {
  const parameters = new Parameters();
  const events = eventsSql(
    rule,
    tenantId,
    parameters,
    expressions => `${rangeSql(range, parameters)} AND ${inGroupsSql([group], expressions, parameters)}`,
  );
  const text = `WITH events AS (${events})
    SELECT min(acted_at), max(acted_at), count(*),
           ARRAY(SELECT id FROM events ORDER BY acted_at, id LIMIT ${MAX_EVIDENCE})::text[]
      FROM events`;
  const [[from, to, entries, evidence] = []] = await session.rows(text, parameters.values);
  return {from: String(from), to: String(to), entries: Number(entries), evidence: evidence as string[]};
}

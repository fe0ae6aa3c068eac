import type {DetectionRule} from '../../models/detection-rule';
import {Parameters} from '../condition-sql';
import type {Session} from '../session';
import {columnsOf, eventsSql, pageSql} from './events-sql';

/** What of a rule has come with a page of leaves: in one group, and in one stretch of time. */
export interface Touched {
  group: string[];
  /** The number of the stretch since 1970. */
  stretch: number;
}

/**
 * The groups and stretches of time that the leaves from `from` up to `to` bring something to.
 *
 * @param stretchMs length of a stretch, in milliseconds
 */
export async function touchedGroups(
  session: Session,
  tenantId: string,
  rule: DetectionRule,
  page: {from: number; to: number},
  stretchMs: number,
): Promise<Touched[]> {
  const parameters = new Parameters();
  const {groups} = columnsOf(rule);
  const events = eventsSql(rule, tenantId, parameters, () => pageSql(page.from, page.to, parameters));
  const stretch = `floor(micros::numeric / ${parameters.add(stretchMs * 1_000)}::numeric)::bigint`;
  const text = `SELECT DISTINCT ${[...groups, `${stretch} AS stretch`].join(', ')} FROM (${events}) events ORDER BY ${[...groups, 'stretch'].join(', ')}`;
  return (await session.rows(text, parameters.values)).map(row => ({
    group: row.slice(0, -1).map(String),
    stretch: Number(row.at(-1)),
  }));
}

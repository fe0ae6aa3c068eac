import type {DetectionRule} from '../../models/detection-rule';
import {Parameters} from '../condition-sql';
import type {Session} from '../session';
import {columnsOf, eventsSql, inGroupsSql, type MicrosRange, rangeSql} from './events-sql';

/** An episode of a group in which a signal is there: with which events for the first and the last time. */
export interface FoundEpisode {
  group: string[];
  /** The number of the episode since 1970. */
  place: number;
  /** Microseconds. */
  first: number;
  last: number;
}

/** So many entries under one of these conditions of a rule, in a time. */
export interface PlainCount {
  matchers: readonly number[];
  atLeast: number;
  spanMs: number;
}

/**
 * Finds where entries are counted and nothing else, of all groups at once: an event is the last of so many where the one
 * so many before it lies in the time. However many entries there are, none of them leaves the database.
 *
 * @param range what is looked at
 * @param since where the first episode begins, in microseconds; what lies before is counted, and not told
 * @param episode length of an episode, in microseconds
 */
export async function countedEpisodes(
  session: Session,
  tenantId: string,
  rule: DetectionRule,
  {matchers, atLeast, spanMs}: PlainCount,
  {range, since, episode, groups}: {range: MicrosRange; since: number; episode: number; groups: string[][]},
): Promise<FoundEpisode[]> {
  const parameters = new Parameters();
  const names = columnsOf(rule).groups;
  const events = eventsSql(
    rule,
    tenantId,
    parameters,
    expressions => `${rangeSql(range, parameters)} AND ${inGroupsSql(groups, expressions, parameters)}`,
  );
  const by = names.length > 0 ? `PARTITION BY ${names.join(', ')}` : '';
  const micros = (value: number) => `${parameters.add(value)}::bigint`;
  const text = `SELECT ${[...names, 'place', 'min(micros)', 'max(micros)'].join(', ')}
    FROM (SELECT *, floor(micros::numeric / ${micros(episode)})::bigint AS place,
                 lag(micros, ${parameters.add(atLeast - 1)}::int) OVER (${by} ORDER BY acted_at, id) AS earliest
            FROM (${events}) events WHERE ${matchers.map(each => `m${each}`).join(' OR ')}) counted
   WHERE earliest >= micros - ${micros(spanMs * 1_000)} AND micros >= ${micros(since)}
   GROUP BY ${[...names, 'place'].join(', ')}`;
  return (await session.rows(text, parameters.values)).map(row => {
    const [place, first, last] = row.slice(names.length).map(Number) as [number, number, number];
    return {group: row.slice(0, names.length).map(String), place, first, last};
  });
}

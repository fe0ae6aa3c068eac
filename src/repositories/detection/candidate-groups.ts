import type {DetectionRule, Signal} from '../../models/detection-rule';
import {Parameters} from '../condition-sql';
import type {Session} from '../session';
import {columnsOf, eventsSql, inGroupsSql, type MicrosRange, rangeSql} from './events-sql';

/**
 * Those of the groups that have enough entries in a time for a signal to be there, were they all close together. Most
 * have not, and are not looked at any further.
 */
export async function candidateGroups(
  session: Session,
  tenantId: string,
  rule: DetectionRule,
  signal: Signal,
  range: MicrosRange,
  groups: readonly (readonly string[])[],
): Promise<string[][]> {
  const parameters = new Parameters();
  const names = columnsOf(rule).groups;
  const events = eventsSql(
    rule,
    tenantId,
    parameters,
    expressions => `${rangeSql(range, parameters)} AND ${inGroupsSql(groups, expressions, parameters)}`,
  );
  const enough = enoughSql(signal, parameters);
  const by = names.length > 0 ? `GROUP BY ${names.join(', ')}` : '';
  const text = `SELECT ${names.join(', ') || '1'} FROM (${events}) events ${by} HAVING ${enough}`;
  return (await session.rows(text, parameters.values)).map(row => names.map((_, i) => String(row[i])));
}

/** What a signal needs at least, whatever its order and time. */
function enoughSql(signal: Signal, parameters: Parameters): string {
  switch (signal.kind) {
    case 'match':
      return `bool_or(m${signal.matcher})`;
    case 'eventCount':
      return `count(*) FILTER (WHERE ${anySql(signal)}) >= ${parameters.add(signal.atLeast)}::bigint`;
    case 'valueCount':
      return `count(DISTINCT v${signal.value}) FILTER (WHERE ${anySql(signal)}) >= ${parameters.add(signal.atLeast)}::bigint`;
    case 'temporal':
      return `(${signal.of.map(each => enoughSql(each, parameters)).join(' AND ')})`;
  }
}

/** Entries that a signal is made of. */
const anySql = (signal: Signal): string =>
  matchersOf(signal)
    .map(each => `m${each}`)
    .join(' OR ');

const matchersOf = (signal: Signal): number[] =>
  signal.kind === 'match' ? [signal.matcher] : signal.of.flatMap(matchersOf);

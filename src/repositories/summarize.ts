import {both, type Condition} from '../models/condition';
import {columnOf, type EntryColumn} from '../models/entry-columns';
import type {OrderTerm} from '../models/selection';
import type {Breakdown, Dimension, HistogramBar, Summary, SummaryShape, Tally} from '../models/summary';
import {answeredTime, timeFromPostgres} from '../models/time';
import type {Session} from './database';
import {findEntries} from './find-entries';
import {KIND, summarySources} from './summary-sources';

const KIND_COLUMNS = Object.values(KIND).join(', ');

/** Which of the columns a row of GROUPING SETS is about; none where it is about all entries. */
const DIMENSION = `CASE ${Object.entries(KIND)
  .map(([name, column]) => `WHEN grouping(${column}) = 0 THEN '${name}'`)
  .join(' ')} END`;

/**
 * Counts the stored entries under a condition, by everything that they are counted by. Where the condition asks for times
 * and kinds alone, from the counts that are kept, and from the entries that are not in them yet or lie in the first and
 * the last hour; else from the entries. Either way the numbers are exact.
 *
 * @param session in one snapshot
 */
export async function summarize(
  session: Session,
  tenantId: string,
  condition: Condition,
  shape: SummaryShape,
): Promise<Summary> {
  const {ctes, parameters} = await summarySources(session, tenantId, condition, shape);
  const top = parameters.add(shape.top);
  const rows = await session.rows(
    `WITH ${ctes},
     tallies AS (
       SELECT ${DIMENSION} AS dimension,
              coalesce(${KIND_COLUMNS}) AS value, sum(entries) AS entries,
              coalesce(sum(entries) FILTER (WHERE outcome <> 'success'), 0) AS failures
         FROM kinds GROUP BY GROUPING SETS ((), ${Object.values(KIND)
           .map(column => `(${column})`)
           .join(', ')})
       UNION ALL
       SELECT 'actor', actor, sum(entries), coalesce(sum(entries) FILTER (WHERE outcome <> 'success'), 0)
         FROM actors GROUP BY actor
     ),
     ranked AS (
       SELECT *, row_number() OVER (PARTITION BY dimension ORDER BY entries DESC, value) <= ${top}::int AS shown FROM tallies
     )
     SELECT dimension, shown, CASE WHEN shown THEN value END, sum(entries)::bigint, sum(failures)::bigint, count(*)::bigint
       FROM ranked GROUP BY dimension, shown, CASE WHEN shown THEN value END
     UNION ALL
     SELECT 'bar', true, bar::text, sum(entries)::bigint,
            coalesce(sum(entries) FILTER (WHERE outcome <> 'success'), 0)::bigint, 1 FROM bars GROUP BY bar`,
    parameters.values,
  );
  const find = (of: Condition, descending: boolean, limit: number) =>
    findEntries(session, tenantId, {condition: of, order: byTime(descending), limit});
  const [[first], [last], recentFailures] = [
    await find(condition, false, 1),
    await find(condition, true, 1),
    await find(both(condition, FAILURE), true, RECENT_FAILURES),
  ];
  return {first: first?.actedAt ?? null, last: last?.actedAt ?? null, ...summaryOf(rows), recentFailures};
}

/** Failures that a summary shows. */
const RECENT_FAILURES = 10;

const columnNamed = (property: 'actedAt' | 'id' | 'outcome'): EntryColumn => {
  const column = columnOf(property);
  if (!column) throw new RangeError(property);
  return column;
};

const byTime = (descending: boolean): OrderTerm[] =>
  (['actedAt', 'id'] as const).map(property => ({column: columnNamed(property), descending}));

const FAILURE: Condition = {
  kind: 'compare',
  column: columnNamed('outcome'),
  path: [],
  comparison: {operator: 'neq', value: 'success'},
};

function summaryOf(rows: readonly unknown[][]): Omit<Summary, 'first' | 'last' | 'recentFailures'> {
  const by = Object.fromEntries(
    [...Object.keys(KIND), 'actor'].map(name => [name, {values: [], others: {values: 0, entries: 0}}]),
  ) as unknown as Record<Dimension, Breakdown>;
  const histogram: HistogramBar[] = [];
  let [entries, failures] = [0, 0];
  for (const [dimension, isShown, value, ...numbers] of rows) {
    const [count = 0, failed = 0, different = 0] = numbers.map(Number);
    const tally: Tally = {value: value as string | null, entries: count, failures: failed};
    if (dimension === null) [entries, failures] = [count, failed];
    else if (dimension === 'bar')
      histogram.push({at: answeredTime(timeFromPostgres(String(value))), entries: count, failures: failed});
    else if (isShown) by[dimension as Dimension].values.push(tally);
    else by[dimension as Dimension].others = {values: different, entries: count};
  }
  for (const {values} of Object.values(by))
    values.sort((a, b) => b.entries - a.entries || (String(a.value) < String(b.value) ? -1 : 1));
  histogram.sort((a, b) => (a.at < b.at ? -1 : 1));
  return {entries, failures, by, histogram};
}

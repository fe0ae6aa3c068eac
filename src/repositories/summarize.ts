import {both, type Condition, EVERYTHING} from '../models/condition';
import {columnOf, type EntryColumn} from '../models/entry-columns';
import type {OrderTerm} from '../models/selection';
import type {Breakdown, Dimension, HistogramBar, Summary, SummaryShape, Tally} from '../models/summary';
import {answeredTime, timeFromPostgres} from '../models/time';
import {conditionSql, Parameters} from './condition-sql';
import {type Countable, countable} from './countable';
import type {Session} from './database';
import {findEntries} from './find-entries';

/** The counted columns of a kind, in the order of `audit_counts.of`. */
const KIND = {
  action: 'action',
  actedOn: 'acted_on',
  outcome: 'outcome',
  severity: 'severity',
  category: 'category',
  serviceName: 'service_name',
} as const satisfies Partial<Record<Dimension, string>>;

const KIND_COLUMNS = Object.values(KIND).join(', ');

const KIND_OF = Object.values(KIND)
  .map((column, i) => `of[${i + 1}] AS ${column}`)
  .join(', ');

/** `kinds`, `actors` and `bars`: what is summed up, as common table expressions. */
interface Sources {
  ctes: string;
  parameters: Parameters;
}

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
  const asked = countable(condition, Object.keys(KIND));
  const range = asked && (await rangeOf(session, tenantId, asked, shape.timeZone));
  const sources = range
    ? keptSources(tenantId, asked.kinds, range, shape)
    : readSources(tenantId, condition, shape);
  const {ctes, parameters} = sources;
  const top = parameters.add(shape.top);
  const rows = await session.rows(
    `WITH ${ctes},
     tallies AS (
       SELECT ${Object.entries(KIND)
         .map(([name, column]) => `CASE WHEN grouping(${column}) = 0 THEN '${name}' END`)
         .reduce((sql, one) => `coalesce(${sql}, ${one})`)} AS dimension,
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

/** A range of time, the whole hours and days in it (text of timestamptz), and how far entries have been counted. */
interface Range {
  first: string;
  until: string;
  firstHour: string;
  lastHour: string;
  firstDay: string;
  lastDay: string;
  nextLeaf: string;
}

/** The range, or undefined where the hours of the time zone do not begin with those that were counted. */
async function rangeOf(
  session: Session,
  tenantId: string,
  {from, until}: Countable,
  timeZone: string,
): Promise<Range | undefined> {
  const parameters = new Parameters();
  const tenant = parameters.add(tenantId);
  const isInHours = `NOT EXISTS (SELECT FROM audit_counts WHERE tenant_id = ${tenant} AND cube = 'outcome-hour'
      AND date_trunc('hour', at, ${parameters.add(timeZone)}) <> at)`;
  const [row] = await session.rows(
    `SELECT first::text, until::text, (${ceiling('hour')})::text, date_trunc('hour', until)::text,
            (${ceiling('day')})::text, date_trunc('day', until)::text,
            coalesce((SELECT next_leaf FROM audit_counted WHERE tenant_id = ${tenant}), 0)::text, ${isInHours}
       FROM (SELECT ${bound(from, '-infinity', parameters)} AS first, ${bound(until, 'infinity', parameters)} AS until) AS asked`,
    parameters.values,
  );
  const [first, end, firstHour, lastHour, firstDay, lastDay, nextLeaf, isWhole] = (row ?? []).map(String);
  if (isWhole !== 'true') return undefined;
  return {first, until: end, firstHour, lastHour, firstDay, lastDay, nextLeaf} as Range;
}

/** From the entries: one reading for everything. */
function readSources(tenantId: string, condition: Condition, {bucket, timeZone}: SummaryShape): Sources {
  const parameters = new Parameters();
  const where = `tenant_id = ${parameters.add(tenantId)} AND ${conditionSql(condition, parameters)}`;
  const bar = `date_trunc(${parameters.add(bucket)}, acted_at, ${parameters.add(timeZone)})`;
  const ctes = `
    kinds AS MATERIALIZED (
      SELECT ${KIND_COLUMNS}, actor, ${bar} AS bar, count(*) AS entries FROM audit_entries WHERE ${where}
       GROUP BY ${KIND_COLUMNS}, actor, bar),
    actors AS (SELECT actor, outcome, entries FROM kinds),
    bars AS (SELECT bar, outcome, entries FROM kinds)`;
  return {ctes, parameters};
}

/** From the counts, and from the entries that they do not tell of. */
function keptSources(
  tenantId: string,
  kinds: Condition,
  range: Range,
  {bucket, timeZone}: SummaryShape,
): Sources {
  const parameters = new Parameters();
  const tenant = parameters.add(tenantId);
  const isKind = conditionSql(kinds, parameters);
  const everyKind = kinds === EVERYTHING;
  const moment = (time: string) => `${parameters.add(time)}::timestamptz`;
  const [first, until] = [moment(range.first), moment(range.until)];
  const hours = [moment(range.firstHour), moment(range.lastHour)] as const;
  const days = [moment(range.firstDay), moment(range.lastDay)] as const;
  const nextLeaf = `${parameters.add(range.nextLeaf)}::bigint`;
  const [unit, zone] = [parameters.add(bucket), parameters.add(timeZone)];
  const barOf = (moment: string) => `date_trunc(${unit}, ${moment}, ${zone})`;
  const within = ([from, to]: readonly [string, string]) => `at >= ${from} AND at < ${to}`;
  const counts = (cube: string, columns: string, where: string) =>
    `(SELECT at, ${columns}, entries FROM audit_counts
       WHERE tenant_id = ${tenant} AND cube = '${cube}' AND ${where}) AS kept`;
  /** Entries of the range that whole units of time do not tell of, in parts, each of which an index answers. */
  const read = (columns: string, [from, to]: readonly [string, string]) =>
    [
      `leaf_index >= ${nextLeaf} AND acted_at >= ${first} AND acted_at < ${until}`,
      `leaf_index IS NULL AND acted_at >= ${first} AND acted_at < ${until}`,
      `leaf_index < ${nextLeaf} AND acted_at >= ${first} AND acted_at < least(${from}, ${until})`,
      `leaf_index < ${nextLeaf} AND acted_at >= greatest(${from}, ${to}) AND acted_at < ${until}`,
    ]
      .map(
        part => `SELECT ${columns}, count(*) AS entries FROM audit_entries
          WHERE tenant_id = ${tenant} AND ${part} AND ${isKind} GROUP BY ${columns}`,
      )
      .join(' UNION ALL ');
  const actors = everyKind
    ? `SELECT actor, outcome, entries FROM ${counts('actor-day', 'of[1] AS actor, of[2] AS outcome', within(days))}
       UNION ALL ${read('actor, outcome', days)}`
    : `SELECT actor, outcome, count(*) AS entries FROM audit_entries
        WHERE tenant_id = ${tenant} AND acted_at >= ${first} AND acted_at < ${until} AND ${isKind} GROUP BY actor, outcome`;
  const hourly = everyKind
    ? counts('outcome-hour', 'of[1] AS outcome', within(hours))
    : counts('kind-hour', KIND_OF, within(hours));
  const ctes = `
    rest (${KIND_COLUMNS}, bar, entries) AS MATERIALIZED (${read(`${KIND_COLUMNS}, ${barOf('acted_at')}`, hours)}),
    kinds AS (
      SELECT ${KIND_COLUMNS}, entries FROM ${counts('kind-day', KIND_OF, within(days))} WHERE ${isKind}
      UNION ALL
      SELECT ${KIND_COLUMNS}, entries FROM ${counts('kind-hour', KIND_OF, `${within(hours)} AND NOT (${within(days)})`)} WHERE ${isKind}
      UNION ALL
      SELECT ${KIND_COLUMNS}, entries FROM rest),
    actors AS (${actors}),
    bars AS (
      SELECT ${barOf('at')} AS bar, outcome, entries FROM ${hourly} WHERE ${everyKind ? 'true' : isKind}
      UNION ALL
      SELECT bar, outcome, entries FROM rest)`;
  return {ctes, parameters};
}

/** The first whole unit of a range. */
const ceiling = (unit: 'hour' | 'day') =>
  `CASE WHEN date_trunc('${unit}', first) = first THEN first ELSE date_trunc('${unit}', first) + interval '1 ${unit}' END`;

/** A bound of the range; what lies on it is in the range as a first moment, and not as the end. */
function bound(bounds: Countable['from'], none: '-infinity' | 'infinity', parameters: Parameters): string {
  const moments = bounds.map(
    ({time, next}) => `${parameters.add(time)}::timestamptz${next ? " + interval '1 microsecond'" : ''}`,
  );
  return `${none === 'infinity' ? 'least' : 'greatest'}('${none}'::timestamptz${moments.map(each => `, ${each}`).join('')})`;
}

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

import {type Condition, EVERYTHING} from '../models/condition';
import type {Dimension, SummaryShape} from '../models/summary';
import {conditionSql, Parameters} from './condition-sql';
import {type Countable, countable} from './countable';
import type {Session} from './database';

/** The counted columns of a kind, in the order of `audit_counts.of`. */
export const KIND = {
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
export interface Sources {
  ctes: string;
  parameters: Parameters;
}

/**
 * Where a summary is made from: the counts that are kept, where a condition asks for times and kinds alone and the hours of the
 * time zone begin when they do in UTC, or the entries.
 */
export async function summarySources(
  session: Session,
  tenantId: string,
  condition: Condition,
  shape: SummaryShape,
): Promise<Sources> {
  const asked = countable(condition, Object.keys(KIND));
  const range = asked && (await rangeOf(session, tenantId, asked, shape.timeZone));
  return range ? keptSources(tenantId, asked.kinds, range, shape) : readSources(tenantId, condition, shape);
}

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

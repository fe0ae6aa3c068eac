import type {Comparison, Condition, Operand, PropertyPath} from '../models/condition';
import type {EntryColumn} from '../models/entry-columns';
import type {OrderTerm, Selection} from '../models/selection';

/** Collects the values of a statement and hands out their placeholders. */
export class Parameters {
  readonly values: unknown[] = [];

  add(value: unknown): string {
    this.values.push(value);
    return `$${this.values.length}`;
  }
}

/** The condition as an SQL expression over `table`; values go into `parameters`, never into the text. */
export function conditionSql(condition: Condition, parameters: Parameters, table = 'audit_entries'): string {
  switch (condition.kind) {
    case 'and':
      return joined(foldedWords(condition.of, parameters, table), 'AND', 'true');
    case 'or':
      return joined(
        condition.of.map(part => conditionSql(part, parameters, table)),
        'OR',
        'false',
      );
    case 'not':
      return `(${conditionSql(condition.of, parameters, table)} IS NOT TRUE)`;
    case 'words':
      return wordsSql(condition, parameters);
    case 'entitiesOf': {
      const inner = conditionSql(condition.of, parameters, table);
      return `(${inner} OR (coalesce(acted_on, ''), entity_id) IN (SELECT coalesce(acted_on, ''), entity_id FROM ${table} WHERE ${inner} AND entity_id IS NOT NULL))`;
    }
    case 'same':
      return `lower(${pathText(condition.left, parameters)}) = lower(${pathText(condition.right, parameters)})`;
    case 'compare':
      return condition.path.length > 0
        ? pathSql(condition.column, condition.path, condition.comparison, parameters)
        : columnSql(condition.column, condition.comparison, parameters);
  }
}

const ORDERING = {gt: '>', gte: '>=', lt: '<', lte: '<='} as const;

function columnSql(target: EntryColumn, comparison: Comparison, parameters: Parameters): string {
  const {column, kind} = target;
  const value = (operand: Operand) => parameters.add(operand) + CASTS[kind];
  switch (comparison.operator) {
    case 'eq':
      return comparison.value === null
        ? `${column} IS NULL`
        : `${equals(target, comparison.value, parameters)}`;
    case 'neq':
      return comparison.value === null
        ? `${column} IS NOT NULL`
        : `${equals(target, comparison.value, parameters)} IS NOT TRUE`;
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte':
      return `${column} ${ORDERING[comparison.operator]} ${value(comparison.value)}`;
    case 'between':
      return `${column} BETWEEN ${value(comparison.value[0])} AND ${value(comparison.value[1])}`;
    case 'inq':
      return anyOf(target, comparison.value, parameters);
    case 'nin':
      return `${anyOf(target, comparison.value, parameters)} IS NOT TRUE`;
    case 'exists':
      return `${column} IS ${comparison.value ? 'NOT ' : ''}NULL`;
    default:
      return patternSql(textOf(target), comparison, parameters);
  }
}

const CASTS = {
  uuid: '::uuid',
  text: '::text',
  time: '::timestamptz',
  json: '::jsonb',
  textArray: '::text',
  ip: '::inet',
  bigint: '::bigint',
  bytes: '::bytea',
} as const;

const placeholderOf = (kind: EntryColumn['kind'], operand: Operand, parameters: Parameters): string =>
  parameters.add(kind === 'bytes' && operand !== null ? `\\x${operand}` : operand) + CASTS[kind];

/** Lists of text hold the value; an address is the value or lies in its network; the rest is the value. */
function equals({property, column, kind}: EntryColumn, operand: Operand, parameters: Parameters): string {
  const placeholder = placeholderOf(kind, operand, parameters);
  if (kind === 'textArray') return `(${column} @> ARRAY[${placeholder}])`;
  if (kind === 'ip') return `(${column} <<= ${placeholder})`;
  if (IN_WORDS.includes(property)) return `(${column} = ${placeholder} AND ${hasWordsOf(placeholder)})`;
  return `(${column} = ${placeholder})`;
}

/** The words of an entry as the index has them; see the migration. */
const WORDS = 'audit_words(actor_name, actor_email, entity_name, description, reason, metadata)';

/** Properties whose words are indexed: whoever has the value has its words. */
const IN_WORDS: readonly string[] = ['actorName', 'actorEmail', 'entityName', 'description', 'reason'];

/** What follows from equality, so that the index answers it; a value may well have no words at all. */
const hasWordsOf = (placeholder: string): string =>
  `(numnode(plainto_tsquery('simple', ${placeholder})) = 0 OR ${WORDS} @@ plainto_tsquery('simple', ${placeholder}))`;

type Words = Extract<Condition, {kind: 'words'}>;

const joined = (parts: readonly string[], by: 'AND' | 'OR', none: 'true' | 'false'): string =>
  parts.length === 0 ? none : `(${parts.join(` ${by} `)})`;

/** Conditions that all hold; words that must be there and words that must not are one question to the index. */
function foldedWords(of: readonly Condition[], parameters: Parameters, table: string): string[] {
  const asked: string[] = [];
  const others: string[] = [];
  for (const part of of) {
    if (part.kind === 'words') asked.push(wordQuery(part, parameters));
    else if (part.kind === 'not' && part.of.kind === 'words')
      asked.push(`!! ${wordQuery(part.of, parameters)}`);
    else others.push(conditionSql(part, parameters, table));
  }
  return asked.length === 0 ? others : [...others, `(${WORDS} @@ (${asked.join(' && ')}))`];
}

const wordsSql = (words: Words, parameters: Parameters): string =>
  `(${WORDS} @@ ${wordQuery(words, parameters)})`;

function wordQuery({text, prefix}: Words, parameters: Parameters): string {
  if (!prefix) return `websearch_to_tsquery('simple', ${parameters.add(text)})`;
  const quoted = `'${text.replace(/['\\]/g, '$&$&')}':*`;
  return `to_tsquery('simple', ${parameters.add(quoted)})`;
}

/** How well an entry matches the words of a condition; names count most, metadata least. */
export function relevanceSql(words: readonly Words[], parameters: Parameters): string {
  const query = words.map(each => wordQuery(each, parameters)).join(' || ');
  return `ts_rank(${WORDS}, ${query})`;
}

function anyOf(target: EntryColumn, operands: readonly Operand[], parameters: Parameters): string {
  const present = operands.filter(operand => operand !== null);
  const {column, kind} = target;
  const parts = present.length < operands.length ? [`${column} IS NULL`] : [];
  if (kind === 'textArray') {
    parts.push(`${column} && ${parameters.add(present)}::text[]`);
  } else if (kind === 'ip' || kind === 'bytes') {
    parts.push(...present.map(operand => equals(target, operand, parameters)));
  } else {
    parts.push(`${column} = ANY (${parameters.add(present)}${CASTS[kind]}[])`);
  }
  return `(${parts.join(' OR ') || 'false'})`;
}

/** A property as text; SQL's NULL where it is absent. */
export function pathText({column, path}: PropertyPath, parameters: Parameters): string {
  return path.length === 0 ? textOf(column) : `(${column.column} #>> ${parameters.add([...path])}::text[])`;
}

const textOf = ({column, kind}: EntryColumn): string =>
  kind === 'text' ? column : kind === 'ip' ? `host(${column})` : `${column}::text`;

type Pattern = Extract<Comparison, {operator: 'like' | 'nlike' | 'ilike' | 'nilike' | 'regexp'}>;

function patternSql(text: string, comparison: Pattern, parameters: Parameters): string {
  const placeholder = parameters.add(comparison.value);
  switch (comparison.operator) {
    case 'like':
    case 'ilike':
      return `${text} ${comparison.operator.toUpperCase()} ${placeholder}`;
    case 'nlike':
      return `(${text} LIKE ${placeholder}) IS NOT TRUE`;
    case 'nilike':
      return `(${text} ILIKE ${placeholder}) IS NOT TRUE`;
    case 'regexp':
      return `${text} ${comparison.ignoreCase ? '~*' : '~'} ${placeholder}`;
  }
}

/** Values of a list inside JSON that the index is asked for one by one; planning more takes longer than reading. */
const INDEXED_VALUES = 50;

/** A comparison inside a JSON column: by value for equality, by number or text for order. */
function pathSql(
  target: EntryColumn,
  path: readonly string[],
  comparison: Comparison,
  parameters: Parameters,
): string {
  // A statement must not have a parameter that it does not use.
  if (comparison.operator === 'inq' && comparison.value.length === 0) return 'false';
  if (comparison.operator === 'nin' && comparison.value.length === 0) return 'true';
  let given: string | undefined;
  const at = () => (given ??= parameters.add([...path]));
  const node = () => `(${target.column} #> ${at()}::text[])`;
  const text = () => `(${target.column} #>> ${at()}::text[])`;
  const json = (operand: Operand) => `${parameters.add(JSON.stringify(operand))}::jsonb`;
  const ordered = (sign: string, operand: string | number) =>
    typeof operand === 'number'
      ? `CASE WHEN jsonb_typeof(${node()}) = 'number' THEN ${text()}::numeric ${sign} ${parameters.add(operand)}::numeric ELSE false END`
      : `(jsonb_typeof(${node()}) = 'string' AND ${text()} ${sign} ${parameters.add(operand)})`;
  /** Containment is equality of what is at the path, and the index answers it; a step of digits may be a place in a list. */
  const pathEquals = (operand: Operand) =>
    path.some(step => /^-?\d+$/.test(step))
      ? `${node()} = ${json(operand)}`
      : `${target.column} @> ${parameters.add(JSON.stringify(nested(path, operand)))}::jsonb`;
  switch (comparison.operator) {
    case 'eq':
      return comparison.value === null ? `${text()} IS NULL` : pathEquals(comparison.value);
    case 'neq':
      return comparison.value === null
        ? `${text()} IS NOT NULL`
        : `(${node()} = ${json(comparison.value)}) IS NOT TRUE`;
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte':
      return ordered(ORDERING[comparison.operator], comparison.value);
    case 'between':
      return `(${ordered('>=', comparison.value[0])} AND ${ordered('<=', comparison.value[1])})`;
    case 'inq':
    case 'nin': {
      const present = comparison.value.filter(operand => operand !== null);
      const isThere =
        present.length > INDEXED_VALUES
          ? [`${node()} = ANY (${parameters.add(present.map(operand => JSON.stringify(operand)))}::jsonb[])`]
          : present.map(pathEquals);
      const any = present.length < comparison.value.length ? [...isThere, `${text()} IS NULL`] : isThere;
      const sql = `(${any.join(' OR ')})`;
      return comparison.operator === 'inq' ? sql : `${sql} IS NOT TRUE`;
    }
    case 'exists':
      return `${text()} IS ${comparison.value ? 'NOT ' : ''}NULL`;
    default:
      return patternSql(text(), comparison, parameters);
  }
}

const nested = (path: readonly string[], value: Operand): unknown =>
  path.reduceRight<unknown>((inner, step) => ({[step]: inner}), value);

/**
 * Whether the index of contents may answer a condition: words, lists, values inside JSON. How many entries have them
 * nobody knows before, so a planner that hopes to meet them on the way from the newest entry may hope in vain.
 */
export function asksForContent(condition: Condition): boolean {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return condition.of.some(asksForContent);
    case 'words':
      return true;
    case 'compare': {
      const {column, path, comparison} = condition;
      const isListed = ['eq', 'inq'].includes(comparison.operator);
      return (
        isListed && (path.length > 0 || column.kind === 'textArray' || IN_WORDS.includes(column.property))
      );
    }
    default:
      return false;
  }
}

/** Absent values come last, or first when descending. */
export const orderTerms = (order: readonly OrderTerm[]): string =>
  order.map(({column, descending}) => `${column.column} ${descending ? 'DESC' : 'ASC'}`).join(', ');

export const orderBySql = (order: readonly OrderTerm[]): string => `ORDER BY ${orderTerms(order)}`;

/** `ORDER BY`, `LIMIT` and `OFFSET` of a selection. */
export function orderSql({order, limit, skip}: Selection, parameters: Parameters): string {
  return [
    orderBySql(order),
    ...(limit === undefined ? [] : [`LIMIT ${parameters.add(limit)}`]),
    ...(skip ? [`OFFSET ${parameters.add(skip)}`] : []),
  ].join(' ');
}

/** Entries that come after the given values of the order's columns. */
export function afterSql(
  order: readonly OrderTerm[],
  after: readonly Operand[],
  parameters: Parameters,
): string {
  const first = order[0];
  const placeholders = order.map(({column}, i) => placeholderOf(column.kind, after[i] ?? null, parameters));
  const neverAbsent = order.every(({column}) => ['actedAt', 'recordedAt', 'id'].includes(column.property));
  if (first && neverAbsent && order.every(term => term.descending === first.descending)) {
    // A row comparison, which the primary key answers.
    const columns = order.map(({column}) => column.column).join(', ');
    return `(${columns}) ${first.descending ? '<' : '>'} (${placeholders.join(', ')})`;
  }
  const alternatives = order.map((term, i) => {
    const same = order
      .slice(0, i)
      .map(({column}, j) => `${column.column} IS NOT DISTINCT FROM ${placeholders[j]}`);
    return `(${[...same, beyond(term, after[i] ?? null, placeholders[i] ?? 'NULL')].join(' AND ')})`;
  });
  return `(${alternatives.join(' OR ')})`;
}

function beyond({column, descending}: OrderTerm, value: Operand, placeholder: string): string {
  if (descending) {
    return value === null ? `${column.column} IS NOT NULL` : `${column.column} < ${placeholder}`;
  }
  return value === null ? 'false' : `(${column.column} > ${placeholder} OR ${column.column} IS NULL)`;
}

import type {EntryColumn} from './entry-columns';

/** A value that a condition compares with; times, ids and addresses are checked and normalised text. */
export type Operand = string | number | boolean | null;

export type Comparison =
  | {operator: 'eq' | 'neq'; value: Operand}
  | {operator: 'gt' | 'gte' | 'lt' | 'lte'; value: string | number}
  | {operator: 'between'; value: readonly [string | number, string | number]}
  | {operator: 'inq' | 'nin'; value: readonly Operand[]}
  | {operator: 'like' | 'nlike' | 'ilike' | 'nilike'; value: string}
  | {operator: 'regexp'; value: string; ignoreCase: boolean}
  | {operator: 'exists'; value: boolean};

/** A property of an entry, or what a path leads to in a JSON property, from the outside in. */
export interface PropertyPath {
  column: EntryColumn;
  path: readonly string[];
}

/**
 * Which entries are meant. Absent values are unequal to every value, so a negation (`neq`, `nin`, `nlike`,
 * `nilike`) includes entries that lack the property.
 */
export type Condition =
  | {kind: 'and' | 'or'; of: readonly Condition[]}
  /** Whatever is not under `of`, also where that cannot be told for an absent value. */
  | {kind: 'not'; of: Condition}
  /** `path` leads into a JSON column, from the outside in. */
  | {kind: 'compare'; column: EntryColumn; path: readonly string[]; comparison: Comparison}
  /**
   * Entries with these words in a name, the description, the reason or the metadata. `text` is as a search engine's:
   * all of its words, "a phrase", or, -not; as `prefix` it is the beginning of one word.
   */
  | {kind: 'words'; text: string; prefix: boolean}
  /** Two properties with the same text, whatever the case of its letters; absent ones are equal to nothing. */
  | {kind: 'same'; left: PropertyPath; right: PropertyPath}
  /** Entries of every entity that has at least one entry under `of`, and those entries themselves. */
  | {kind: 'entitiesOf'; of: Condition};

/** Every entry of the tenant. */
export const EVERYTHING: Condition = {kind: 'and', of: []};

/** Whether a condition says nothing, so that every entry is under it. */
export const isEverything = (condition: Condition): boolean =>
  condition.kind === 'and' && condition.of.every(isEverything);

export const both = (a: Condition, b: Condition): Condition => ({kind: 'and', of: [a, b]});

export const not = (of: Condition): Condition => ({kind: 'not', of});

/** The words that entries under a condition may have for it: those under a negation are not among them. */
export function wordsOf(condition: Condition): Extract<Condition, {kind: 'words'}>[] {
  if (condition.kind === 'words') return [condition];
  return condition.kind === 'and' || condition.kind === 'or' ? condition.of.flatMap(wordsOf) : [];
}

/** Lower and upper bound (RFC 3339, inclusive) that every entry under the condition keeps, where it has one. */
export interface TimeRange {
  from?: string;
  to?: string;
}

/** The time range that a condition implies by its top-level conjunction; wider is allowed, narrower never. */
export function timeRangeOf(condition: Condition): TimeRange {
  if (condition.kind === 'and') {
    return condition.of.map(timeRangeOf).reduce(intersect, {});
  }
  if (condition.kind !== 'compare' || condition.column.property !== 'actedAt') {
    return {};
  }
  const {comparison} = condition;
  switch (comparison.operator) {
    case 'eq':
      return typeof comparison.value === 'string' ? {from: comparison.value, to: comparison.value} : {};
    case 'gt':
    case 'gte':
      return {from: String(comparison.value)};
    case 'lt':
    case 'lte':
      return {to: String(comparison.value)};
    case 'between':
      return {from: String(comparison.value[0]), to: String(comparison.value[1])};
    default:
      return {};
  }
}

function intersect(a: TimeRange, b: TimeRange): TimeRange {
  const from = [a.from, b.from]
    .filter(bound => bound !== undefined)
    .sort()
    .at(-1);
  const to = [a.to, b.to]
    .filter(bound => bound !== undefined)
    .sort()
    .at(0);
  return {...(from !== undefined && {from}), ...(to !== undefined && {to})};
}

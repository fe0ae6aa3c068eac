import {type Condition, EVERYTHING} from '../models/condition';

/** One bound of a time range; `next` is the moment after the time. */
export interface Bound {
  time: string;
  next: boolean;
}

/** A condition that the counts can answer: a range of time, of which every bound holds, and a condition on kinds. */
export interface Countable {
  /** The range begins with the latest of these. */
  from: Bound[];
  /** The range ends before the earliest of these. */
  until: Bound[];
  /** {@link EVERYTHING} where any kind will do. */
  kinds: Condition;
}

/**
 * A condition as a range of time and a condition on some properties alone, or undefined where it asks for anything else.
 *
 * @param properties that are counted by
 */
export function countable(condition: Condition, properties: readonly string[]): Countable | undefined {
  const range: Countable = {from: [], until: [], kinds: EVERYTHING};
  const kinds: Condition[] = [];
  for (const part of conjuncts(condition)) {
    if (addBounds(part, range)) continue;
    if (isOwnTenant(part)) continue;
    if (!asksOnly(part, properties)) return undefined;
    kinds.push(part);
  }
  return kinds.length === 0 ? range : {...range, kinds: {kind: 'and', of: kinds}};
}

const conjuncts = (condition: Condition): Condition[] =>
  condition.kind === 'and' ? condition.of.flatMap(conjuncts) : [condition];

function addBounds(condition: Condition, {from, until}: Countable): boolean {
  if (condition.kind !== 'compare' || condition.column.property !== 'actedAt') return false;
  const {operator, value} = condition.comparison;
  const [first, last] = Array.isArray(value) ? value : [value, value];
  const [begin, end] = [String(first), String(last)];
  switch (operator) {
    case 'gte':
      from.push({time: begin, next: false});
      return true;
    case 'gt':
      from.push({time: begin, next: true});
      return true;
    case 'lt':
      until.push({time: end, next: false});
      return true;
    case 'lte':
      until.push({time: end, next: true});
      return true;
    case 'between':
      from.push({time: begin, next: false});
      until.push({time: end, next: true});
      return true;
    default:
      return false;
  }
}

/** The tenant is the caller's in any case: another was refused. */
const isOwnTenant = (condition: Condition): boolean =>
  condition.kind === 'compare' &&
  condition.column.property === 'tenantId' &&
  condition.comparison.operator === 'eq' &&
  condition.comparison.value !== null;

function asksOnly(condition: Condition, properties: readonly string[]): boolean {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return condition.of.every(part => asksOnly(part, properties));
    case 'not':
      return asksOnly(condition.of, properties);
    case 'compare':
      return condition.path.length === 0 && properties.includes(condition.column.property);
    default:
      return false;
  }
}

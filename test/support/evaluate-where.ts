import {BlockList, isIPv4} from 'node:net';

type Entry = Readonly<Record<string, unknown>>;

/**
 * Whether an entry is under a LoopBack where, by the plainest reading: an absent value is unequal to every
 * value, and a negation is true where what it negates is not.
 */
export function isUnder(where: object, entry: Entry): boolean {
  return Object.entries(where).every(([name, value]) => {
    if (name === 'and') return (value as object[]).every(part => isUnder(part, entry));
    if (name === 'or') return (value as object[]).some(part => isUnder(part, entry));
    const actual = valueAt(entry, name.split('.'));
    const operators = typeof value === 'object' && value !== null ? value : {eq: value};
    return Object.entries(operators).every(([operator, operand]) => holds(actual, operator, operand));
  });
}

function valueAt(entry: Entry, path: readonly string[]): unknown {
  let value: unknown = entry;
  for (const step of path) value = (value as Entry | undefined | null)?.[step];
  return value ?? undefined;
}

function holds(actual: unknown, operator: string, operand: unknown): boolean {
  switch (operator) {
    case 'eq':
      return isEqual(actual, operand);
    case 'neq':
      return !isEqual(actual, operand);
    case 'inq':
      return (operand as unknown[]).some(one => isEqual(actual, one));
    case 'nin':
      return !(operand as unknown[]).some(one => isEqual(actual, one));
    case 'exists':
      return (actual !== undefined) === operand;
    case 'gt':
      return isOrdered(actual, operand) && order(actual, operand) > 0;
    case 'gte':
      return isOrdered(actual, operand) && order(actual, operand) >= 0;
    case 'lt':
      return isOrdered(actual, operand) && order(actual, operand) < 0;
    case 'lte':
      return isOrdered(actual, operand) && order(actual, operand) <= 0;
    case 'between': {
      const [low, high] = operand as [unknown, unknown];
      return holds(actual, 'gte', low) && holds(actual, 'lte', high);
    }
    case 'like':
    case 'ilike':
      return actual !== undefined && pattern(String(operand), operator === 'ilike').test(String(actual));
    case 'nlike':
    case 'nilike':
      return !holds(actual, operator.slice(1), operand);
    case 'regexp':
      return actual !== undefined && new RegExp(String(operand)).test(String(actual));
    default:
      throw new RangeError(operator);
  }
}

function isEqual(actual: unknown, operand: unknown): boolean {
  if (operand === null) return actual === undefined;
  if (Array.isArray(actual)) return actual.includes(operand);
  if (typeof actual === 'string' && typeof operand === 'string' && operand.includes('/')) {
    const [network = '', bits] = operand.split('/');
    const list = new BlockList();
    list.addSubnet(network, Number(bits), 'ipv4');
    return isIPv4(actual) && list.check(actual);
  }
  return actual === operand;
}

/** Numbers are in order among themselves, and so is text. */
const isOrdered = (actual: unknown, operand: unknown): boolean =>
  (typeof actual === 'number' || typeof actual === 'string') && typeof actual === typeof operand;

function order(actual: unknown, operand: unknown): number {
  const [a, b] = [actual, operand] as [string, string];
  return a < b ? -1 : a > b ? 1 : 0;
}

/** SQL's LIKE as a regular expression. */
function pattern(like: string, ignoreCase: boolean): RegExp {
  const text = like.replace(/\\(.)|[%_]|[^%_\\]/gs, (part, escaped) => {
    if (part === '%') return '.*';
    if (part === '_') return '.';
    return (escaped ?? part).replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
  });
  return new RegExp(`^${text}$`, ignoreCase ? 'is' : 's');
}

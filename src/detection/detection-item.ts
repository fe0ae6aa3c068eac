import type {Comparison, Condition, PropertyPath} from '../models/condition';
import {readOperand, readPattern} from '../query/operand';
import {readRegexp} from '../query/regexp';
import {type Place, RuleFault, textAt} from './rule-fault';
import {readField, type Taxonomy} from './rule-field';
import {isPlain, likePattern} from './sigma-pattern';

/** Values of one field at most. */
const MAX_VALUES = 500;

const KINDS = ['contains', 'startswith', 'endswith', 're', 'cidr', 'exists', 'fieldref'] as const;
const ORDERS = ['gt', 'gte', 'lt', 'lte'] as const;
type Kind = (typeof KINDS)[number] | (typeof ORDERS)[number] | 'equal';

interface Modifiers {
  kind: Kind;
  all: boolean;
  cased: boolean;
  /** Of a regular expression: letters count as the same in either case. */
  ignoreCase: boolean;
}

/** What is said of a modifier of Sigma that is not read here; any other name is unknown. */
const REFUSED = 'is not a modifier that is read here';

/**
 * One line of a selection, `field|modifier: value`, as a condition. Several values are alternatives, with `all` they must
 * all hold. Text is compared whatever the case of its letters, unless `cased`.
 *
 * @throws RuleFault
 */
export function readItem(key: string, value: unknown, taxonomy: Taxonomy, place: Place): Condition {
  const [name = '', ...names] = key.split('|');
  if (name === '') throw new RuleFault(place, 'UNSUPPORTED', 'must name a field: keywords are not read here');
  const field = readField(name, taxonomy, place);
  const modifiers = readModifiers(names, place);
  const values = Array.isArray(value) ? value : [value];
  if (values.length === 0) throw new RuleFault(place, 'REQUIRED', 'has no value');
  if (values.length > MAX_VALUES) {
    throw new RuleFault(place, 'TOO_LONG', `must have at most ${MAX_VALUES} values`);
  }
  if (modifiers.all && values.length < 2)
    throw new RuleFault(place, 'INVALID_VALUE', 'needs several values for all');
  const of = values.map((each, i) =>
    oneValue(field, each, modifiers, taxonomy, Array.isArray(value) ? [...place, i] : place),
  );
  return of.length === 1 && of[0] ? of[0] : {kind: modifiers.all ? 'and' : 'or', of};
}

function readModifiers(names: readonly string[], place: Place): Modifiers {
  const modifiers: Modifiers = {kind: 'equal', all: false, cased: false, ignoreCase: false};
  for (const name of names) {
    const kind = [...KINDS, ...ORDERS].find(known => known === name);
    if (kind && modifiers.kind === 'equal') modifiers.kind = kind;
    else if (name === 'all') modifiers.all = true;
    else if (name === 'cased') modifiers.cased = true;
    else if (name === 'i' && modifiers.kind === 're') modifiers.ignoreCase = true;
    else
      throw new RuleFault(place, 'UNSUPPORTED', kind ? `goes not together with another: ${name}` : REFUSED);
  }
  const text = ['equal', 'contains', 'startswith', 'endswith'].includes(modifiers.kind);
  if (modifiers.cased && !text) throw new RuleFault(place, 'UNSUPPORTED', 'compares nothing that has a case');
  return modifiers;
}

function oneValue(
  field: PropertyPath,
  value: unknown,
  modifiers: Modifiers,
  taxonomy: Taxonomy,
  place: Place,
): Condition {
  const compare = (comparison: Comparison): Condition => ({kind: 'compare', ...field, comparison});
  const {kind} = modifiers;
  switch (kind) {
    case 'exists':
      if (typeof value !== 'boolean') throw new RuleFault(place, 'INVALID_TYPE', 'must be true or false');
      return compare({operator: 'exists', value});
    case 'fieldref':
      return {kind: 'same', left: field, right: readField(textAt(value, place), taxonomy, place)};
    case 'cidr':
      if (field.column.kind !== 'ip')
        throw new RuleFault(place, 'INVALID_VALUE', 'is a network, and the field no address');
      return compare({operator: 'eq', value: operand(field, value, place)});
    case 're':
      return compare({operator: 'regexp', ...told(place, () => readRegexp(value, modifiers.ignoreCase, ''))});
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte':
      return compare({operator: kind, value: ordered(field, value, place)});
    default:
      return textual(field, value, modifiers, place, compare);
  }
}

/** Equality, and what is like it. */
function textual(
  field: PropertyPath,
  value: unknown,
  {kind, cased}: Modifiers,
  place: Place,
  compare: (comparison: Comparison) => Condition,
): Condition {
  if (value === null && kind === 'equal') return compare({operator: 'exists', value: false});
  if (!['string', 'number', 'boolean'].includes(typeof value))
    throw new RuleFault(place, 'INVALID_TYPE', 'must be text, a number, true or false');
  const text = told(place, () => readPattern(String(value), ''));
  const column = field.path.length === 0 ? field.column.kind : 'text';
  if (kind === 'equal' && (column === 'uuid' || column === 'textArray' || (column === 'ip' && isPlain(text))))
    return compare({operator: 'eq', value: operand(field, text, place)});
  if (column !== 'text' && column !== 'ip')
    throw new RuleFault(place, 'UNSUPPORTED', `compares ${field.column.property} in a way that it has not`);
  const pattern = likePattern(text);
  const [before, after] = {contains: ['%', '%'], startswith: ['', '%'], endswith: ['%', '']}[
    kind as string
  ] ?? ['', ''];
  return compare({operator: cased ? 'like' : 'ilike', value: `${before}${pattern}${after}`});
}

function ordered(field: PropertyPath, value: unknown, place: Place): string | number {
  if (field.path.length > 0) {
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    throw new RuleFault(place, 'INVALID_TYPE', 'must be a number');
  }
  if (field.column.kind !== 'time') throw new RuleFault(place, 'UNSUPPORTED', 'orders what has no order');
  return String(operand(field, value, place));
}

const operand = ({column, path}: PropertyPath, value: unknown, place: Place) =>
  told(place, () => readOperand(column, path, value, ''));

/** What the readers of queries refuse, told as a fault of the rule. */
function told<T>(place: Place, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const [detail] = (error as {details?: {code: string; message: string}[]}).details ?? [];
    if (!detail) throw error;
    throw new RuleFault(place, detail.code, detail.message);
  }
}

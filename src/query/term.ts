import {SEVERITIES} from '@loopback-audit/audit-log';
import {PROPERTY_RULES} from '../admission/property-rules';
import type {Comparison, Condition} from '../models/condition';
import type {EntryColumn} from '../models/entry-columns';
import {queryFault} from './fault';
import {readMoment} from './moment';
import {readLike, readOperand} from './operand';
import {isNumber, jsonReadings, wholeNumber} from './text-reading';

/** One value as it was written: a quoted one is taken as it stands. */
export interface Written {
  text: string;
  quoted: boolean;
}

/** Which property a term is about, and where it stands. */
export interface TermTarget {
  column: EntryColumn;
  path: readonly string[];
  /** Named in faults. */
  field: string;
  /** What ages such as `24h` are counted from, RFC 3339. */
  now: string;
}

const ORDERED = {'>=': 'gte', '<=': 'lte', '>': 'gt', '<': 'lt'} as const;

/**
 * Reads what a property must be: a value; one with `*` for any characters; `>=5`, `<5`; `1..5`, either end of which may
 * be left out. Times may be days or ages; severities have an order.
 *
 * @throws AuditError INVALID_FILTER
 */
export function readTerm(target: TermTarget, {text, quoted}: Written): Condition {
  if (quoted) return equalTo(target, text);
  const [, sign, limit] = /^(>=|<=|>|<)(.*)$/s.exec(text) ?? [];
  if (sign !== undefined && limit !== undefined) {
    return compare(target, ordered(target, ORDERED[sign as keyof typeof ORDERED], limit));
  }
  const [, from, to] = /^(.*?)\.\.(.*)$/s.exec(text) ?? [];
  if (from !== undefined && to !== undefined && (from !== '' || to !== '') && hasRange(target)) {
    const ends: Comparison[] = [];
    if (from !== '') ends.push(ordered(target, 'gte', from));
    if (to !== '') ends.push(ordered(target, 'lte', to));
    return {kind: 'and', of: ends.map(end => compare(target, end))};
  }
  if (text.includes('*')) return compare(target, {operator: 'like', value: likeOf(target, text)});
  return equalTo(target, text);
}

const compare = ({column, path}: TermTarget, comparison: Comparison): Condition => ({
  kind: 'compare',
  column,
  path,
  comparison,
});

/** Texts may well hold two dots; times, numbers and what is inside JSON have ranges. */
const hasRange = ({column, path}: TermTarget): boolean =>
  path.length > 0 || ['time', 'bigint'].includes(column.kind) || column.property === 'severity';

function equalTo(target: TermTarget, text: string): Condition {
  const {column, path, field, now} = target;
  if (path.length > 0) {
    const of = jsonReadings(text).map(value => compare(target, {operator: 'eq', value}));
    return of.length === 1 && of[0] ? of[0] : {kind: 'or', of};
  }
  if (column.kind === 'time') {
    const {first, last} = readMoment(text, now, field);
    return compare(target, {operator: 'between', value: [first, last]});
  }
  const value = readOperand(column, path, typed(column, text), field);
  return compare(target, {operator: 'eq', value});
}

function ordered(target: TermTarget, operator: 'gte' | 'lte' | 'gt' | 'lt', text: string): Comparison {
  const {column, path, field, now} = target;
  if (path.length > 0) {
    return {operator, value: isNumber(text) ? Number(text) : String(readOperand(column, path, text, field))};
  }
  if (column.kind === 'time') {
    const {first, last} = readMoment(text, now, field);
    return {operator, value: operator === 'gt' || operator === 'lte' ? last : first};
  }
  if (column.property === 'severity') return {operator: 'inq', value: severities(operator, text, field)};
  if (column.kind === 'bigint')
    return {operator, value: Number(readOperand(column, [], typed(column, text), field))};
  throw queryFault(field, 'INVALID_OPERATOR', 'has no order to compare by');
}

/** Severities have their order from the harmless to the worst. */
function severities(operator: 'gte' | 'lte' | 'gt' | 'lt', text: string, field: string): string[] {
  const than = (SEVERITIES as readonly string[]).indexOf(enumerated(text));
  if (than < 0) throw queryFault(field, 'INVALID_VALUE', `must be one of ${SEVERITIES.join(', ')}`);
  return SEVERITIES.filter((_, rank) => {
    if (operator === 'gte') return rank >= than;
    if (operator === 'lte') return rank <= than;
    return operator === 'gt' ? rank > than : rank < than;
  });
}

function likeOf({column, path, field}: TermTarget, text: string): string {
  const isText = path.length > 0 || ['text', 'ip'].includes(column.kind);
  if (!isText) throw queryFault(field, 'INVALID_PATTERN', `cannot have * in ${column.property}`);
  return readLike(text.replace(/[\\%_]/g, '\\$&').replaceAll('*', '%'), field);
}

function typed(column: EntryColumn, text: string): string | number {
  if (column.kind === 'bigint') return wholeNumber(text);
  const rule = PROPERTY_RULES[column.property as keyof typeof PROPERTY_RULES];
  if (rule?.type !== 'oneOf') return text;
  return rule.values.find(value => value.toLowerCase() === enumerated(text)) ?? text;
}

/** Other systems' names of what ours are called. */
const SYNONYMS: Readonly<Record<string, string>> = {
  warning: 'medium',
  error: 'high',
  security: 'critical',
};

/** `SEVERITY_HIGH`, `High` and `high` are the same. */
function enumerated(text: string): string {
  const bare = text.toLowerCase().replace(/^(?:severity|outcome|status)_/, '');
  return Object.hasOwn(SYNONYMS, bare) ? (SYNONYMS[bare] ?? bare) : bare;
}

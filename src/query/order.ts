import {columnOf} from '../models/entry-columns';
import type {OrderTerm} from '../models/selection';
import {queryFault, shown} from './fault';

const MAX_TERMS = 5;

const term = (property: 'actedAt' | 'id', descending: boolean): OrderTerm => {
  const column = columnOf(property);
  if (!column) throw new RangeError(property);
  return {column, descending};
};

/** Newest first. */
export const NEWEST_FIRST: readonly OrderTerm[] = [term('actedAt', true), term('id', true)];

/** Oldest first: the order of archives and exports of a time range. */
export const OLDEST_FIRST: readonly OrderTerm[] = [term('actedAt', false), term('id', false)];

/**
 * Reads LoopBack's `order`: `'actedAt DESC'`, or a list of such. The id is added where it is missing, so
 * that no two entries have the same place.
 *
 * @throws AuditError INVALID_FILTER
 */
export function readOrder(order: unknown, field = 'order'): readonly OrderTerm[] {
  const texts = typeof order === 'string' ? order.split(',') : order;
  if (!Array.isArray(texts) || texts.some(text => typeof text !== 'string')) {
    throw queryFault(field, 'INVALID_TYPE', 'must be text, or a list of text');
  }
  if (texts.length === 0) return NEWEST_FIRST;
  if (texts.length > MAX_TERMS) throw queryFault(field, 'TOO_LONG', `has more than ${MAX_TERMS} terms`);
  const terms = texts.map((text: string) => readTerm(text, field));
  const properties = terms.map(({column}) => column.property);
  if (new Set(properties).size < properties.length)
    throw queryFault(field, 'INVALID_ORDER', 'names a property twice');
  if (properties.includes('id')) return terms;
  return [...terms, term('id', terms.at(-1)?.descending ?? true)];
}

function readTerm(text: string, field: string): OrderTerm {
  const [, property = '', direction = 'ASC'] = /^\s*(\w+)(?:\s+(ASC|DESC))?\s*$/i.exec(text) ?? [];
  const column = columnOf(property);
  if (!column || column.kind === 'json' || column.kind === 'textArray') {
    throw queryFault(field, 'UNKNOWN_PROPERTY', `cannot be by ${JSON.stringify(shown(text))}`);
  }
  return {column, descending: direction.toUpperCase() === 'DESC'};
}

import {createHmac, timingSafeEqual} from 'node:crypto';
import type {AuditEntry} from '@loopback-audit/audit-log';
import type {Operand} from '../models/condition';
import type {Selection} from '../models/selection';
import {parseTime} from '../models/time';
import {queryFault} from './fault';

const VERSION = 2;
const TAG_BYTES = 16;

/** What a cursor is good for: it is refused under another tenant, condition or order. */
export interface CursorScope {
  tenantId: string;
  selection: Pick<Selection, 'condition' | 'order'>;
  /** The moment that the first page took for now (RFC 3339): `from=24h` means the same on every page. */
  now: string;
}

/** A place in an order, and which way the page lies from there. */
export type Place = Required<Pick<Selection, 'after' | 'backward'>>;

/**
 * The place beside an entry, as opaque text: the values of the order's columns, authenticated together with its scope.
 *
 * @param entry the last entry of a page, or the first where the page before it is meant; with every property that the
 * order names
 */
export function writeCursor(key: Buffer, scope: CursorScope, entry: AuditEntry, backward = false): string {
  const values = scope.selection.order.map(({column}) => entry[column.property] ?? null);
  return sealPlace(key, scopeText(scope), [values, backward, scope.now]);
}

/** @throws AuditError INVALID_CURSOR where the text is no cursor of this scope */
export function readCursor(key: Buffer, scope: CursorScope, cursor: string): Place {
  const [after, backward] = openPlace(key, scopeText(scope), cursor) as [Operand[], boolean];
  return {after, backward};
}

const scopeText = ({tenantId, selection: {condition, order}, now}: CursorScope): string =>
  JSON.stringify([tenantId, condition, order, now]);

/**
 * The moment that a cursor says its query took for now. Whoever reads it has not yet made sure that the cursor is genuine:
 * {@link readCursor} does, for a scope that has this moment.
 */
export function momentOf(cursor: string): string | undefined {
  try {
    const [, values] = JSON.parse(partsOf(cursor).payload.toString('utf8')) as [number, unknown[]];
    return typeof values[2] === 'string' ? parseTime(values[2]) : undefined;
  } catch {
    return undefined;
  }
}

/** A place in a list as opaque text: values that lead to it, authenticated with what the list is of (HMAC-SHA-256, RFC 2104). */
export function sealPlace(key: Buffer, scope: string, values: readonly unknown[]): string {
  const payload = Buffer.from(JSON.stringify([VERSION, values]));
  return Buffer.concat([tagOf(key, scope, payload), payload]).toString('base64url');
}

/** The values of {@link sealPlace}. @throws AuditError INVALID_CURSOR where the text is no place of this scope */
export function openPlace(key: Buffer, scope: string, cursor: string): readonly unknown[] {
  const {bytes, payload} = partsOf(cursor);
  if (
    bytes.toString('base64url') !== cursor ||
    payload.length === 0 ||
    !timingSafeEqual(bytes.subarray(0, TAG_BYTES), tagOf(key, scope, payload))
  ) {
    throw queryFault('cursor', 'INVALID_CURSOR', 'is not a cursor of this query', 'INVALID_CURSOR');
  }
  const [, values] = JSON.parse(payload.toString('utf8')) as [number, unknown[]];
  return values;
}

function partsOf(cursor: string): {bytes: Buffer; payload: Buffer} {
  const bytes = Buffer.from(cursor, 'base64url');
  return {bytes, payload: bytes.subarray(TAG_BYTES)};
}

const tagOf = (key: Buffer, scope: string, payload: Buffer): Buffer =>
  createHmac('sha256', key).update(scope).update('\0').update(payload).digest().subarray(0, TAG_BYTES);

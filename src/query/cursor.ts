import {createHmac, timingSafeEqual} from 'node:crypto';
import type {AuditEntry} from '@loopback-audit/audit-log';
import type {Operand} from '../models/condition';
import type {Selection} from '../models/selection';
import {queryFault} from './fault';

const VERSION = 1;
const TAG_BYTES = 16;

/** What a cursor is good for: it is refused under another tenant, condition or order. */
export interface CursorScope {
  tenantId: string;
  selection: Pick<Selection, 'condition' | 'order'>;
}

/**
 * The place after an entry, as opaque text: the values of the order's columns, authenticated with
 * HMAC-SHA-256 (RFC 2104) together with its scope.
 *
 * @param last the last entry of a page, with every property that the order names
 */
export function writeCursor(key: Buffer, scope: CursorScope, last: AuditEntry): string {
  const values = scope.selection.order.map(({column}) => last[column.property] ?? null);
  return sealPlace(key, scopeText(scope), values);
}

/** @throws AuditError INVALID_CURSOR where the text is no cursor of this scope */
export const readCursor = (key: Buffer, scope: CursorScope, cursor: string): readonly Operand[] =>
  openPlace(key, scopeText(scope), cursor);

const scopeText = ({tenantId, selection: {condition, order}}: CursorScope): string =>
  JSON.stringify([tenantId, condition, order]);

/** A place in a list as opaque text: values that lead to it, authenticated together with what the list is of. */
export function sealPlace(key: Buffer, scope: string, values: readonly unknown[]): string {
  const payload = Buffer.from(JSON.stringify([VERSION, values]));
  return Buffer.concat([tagOf(key, scope, payload), payload]).toString('base64url');
}

/** The values of {@link sealPlace}. @throws AuditError INVALID_CURSOR where the text is no place of this scope */
export function openPlace(key: Buffer, scope: string, cursor: string): readonly Operand[] {
  const bytes = Buffer.from(cursor, 'base64url');
  const payload = bytes.subarray(TAG_BYTES);
  if (
    bytes.toString('base64url') !== cursor ||
    payload.length === 0 ||
    !timingSafeEqual(bytes.subarray(0, TAG_BYTES), tagOf(key, scope, payload))
  ) {
    throw queryFault('cursor', 'INVALID_CURSOR', 'is not a cursor of this query', 'INVALID_CURSOR');
  }
  const [, values] = JSON.parse(payload.toString('utf8')) as [number, Operand[]];
  return values;
}

const tagOf = (key: Buffer, scope: string, payload: Buffer): Buffer =>
  createHmac('sha256', key).update(scope).update('\0').update(payload).digest().subarray(0, TAG_BYTES);

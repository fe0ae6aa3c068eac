import type {NewAuditEntry, ServiceGiven} from '@loopback-audit/audit-log';
import {recordId} from './entry-id';

const SERVICE_GIVEN: ReadonlySet<string> = new Set<ServiceGiven>([
  'recordedAt',
  'leafIndex',
  'leafHash',
  'salt',
]);

/**
 * What a caller may send of an exported entry: without what the service gives, and without nulls.
 * An entry without an id gets one from its place and content.
 */
export function newEntry(
  exported: Readonly<Record<string, unknown>>,
  file: string,
  place: number,
): NewAuditEntry & {id: string} {
  const given = Object.entries(exported).filter(
    ([property, value]) => !SERVICE_GIVEN.has(property) && value !== undefined && value !== null,
  );
  const entry = Object.fromEntries(given);
  const id = entry.id ?? recordId(file, place, JSON.stringify(exported));
  return {...entry, id} as NewAuditEntry & {id: string};
}

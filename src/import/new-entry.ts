import type {NewAuditEntry} from '@loopback-audit/audit-log';
import {SERVICE_GIVEN} from '../admission/property-rules';
import {recordId} from './entry-id';

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
    ([property, value]) =>
      !SERVICE_GIVEN.some(given => given === property) && value !== undefined && value !== null,
  );
  const entry = Object.fromEntries(given);
  const id = entry.id ?? recordId(file, place, JSON.stringify(exported));
  return {...entry, id} as NewAuditEntry & {id: string};
}

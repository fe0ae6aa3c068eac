import {isIP} from 'node:net';
import type {NewAuditEntry} from '@loopback-audit/audit-log';
import {validate as isUuid} from 'uuid';
import {recordId} from '../entry-id';
import {cloudTrailActor} from './actor';
import {cloudTrailEntity} from './entity';
import {cloudTrailOutcome} from './outcome';
import {type CloudTrailRecord, serviceOf, textAt} from './record';
import {cloudTrailWeight} from './weight';

/**
 * The entry of a CloudTrail record. Names stay AWS's own, since users search by them: the action is
 * `eventName` (`AssumeRole`), what was acted on is the service (`sts`), and the action group is
 * `eventSource`. The record itself is kept unchanged in `metadata.cloudtrail`. The id is `eventID`.
 */
export function cloudTrailEntry(
  record: CloudTrailRecord,
  file: string,
  place: number,
): NewAuditEntry & {id: string} {
  const eventId = textAt(record.eventID);
  const ip = textAt(record.sourceIPAddress);
  const actor = cloudTrailActor(record);
  const outcome = cloudTrailOutcome(record);
  const optional = {requestId: textAt(record.requestID), userAgent: textAt(record.userAgent)};
  return {
    id: eventId !== undefined && isUuid(eventId) ? eventId : recordId(file, place, JSON.stringify(record)),
    action: record.eventName,
    actionGroup: record.eventSource,
    actedOn: serviceOf(record.eventSource),
    actedAt: record.eventTime,
    serviceName: record.eventSource,
    ...actor,
    ...cloudTrailEntity(record),
    ...outcome,
    ...cloudTrailWeight(record, outcome.outcome),
    description: describe(record, actor.actorName ?? actor.actor, outcome.errorCode),
    ...(ip !== undefined && isIP(ip) !== 0 && {ip}),
    ...present(optional),
    metadata: {cloudtrail: record},
  };
}

function describe(record: CloudTrailRecord, who: string | undefined, errorCode: string | undefined): string {
  const call = `${who} called ${record.eventName} of ${serviceOf(record.eventSource)}`;
  return errorCode === undefined ? `${call}.` : `${call}, which failed with ${errorCode}.`;
}

const present = (properties: Record<string, string | undefined>): Partial<NewAuditEntry> =>
  Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== undefined));

import type {ActorType, AuditEntry} from '@loopback-audit/audit-log';
import {v7 as uuidV7} from 'uuid';
import {AuditError, type ErrorDetail} from '../errors';
import {ERASURE_ACTION} from '../models/erasure';
import {answeredTime, currentTime} from '../models/time';
import {checkProperty, isPlainObject} from './check-property';
import {PROPERTY_RULES, SERVICE_GIVEN} from './property-rules';

/** Who brings an entry: decides whose trail it enters, and stands in where the entry names no actor. */
export interface Bearer {
  tenantId: string;
  actor: string;
  actorType: ActorType;
  /** The request that brings the entry; it describes the act itself where the bearer is the actor. */
  context?: Pick<AuditEntry, 'requestId' | 'ip' | 'userAgent' | 'method' | 'path'>;
}

/** An entry on its way into the trail. */
export interface Admitted {
  entry: AuditEntry;
  /** The properties that the caller chose; the others were given by the service. */
  chosen: ReadonlySet<keyof AuditEntry>;
  /** Line or position (from 1) in the caller's batch. */
  line?: number;
}

/**
 * The one gate into the trail: checks an input, normalises it and fills in what it leaves out.
 *
 * @throws AuditError INVALID_ENTRY with every field at fault, TENANT_MISMATCH where the entry names
 * another tenant than its bearer's
 */
export function admit(input: unknown, bearer: Bearer): Admitted {
  const admitted = admitOwn(input, bearer);
  if (admitted.entry.action !== ERASURE_ACTION) return admitted;
  const detail = {field: 'action', code: 'GIVEN_BY_SERVICE', message: 'is recorded by the service alone'};
  throw new AuditError('INVALID_ENTRY', 'The entry cannot be stored.', [detail]);
}

/** The same for what the service itself records: it may tell of an erasure, and nobody else can. */
export function admitOwn(input: unknown, bearer: Bearer): Admitted {
  const {values, faults} = examine(input);
  if (faults.length > 0) throw new AuditError('INVALID_ENTRY', 'The entry cannot be stored.', faults);
  if (values.tenantId !== undefined && values.tenantId !== bearer.tenantId) {
    throw new AuditError('TENANT_MISMATCH', 'An entry goes into the trail of its own tenant alone.', [
      {field: 'tenantId', code: 'TENANT_MISMATCH', message: "is not the caller's tenant"},
    ]);
  }
  const chosen = new Set(Object.keys(values) as (keyof AuditEntry)[]);
  const now = answeredTime(currentTime());
  const ownAct = values.actor === undefined || values.actor === bearer.actor;
  const given = {
    ...(ownAct && bearer.context),
    id: values.id ?? uuidV7(),
    tenantId: bearer.tenantId,
    actedAt: now,
    actor: bearer.actor,
    actorType: ownAct ? bearer.actorType : 'user',
    outcome: 'success',
    severity: 'info',
  };
  return {entry: {...given, ...values, recordedAt: now} as AuditEntry, chosen};
}

/** The values of a new entry, and everything that is wrong with it. Properties that are `null` count as absent. */
function examine(input: unknown): {values: Record<string, unknown>; faults: ErrorDetail[]} {
  const values: Record<string, unknown> = {};
  if (!isPlainObject(input)) {
    return {values, faults: [{field: 'body', code: 'INVALID_TYPE', message: 'must be a JSON object'}]};
  }
  const faults: ErrorDetail[] = [];
  for (const [field, value] of Object.entries(input)) {
    const fault = nameFault(field);
    if (fault) {
      faults.push(fault);
    } else if (value !== null && value !== undefined) {
      const checked = checkProperty(field, value, PROPERTY_RULES[field as keyof typeof PROPERTY_RULES]);
      if ('fault' in checked) faults.push(checked.fault);
      else values[field] = checked.value;
    }
  }
  for (const field of ['action', 'actor'] as const) {
    if (values[field] === '') faults.push({field, code: 'REQUIRED', message: 'must not be empty'});
  }
  if (input.action === undefined || input.action === null) {
    faults.push({field: 'action', code: 'REQUIRED', message: 'is missing'});
  }
  return {values, faults: faults.slice(0, 100)};
}

function nameFault(field: string): ErrorDetail | undefined {
  if (Object.hasOwn(PROPERTY_RULES, field)) return undefined;
  const shown = field.slice(0, 64).toWellFormed().replaceAll('\0', '\ufffd');
  return SERVICE_GIVEN.some(given => given === field)
    ? {field: shown, code: 'GIVEN_BY_SERVICE', message: 'is given by the service; leave it out'}
    : {field: shown, code: 'UNKNOWN_PROPERTY', message: 'is not a property of an entry'};
}

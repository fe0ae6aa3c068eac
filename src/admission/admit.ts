import type {ActorType, AuditEntry} from '@loopback-audit/audit-log';
import {v7 as uuidV7} from 'uuid';
import {AuditError, type ErrorDetail} from '../errors';
import {ALERT_ACTIONS, RULE_ACTIONS} from '../models/detection-rule';
import {LOG_ACTIONS} from '../models/read-kind';
import {answeredTime, currentTime} from '../models/time';
import {checkProperty, isPlainObject} from './check-property';
import {PROPERTY_RULES, SERVICE_GIVEN} from './property-rules';

/** What the service alone tells of, in whatever case it is written. */
const OF_THE_SERVICE = [ALERT_ACTIONS, RULE_ACTIONS, LOG_ACTIONS];

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
  const action = admitted.entry.action.toLowerCase();
  if (!OF_THE_SERVICE.some(start => action.startsWith(start))) return admitted;
  throw refused([{field: 'action', code: 'GIVEN_BY_SERVICE', message: 'is recorded by the service alone'}]);
}

/** The same for what the service itself records: it may tell of readings, erasures, alerts and rules, and nobody else can. */
export function admitOwn(input: unknown, bearer: Bearer): Admitted {
  if (!isPlainObject(input)) {
    throw refused([{field: 'body', code: 'INVALID_TYPE', message: 'must be a JSON object'}]);
  }
  const now = answeredTime(currentTime());
  const {tenantId, actor, actorType} = bearer;
  // One shape for all entries, with what every entry has, is what makes this quick.
  const entry: Required<Pick<AuditEntry, AlwaysPresent>> & Record<string, unknown> = {
    id: '',
    tenantId,
    action: '',
    actedAt: now,
    recordedAt: now,
    actor,
    actorType,
    outcome: 'success',
    severity: 'info',
  };
  const chosen = takeOver(input, entry);
  if (entry.tenantId !== tenantId) {
    throw new AuditError('TENANT_MISMATCH', 'An entry goes into the trail of its own tenant alone.', [
      {field: 'tenantId', code: 'TENANT_MISMATCH', message: "is not the caller's tenant"},
    ]);
  }
  if (entry.id === '') entry.id = uuidV7();
  if (entry.actor === actor) addContext(entry, bearer.context ?? {});
  else if (!chosen.has('actorType')) entry.actorType = 'user';
  return {entry, chosen};
}

/** What every entry has. */
type AlwaysPresent =
  | 'id'
  | 'tenantId'
  | 'action'
  | 'actedAt'
  | 'recordedAt'
  | 'actor'
  | 'actorType'
  | 'outcome'
  | 'severity';

const refused = (faults: ErrorDetail[]) =>
  new AuditError('INVALID_ENTRY', 'The entry cannot be stored.', faults.slice(0, NAMED_FAULTS));

/** Faults of an entry that are named; there may be more. */
const NAMED_FAULTS = 100;

/**
 * Takes the properties of an input over into an entry, and answers which they are. Properties that are `null` count as
 * absent.
 */
function takeOver(input: Record<string, unknown>, entry: Record<string, unknown>): Admitted['chosen'] {
  const chosen = new Set<string>();
  const faults: ErrorDetail[] = [];
  for (const field of Object.keys(input)) {
    const value = input[field];
    const fault = nameFault(field);
    if (fault) {
      faults.push(fault);
    } else if (value !== null && value !== undefined) {
      const checked = checkProperty(field, value, PROPERTY_RULES[field as keyof typeof PROPERTY_RULES]);
      if ('fault' in checked) faults.push(checked.fault);
      else {
        entry[field] = checked.value;
        chosen.add(field);
      }
    }
  }
  for (const field of ['action', 'actor']) {
    if (chosen.has(field) && entry[field] === '') {
      faults.push({field, code: 'REQUIRED', message: 'must not be empty'});
    }
  }
  if (input.action === undefined || input.action === null) {
    faults.push({field: 'action', code: 'REQUIRED', message: 'is missing'});
  }
  if (faults.length > 0) throw refused(faults);
  return chosen as Set<keyof AuditEntry>;
}

/** The context of the request describes the act itself: it fills in what the entry leaves out. */
function addContext(entry: Record<string, unknown>, context: NonNullable<Bearer['context']>): void {
  for (const [property, value] of Object.entries(context)) entry[property] ??= value;
}

function nameFault(field: string): ErrorDetail | undefined {
  if (Object.hasOwn(PROPERTY_RULES, field)) return undefined;
  const shown = field.slice(0, 64).toWellFormed().replaceAll('\0', '\ufffd');
  return SERVICE_GIVEN.some(given => given === field)
    ? {field: shown, code: 'GIVEN_BY_SERVICE', message: 'is given by the service; leave it out'}
    : {field: shown, code: 'UNKNOWN_PROPERTY', message: 'is not a property of an entry'};
}

import {currentContext} from '../context/audit-context';
import {jsonOfProperties} from '../diff/json-of';
import {masking, withheld} from '../diff/mask';
import type {JsonObject} from '../entry';
import {entryId} from '../entry-id';
import {moment} from '../moment';
import type {SinkEntry} from '../sinks/audit-sink';
import type {ExtraColumns} from '../types';
import type {ActorType, Outcome, Severity} from '../vocabulary';

/** Something that happened, in the words of application code. */
export interface AuditEvent
  extends Omit<ExtraColumns, 'actor' | 'actorType' | 'actedOn' | 'entityId' | 'metadata'> {
  /** `resource.verb`, such as `user.login`. */
  action: string;
  /** Who did it; the actor of the context, or the system, where it is left out. */
  actor?: string | {id: string; type?: ActorType; email?: string; name?: string};
  /** On what: its type, or type and id. */
  resource?: string | {type: string; id?: string};
  outcome?: Outcome;
  /** Why it ended so. */
  reason?: string;
  severity?: Severity;
  /** Free JSON, kept as metadata; values under names such as `password` are withheld. */
  details?: object;
  before?: object;
  after?: object;
}

/**
 * The entry of an event in the present context.
 *
 * @throws TypeError where details or states refer to themselves
 */
export function entryOf({actor, resource, details, before, after, ...event}: AuditEvent): SinkEntry {
  const who = typeof actor === 'string' ? {id: actor} : actor;
  const what = typeof resource === 'string' ? {type: resource} : resource;
  const context = currentContext();
  return {
    ...context,
    ...event,
    id: entryId(),
    actedAt: moment(),
    actor: who?.id ?? context.actor ?? 'system',
    actorType: who
      ? (who.type ?? 'user')
      : (context.actorType ?? (context.actor === undefined ? 'system' : 'user')),
    ...(who?.email && {actorEmail: who.email}),
    ...(who?.name && {actorName: who.name}),
    ...(what && {actedOn: what.type, ...(what.id !== undefined && {entityId: what.id})}),
    ...(details && {metadata: shown('details', details)}),
    ...(before && {before: shown('before', before)}),
    ...(after && {after: shown('after', after)}),
  };
}

/** An object as an entry shows it: as JSON, with what is secret withheld. */
function shown(name: string, value: object): JsonObject {
  try {
    return withheld(jsonOfProperties(value as Record<string, unknown>), masking());
  } catch (error) {
    // What refers to itself has no end, and the stack has one.
    if (!(error instanceof RangeError)) throw error;
    throw new TypeError(`\`${name}\` has no JSON: it refers to itself, or is nested too deeply.`, {
      cause: error,
    });
  }
}

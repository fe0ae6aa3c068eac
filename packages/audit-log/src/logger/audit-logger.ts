import {BindingScope, inject, injectable} from '@loopback/core';
import {type AuditContext, currentContext, withContext} from '../context/audit-context';
import {jsonOfProperties} from '../diff/json-of';
import {masking, withheld} from '../diff/mask';
import {entryId} from '../entry-id';
import {AuditBindings} from '../keys';
import {moment} from '../moment';
import type {AuditSink, SinkEntry} from '../sinks/audit-sink';
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

/** Records what is not a change of a repository. */
@injectable({scope: BindingScope.SINGLETON})
export class AuditLogger {
  constructor(@inject(AuditBindings.SINK) private readonly sink: AuditSink) {}

  /** Records an event, and resolves when the sink has it. */
  async record(event: AuditEvent): Promise<void> {
    await this.sink.deliver([entryOf(event)], {});
  }

  /** Runs `work` in a context to which `context` is added; what it records carries it. */
  withContext<T>(context: AuditContext, work: () => T): T {
    return withContext(context, work);
  }

  logLogin(userId: string, success: boolean, details?: object): Promise<void> {
    return this.record({
      action: 'user.login',
      actor: {id: userId, type: 'user'},
      resource: 'session',
      outcome: success ? 'success' : 'failure',
      category: 'auth',
      ...(details && {details}),
    });
  }

  logDataAccess(actorId: string, resourceType: string, resourceId: string): Promise<void> {
    return this.record({
      action: `${resourceType}.read`,
      actor: {id: actorId, type: 'user'},
      resource: {type: resourceType, id: resourceId},
      category: 'data',
    });
  }

  logDataChange(
    actorId: string,
    resourceType: string,
    resourceId: string,
    action: 'create' | 'update' | 'delete',
    changes: {before?: object; after?: object} = {},
  ): Promise<void> {
    return this.record({
      action: `${resourceType}.${action}`,
      actor: {id: actorId, type: 'user'},
      resource: {type: resourceType, id: resourceId},
      category: 'data',
      ...changes,
    });
  }
}

function entryOf({actor, resource, details, before, after, ...event}: AuditEvent): SinkEntry {
  const who = typeof actor === 'string' ? {id: actor} : actor;
  const what = typeof resource === 'string' ? {type: resource} : resource;
  const json = (value: object) => withheld(jsonOfProperties(value as Record<string, unknown>), masking());
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
    ...(details && {metadata: json(details)}),
    ...(before && {before: json(before)}),
    ...(after && {after: json(after)}),
  };
}

import {BindingScope, inject, injectable} from '@loopback/core';
import type {Transaction} from '@loopback/repository';
import {type AuditContext, withContext} from '../context/audit-context';
import {AuditBindings} from '../keys';
import type {AuditSink} from '../sinks/audit-sink';
import {type AuditEvent, entryOf} from './audit-event';

/** How an event is recorded. */
export interface RecordOptions {
  /**
   * Makes the entry a part of the transaction: both are committed or neither. Where the sink is neither the
   * outbox nor a repository of the transaction's datasource, the entry goes at once.
   */
  transaction?: Transaction;
}

/** Records what is not a change of a repository. */
@injectable({scope: BindingScope.SINGLETON})
export class AuditLogger {
  constructor(@inject(AuditBindings.SINK) private readonly sink: AuditSink) {}

  /**
   * Records an event, and resolves when the sink has it.
   *
   * @throws TypeError where details or states refer to themselves; and what the sink throws
   */
  async record(event: AuditEvent, {transaction}: RecordOptions = {}): Promise<void> {
    await this.sink.deliver([entryOf(event)], transaction ? {transaction} : {});
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

import {BindingKey, CoreBindings} from '@loopback/core';
import type {AuditLogComponent} from './component';
import type {AuditLogger} from './logger/audit-logger';
import type {AuditSink} from './sinks/audit-sink';
import type {ActorId} from './types';

/** The keys under which the companion's parts are bound. */
export namespace AuditBindings {
  export const COMPONENT = BindingKey.create<AuditLogComponent>(
    `${CoreBindings.COMPONENTS}.AuditLogComponent`,
  );
  /** The property of the current user that names the actor; `id` where nothing is bound. */
  export const ActorIdKey = BindingKey.create<ActorId>('sf.audit.actorid');
  /** Where the entries of the logger go. */
  export const SINK = BindingKey.create<AuditSink>('audit-log.sink');
  /**
   * Whose requests they are, resolved in the context of each; the `tenantId` of the current user where nothing is
   * bound, or nothing comes of it.
   */
  export const TENANT = BindingKey.create<string | undefined>('audit-log.tenant');
  export const LOGGER = BindingKey.create<AuditLogger>('audit-log.logger');
}

import type {Context} from '@loopback/core';
import type {MaskSettings} from './diff/mask';
import {AuditBindings} from './keys';
import type {Rejected} from './outbox/outbox-relay';
import type {AuditSink} from './sinks/audit-sink';
import type {Delivery} from './sinks/delivery';

/** Options of the companion: `app.configure(AuditBindings.COMPONENT).to({…})`. */
export interface AuditLogOptions {
  /** Names of the datasources, on PostgreSQL, whose repositories record into an outbox beside their entities. */
  outbox?: readonly string[];
  /** Makes the outbox at the start where it is missing; by default it does. */
  createOutbox?: boolean;
  /** Where a relay of this process takes what is in the outboxes; without it a relay elsewhere does. */
  relayTo?: AuditSink;
  /**
   * Where everything else goes: what repositories on datasources without an outbox record, unless their mixin
   * names a sink, and what the logger does. Without it the logger's entries go into the first outbox, or to the
   * repository of audit logs on the datasource `AuditDB`, and a repository must say itself where to record.
   */
  sink?: AuditSink;
  /** How surely changes are followed by their entries in `sink`; the sink's own way where it is left out. */
  delivery?: Delivery;
  /** Names that are withheld, or shown, in every entry of the process, beside those that are withheld by default. */
  masks?: MaskSettings;
  /** Told of what a relay failed to do and will try again. */
  onRelayError?: (error: unknown) => void;
  /** Told of entries that a relay has laid aside, for `relayTo` will never take them. */
  onRejected?: (rejected: readonly Rejected[]) => void;
}

/** The options as they are when they are asked for, so that they may be given after the component. */
export const auditLogOptions = async (context: Context): Promise<AuditLogOptions> =>
  (await context.getConfig<AuditLogOptions>(AuditBindings.COMPONENT)) ?? {};

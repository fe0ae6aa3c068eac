import type {SinkEntry} from '../sinks/audit-sink';
import {deliveryFailures} from '../sinks/delivery-failures';
import {type AuditEvent, entryOf} from './audit-event';
import type {AuditLogger} from './audit-logger';

/** What has the logger that a decorated method records by. */
export interface Audited {
  auditLogger: Pick<AuditLogger, 'record'>;
}

type Description = Partial<Omit<AuditEvent, 'action'>>;
type Described<A extends unknown[], T> = Description | ((args: A, result?: T) => Description);

/**
 * Records each call of an asynchronous method, its success and its failure, by the `auditLogger` of its object.
 * A failure is recorded with its message as the reason.
 *
 * The call ends as the method ends, when the entry has been recorded: what the method did stands, so that a
 * failure to record or to describe it is told by `deliveryFailures` and changes neither result nor error.
 *
 * The decorated method always returns a promise. TypeScript refuses it on a method that does not; in plain
 * JavaScript its callers must wait for it from then on.
 *
 * @param action `resource.verb`, such as `invoice.approve`
 * @param described more of the event, or how to tell it from the arguments and the result
 */
export function audited<A extends unknown[], T>(action: string, described: Described<A, T> = {}) {
  const describe = typeof described === 'function' ? described : () => described;
  return (
    _prototype: object,
    _name: string,
    descriptor: TypedPropertyDescriptor<(...args: A) => Promise<T>>,
  ): void => {
    const method = descriptor.value;
    if (!method) throw new TypeError('@audited() decorates methods.');
    descriptor.value = async function (this: unknown, ...args: A): Promise<T> {
      let result: T;
      try {
        result = await method.apply(this, args);
      } catch (error) {
        const description = {...toldBy(() => describe(args)), ...toldBy(() => ({reason: reasonOf(error)}))};
        await record(this, {...description, action, outcome: 'failure'});
        throw error;
      }
      const description = toldBy(() => describe(args, result));
      await record(this, {outcome: 'success', ...description, action});
      return result;
    };
  };
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** What the host tells of a call; nothing but what is known without, where telling it fails. */
function toldBy(describe: () => Description): Description {
  try {
    return describe();
  } catch (error) {
    deliveryFailures.report({entries: [], error});
    return {};
  }
}

async function record(audited: unknown, event: AuditEvent): Promise<void> {
  try {
    await (audited as Audited).auditLogger.record(event);
  } catch (error) {
    deliveryFailures.report({entries: entriesOf(event), error});
  }
}

/** The entry that could not be recorded; none, where it is the event that has no entry. */
function entriesOf(event: AuditEvent): SinkEntry[] {
  try {
    return [entryOf(event)];
  } catch {
    return [];
  }
}

import type {AuditEvent, AuditLogger} from './audit-logger';

/** What has the logger that a decorated method records by. */
export interface Audited {
  auditLogger: Pick<AuditLogger, 'record'>;
}

type Described<A extends unknown[], T> =
  | Partial<Omit<AuditEvent, 'action'>>
  | ((args: A, result?: T) => Partial<Omit<AuditEvent, 'action'>>);

/**
 * Records each call of an asynchronous method, its success and its failure, by the `auditLogger` of its object.
 * A failure is recorded with its message as the reason, and thrown as it is.
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
      const {auditLogger} = this as Audited;
      let result: T;
      try {
        result = await method.apply(this, args);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        await auditLogger.record({...describe(args), action, outcome: 'failure', reason});
        throw error;
      }
      await auditLogger.record({outcome: 'success', ...describe(args, result), action});
      return result;
    };
  };
}

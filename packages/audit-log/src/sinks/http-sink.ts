import type {AuditSink, SinkEntry} from './audit-sink';

export interface HttpSinkOptions {
  /** Where the audit service is, its base path included. */
  url: string;
  /**
   * A bearer token with the permission CreateAudit in the trail of a tenant, or, for entries that name none, in
   * the trail that they shall enter; asked for with every request, so that it may be renewed.
   */
  token: (tenantId?: string) => string | Promise<string>;
  /** Entries of one request at most. */
  batchSize?: number;
  /** Longest time of a request, in milliseconds. */
  timeoutMs?: number;
}

/** A request that the audit service has refused or not answered. */
export class AuditServiceError extends Error {
  override readonly name = 'AuditServiceError';

  constructor(
    message: string,
    /** Absent where there was no answer. */
    readonly statusCode?: number,
    readonly code?: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

interface Waiting {
  entries: readonly SinkEntry[];
  resolve: () => void;
  reject: (error: unknown) => void;
}

/**
 * Entries to the audit service by HTTP. Calls that come while a request is under way share the next one, where
 * their entries are one tenant's; connections are kept alive. Nothing is tried again here: the outbox and the journal do that.
 */
export class HttpSink implements AuditSink {
  private waiting: Waiting[] = [];
  private sending = false;

  constructor(private readonly options: HttpSinkOptions) {}

  deliver(entries: readonly SinkEntry[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting.push({entries, resolve, reject});
      if (!this.sending) void this.send();
    });
  }

  private async send(): Promise<void> {
    this.sending = true;
    while (this.waiting.length > 0) {
      const calls = this.nextCalls();
      try {
        await this.postAll(calls.flatMap(({entries}) => entries));
        for (const call of calls) call.resolve();
      } catch (error) {
        if (calls.length > 1 && isRefusal(error)) await this.sendOneByOne(calls);
        else for (const call of calls) call.reject(error);
      }
    }
    this.sending = false;
  }

  /** Whole calls, as many as fit into a request; at least one. */
  private nextCalls(): Waiting[] {
    const {batchSize = 1_000} = this.options;
    let size = 0;
    const end = this.waiting.findIndex(({entries}, i) => {
      size += entries.length;
      return i > 0 && size > batchSize;
    });
    return this.waiting.splice(0, end === -1 ? this.waiting.length : end);
  }

  /** A refused entry fails the call that brought it, not those that shared its request. */
  private async sendOneByOne(calls: readonly Waiting[]): Promise<void> {
    for (const {entries, resolve, reject} of calls) await this.postAll(entries).then(resolve, reject);
  }

  /** A request for each tenant, for a token opens the trail of one alone. */
  private async postAll(entries: readonly SinkEntry[]): Promise<void> {
    const byTenant = new Map<string | undefined, SinkEntry[]>();
    for (const entry of entries) {
      const own = byTenant.get(entry.tenantId);
      if (own) own.push(entry);
      else byTenant.set(entry.tenantId, [entry]);
    }
    for (const [tenantId, own] of byTenant) await this.post(own, await this.options.token(tenantId));
  }

  private async post(entries: readonly SinkEntry[], token: string): Promise<void> {
    const {url, timeoutMs = 30_000} = this.options;
    const response = await fetch(`${url.replace(/\/$/, '')}/audit-logs/batch`, {
      method: 'POST',
      headers: {authorization: `Bearer ${token}`, 'content-type': 'application/x-ndjson'},
      body: entries.map(entry => `${JSON.stringify(entry)}\n`).join(''),
      signal: AbortSignal.timeout(timeoutMs),
    }).catch(error => {
      throw new AuditServiceError('The audit service does not answer.', undefined, undefined, {cause: error});
    });
    const text = await response.text();
    if (response.ok) return;
    const {code, message} = errorOf(text);
    throw new AuditServiceError(`The audit service refuses: ${message}`, response.status, code);
  }
}

const isRefusal = (error: unknown): boolean =>
  error instanceof AuditServiceError && error.statusCode !== undefined && error.statusCode < 500;

/** What the service's answer says is wrong, each field at fault included. */
function errorOf(text: string): {code?: string; message: string} {
  try {
    const {error} = JSON.parse(text) as {error: ServiceFault};
    const fields = (error.details ?? []).map(({field, message}) => `${field} ${message}`);
    return {...error, message: [error.message, ...fields].join(' ')};
  } catch {
    return {message: 'it says nothing that can be read'};
  }
}

interface ServiceFault {
  code?: string;
  message: string;
  details?: {field: string; message: string}[];
}

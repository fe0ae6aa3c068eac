import {AuditServiceError, errorOfAnswer} from './audit-service-error';
import type {AuditSink, SinkEntry} from './audit-sink';
import {isRefusal} from './failure';

export interface HttpSinkOptions {
  /** Where the audit service is, its base path included. */
  url: string;
  /**
   * A bearer token with the permission CreateAudit in the trail of a tenant, or, for entries that name none, in
   * the trail that they shall enter; asked for with every request, so that it may be renewed.
   */
  token: (tenantId?: string) => string | Promise<string>;
  /** Entries of one request at most, 1000 by default. */
  batchSize?: number;
  /** Bytes of one request at most, 4 MiB by default; an entry that is larger goes alone. */
  batchBytes?: number;
  /** Longest time of a request, in milliseconds, 30000 by default. */
  timeoutMs?: number;
}

/** An entry as it is sent. */
interface Line {
  tenantId: string | undefined;
  text: string;
}

/** The entries of one call, which wait to be sent. */
interface Waiting {
  lines: readonly Line[];
  resolve: () => void;
  reject: (error: unknown) => void;
}

/**
 * Entries to the audit service by HTTP. Calls that come while a request is under way share the next one, where
 * their entries are one tenant's; a call that is too large for one is sent in several; connections are kept
 * alive. Nothing is tried again here: the outbox and the journal do that.
 */
export class HttpSink implements AuditSink {
  private waiting: Waiting[] = [];
  private sending = false;

  constructor(private readonly options: HttpSinkOptions) {}

  /** @throws AuditServiceError where the service refuses or does not answer; a part may have been stored then */
  deliver(entries: readonly SinkEntry[]): Promise<void> {
    return new Promise((resolve, reject) => {
      const lines = entries.map(entry => ({tenantId: entry.tenantId, text: `${JSON.stringify(entry)}\n`}));
      this.waiting.push({lines, resolve, reject});
      if (!this.sending) void this.send();
    });
  }

  private async send(): Promise<void> {
    this.sending = true;
    while (this.waiting.length > 0) {
      const calls = this.nextCalls();
      try {
        await this.postAll(calls.flatMap(({lines}) => lines));
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
    const room = this.room();
    const end = this.waiting.findIndex(({lines}, i) => {
      const fits = lines.every(line => room.take(line));
      return i > 0 && !fits;
    });
    return this.waiting.splice(0, end === -1 ? this.waiting.length : end);
  }

  /** A refused entry fails the call that brought it, not those that shared its request. */
  private async sendOneByOne(calls: readonly Waiting[]): Promise<void> {
    for (const {lines, resolve, reject} of calls) await this.postAll(lines).then(resolve, reject);
  }

  /** Sends the lines of each tenant by themselves, for a token opens the trail of one alone. */
  private async postAll(lines: readonly Line[]): Promise<void> {
    const byTenant = new Map<string | undefined, Line[]>();
    for (const line of lines) {
      const own = byTenant.get(line.tenantId);
      if (own) own.push(line);
      else byTenant.set(line.tenantId, [line]);
    }
    for (const [tenantId, own] of byTenant) {
      for (const body of this.bodiesOf(own)) await this.post(body, await this.options.token(tenantId));
    }
  }

  /** Lines as the bodies of as many requests as they need, in order. */
  private *bodiesOf(lines: readonly Line[]): Generator<string> {
    let room = this.room();
    let body = '';
    for (const line of lines) {
      if (!room.take(line) && body !== '') {
        yield body;
        room = this.room();
        room.take(line);
        body = '';
      }
      body += line.text;
    }
    if (body !== '') yield body;
  }

  /** What a request can hold. */
  private room() {
    const {batchSize = 1_000, batchBytes = 4 << 20} = this.options;
    let entries = 0;
    let bytes = 0;
    return {
      /** Whether the line fits, too. */
      take({text}: Line): boolean {
        entries += 1;
        bytes += Buffer.byteLength(text);
        return entries <= batchSize && bytes <= batchBytes;
      },
    };
  }

  private async post(body: string, token: string): Promise<void> {
    const {url, timeoutMs = 30_000} = this.options;
    const headers = {authorization: `Bearer ${token}`, 'content-type': 'application/x-ndjson'};
    const answer = await exchange(`${url.replace(/\/$/, '')}/audit-logs/batch`, headers, body, timeoutMs);
    if (!answer.ok) throw errorOfAnswer(answer.status, answer.retryAfter, answer.text);
  }
}

async function exchange(url: string, headers: Record<string, string>, body: string, timeoutMs: number) {
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    const response = await fetch(url, {method: 'POST', headers, body, signal});
    const {ok, status} = response;
    return {ok, status, retryAfter: response.headers.get('retry-after'), text: await response.text()};
  } catch (cause) {
    throw new AuditServiceError('The audit service does not answer.', {}, {cause});
  }
}

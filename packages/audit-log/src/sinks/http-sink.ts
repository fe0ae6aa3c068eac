import {AuditServiceError, errorOfAnswer} from './audit-service-error';
import type {AuditSink, SinkEntry} from './audit-sink';
import {isRefusal} from './failure';

export interface HttpSinkOptions {
  /** Where the audit service is, its base path included. */
  url: string;
  /** A bearer token with the permission CreateAudit; asked for with every request, so that it may be renewed. */
  token: () => string | Promise<string>;
  /** Entries of one request at most, 1000 by default. */
  batchSize?: number;
  /** Bytes of one request at most, 4 MiB by default; an entry that is larger goes alone. */
  batchBytes?: number;
  /** Longest time of a request, in milliseconds, 30000 by default. */
  timeoutMs?: number;
}

/** Entries of one call, one a line, which wait to be sent. */
interface Waiting {
  lines: readonly string[];
  resolve: () => void;
  reject: (error: unknown) => void;
}

/**
 * Entries to the audit service by HTTP. Calls that come while a request is under way share the next one, a call
 * that is too large for one is sent in several; connections are kept alive. Nothing is tried again here: the
 * outbox and the journal do that.
 */
export class HttpSink implements AuditSink {
  private waiting: Waiting[] = [];
  private sending = false;

  constructor(private readonly options: HttpSinkOptions) {}

  /** @throws AuditServiceError where the service refuses or does not answer; a part may have been stored then */
  deliver(entries: readonly SinkEntry[]): Promise<void> {
    return new Promise((resolve, reject) => {
      const lines = entries.map(entry => `${JSON.stringify(entry)}\n`);
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

  /** Sends lines in as many requests as they need, one after the other. */
  private async postAll(lines: readonly string[]): Promise<void> {
    for (let from = 0; from < lines.length; ) {
      const room = this.room();
      let to = from;
      while (to < lines.length && (room.take(lines[to] ?? '') || to === from)) to += 1;
      await this.post(lines.slice(from, to).join(''));
      from = to;
    }
  }

  /** What a request can hold. */
  private room() {
    const {batchSize = 1_000, batchBytes = 4 << 20} = this.options;
    let entries = 0;
    let bytes = 0;
    return {
      /** Whether the line fits, too. */
      take(line: string): boolean {
        entries += 1;
        bytes += Buffer.byteLength(line);
        return entries <= batchSize && bytes <= batchBytes;
      },
    };
  }

  private async post(body: string): Promise<void> {
    const {url, token, timeoutMs = 30_000} = this.options;
    const headers = {authorization: `Bearer ${await token()}`, 'content-type': 'application/x-ndjson'};
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

import assert from 'node:assert/strict';
import {randomInt, randomUUID} from 'node:crypto';
import type {AuditEntry} from '@loopback-audit/audit-log';
import {type Answer, type SendOptions, send} from './send';
import {testToken} from './test-token';

type Receipt = Pick<AuditEntry, 'id' | 'leafIndex' | 'leafHash' | 'salt' | 'recordedAt'>;

/** Writers that keep what they were told, and send again what they were not answered. */
export class WriteLoad {
  /** What was acknowledged, by tenant and id. */
  readonly acknowledged = new Map<string, Map<string, Receipt>>();
  /** Every entry that was ever sent, by tenant. */
  readonly sent = new Map<string, Set<string>>();
  private readonly unanswered = new Map<string, object[][]>();

  constructor(readonly tenants: readonly string[]) {
    for (const tenant of tenants) {
      this.acknowledged.set(tenant, new Map());
      this.sent.set(tenant, new Set());
      this.unanswered.set(tenant, []);
    }
  }

  /** Writes single entries and batches for one tenant until it is told to stop. */
  async write(tenantId: string, url: () => string | undefined, stop: AbortSignal): Promise<void> {
    const token = await testToken({tenantId});
    while (!stop.aborted) {
      const again = this.unanswered.get(tenantId)?.pop();
      const entries = again ?? this.fresh(tenantId, Math.random() < 0.7 ? 1 : randomInt(2, 400));
      const answer = await this.send(url(), token, entries);
      if (answer?.status === 200) this.keep(tenantId, receiptsOf(answer));
      else {
        // Whether it was stored nobody knows: the same entries are sent again.
        assert.ok(!answer || answer.status === 503, answer?.text);
        this.unanswered.get(tenantId)?.push(entries);
        await new Promise(later => setTimeout(later, 5));
      }
    }
  }

  /** Sends everything again that was never answered. */
  async finish(url: string): Promise<void> {
    for (const [tenantId, lost] of this.unanswered) {
      const token = await testToken({tenantId});
      for (const entries of lost.splice(0)) {
        const answer = await this.send(url, token, entries);
        assert.equal(answer?.status, 200, answer?.text);
        if (answer) this.keep(tenantId, receiptsOf(answer));
      }
    }
  }

  private fresh(tenantId: string, count: number): object[] {
    return Array.from({length: count}, () => {
      const id = randomUUID();
      this.sent.get(tenantId)?.add(id);
      return {id, action: 'a.b', actedOn: 'order', reason: 'x'.repeat(randomInt(0, 400))};
    });
  }

  private async send(url: string | undefined, token: string, entries: object[]): Promise<Answer | undefined> {
    if (url === undefined) return undefined;
    const [path, options]: [string, SendOptions] =
      entries.length === 1
        ? ['/audit-logs', {body: entries[0]}]
        : ['/audit-logs/batch?receipts=true', {body: entries}];
    return send(`${url}${path}`, {...options, token}).catch(() => undefined);
  }

  private keep(tenantId: string, receipts: readonly Receipt[]): void {
    const known = this.acknowledged.get(tenantId);
    for (const receipt of receipts) {
      const {id, leafIndex, leafHash, salt, recordedAt} = receipt;
      const kept = {id, leafIndex, leafHash, salt, recordedAt} as Receipt;
      const before = known?.get(id);
      if (before) assert.deepEqual(kept, before, 'an entry has one receipt');
      known?.set(id, kept);
    }
  }
}

const receiptsOf = ({json}: Answer): Receipt[] =>
  (json as {receipts?: Receipt[]}).receipts ?? [json as Receipt];

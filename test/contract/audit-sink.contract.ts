import assert from 'node:assert/strict';
import {randomUUID} from 'node:crypto';
import {after, before, describe, test} from 'node:test';
import type {AuditEntry, AuditSink, SinkEntry} from '@loopback-audit/audit-log';

export interface SinkUnderTest {
  sink: AuditSink;
  /** What has arrived, once `count` entries have. */
  arrived(count: number): Promise<Partial<AuditEntry>[]>;
  close(): Promise<void>;
}

export const sinkEntry = (more: Partial<SinkEntry> = {}): SinkEntry => ({
  id: randomUUID(),
  action: 'order.pay',
  actor: 'jane',
  actorType: 'user',
  actedAt: '2026-01-02T03:04:05.678Z',
  tenantId: 'acme',
  outcome: 'success',
  severity: 'info',
  actedOn: 'order',
  entityId: '1',
  before: {state: 'open', note: 'a "quoted", line\nbroken'},
  after: {state: 'paid', note: 'ü 🙂'},
  changedFields: ['state', 'note'],
  ...more,
});

/** What every sink promises. */
export function auditSinkContract(name: string, open: () => Promise<SinkUnderTest>): void {
  describe(name, () => {
    let under: SinkUnderTest;
    before(async () => {
      under = await open();
    });
    after(() => under.close());

    test('keeps entries as they are', async () => {
      const entries = Array.from({length: 5}, (_, i) => sinkEntry({entityId: String(i)}));
      await under.sink.deliver(entries, {});
      const arrived = new Map((await under.arrived(5)).map(entry => [entry.id, entry]));
      for (const entry of entries) {
        for (const [property, value] of Object.entries(entry)) {
          assert.deepEqual(arrived.get(entry.id)?.[property as keyof AuditEntry], value, property);
        }
      }
    });

    test('takes many callers at once', async () => {
      await Promise.all(Array.from({length: 50}, () => under.sink.deliver([sinkEntry()], {})));
      assert.equal((await under.arrived(55)).length, 55);
    });

    test('keeps an entry once that it is given twice', async () => {
      const entry = sinkEntry();
      await under.sink.deliver([entry], {});
      await under.arrived(56);
      await under.sink.deliver([entry], {});
      await under.sink.deliver([sinkEntry(), entry, sinkEntry()], {});
      const arrived = await under.arrived(58);
      assert.equal(arrived.length, 58);
      assert.equal(arrived.filter(({id}) => id === entry.id).length, 1);
    });
  });
}

import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import type {AuditEntry} from '@loopback-audit/audit-log';
import {commitment, commitmentsOf, ERASABLE, leafData, leafHash} from '../../../dist/integrity/leaf';
import {fullEntry} from '../sample-entry';

const sampleEntry = fullEntry(1);
const salt = Buffer.alloc(16, 3);
const hashOf = (entry: Partial<AuditEntry>) => leafHash(entry, commitmentsOf(entry, salt)).toString('hex');

describe('the leaf of an entry', () => {
  test('every property of the entry is bound by it, but for its place in the tree', () => {
    const known = hashOf(sampleEntry);
    for (const property of Object.keys(sampleEntry) as (keyof AuditEntry)[]) {
      const {[property]: _gone, ...less} = sampleEntry;
      assert[['leafIndex', 'leafHash', 'salt'].includes(property) ? 'equal' : 'notEqual'](
        hashOf(less),
        known,
        property,
      );
    }
  });

  test('tells nothing of what may be erased, and can be made without it', () => {
    const commitments = commitmentsOf(sampleEntry, salt);
    const erased = Object.fromEntries(
      Object.entries(sampleEntry).filter(([property]) => !(ERASABLE as readonly string[]).includes(property)),
    );
    assert.equal(leafHash(erased, commitments).toString('hex'), hashOf(sampleEntry));
    for (const property of ERASABLE) {
      const value = sampleEntry[property];
      if (typeof value === 'string') assert.ok(!leafData(sampleEntry, commitments).includes(value), property);
    }
  });

  test('a commitment holds to property, value and salt', () => {
    const known = commitment('ip', '192.0.2.1', salt);
    assert.notEqual(commitment('ip', '192.0.2.2', salt), known);
    assert.notEqual(commitment('reason', '192.0.2.1', salt), known);
    assert.notEqual(commitment('ip', '192.0.2.1', Buffer.alloc(16, 4)), known);
    assert.equal(commitment('ip', '192.0.2.1', Buffer.alloc(16, 3)), known);
  });

  test('the order of the properties does not count, nor what is absent', () => {
    const turned = Object.fromEntries(Object.entries(sampleEntry).reverse());
    assert.equal(hashOf({...turned, reason: sampleEntry.reason ?? null} as never), hashOf(sampleEntry));
  });
});

import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import type {AuditEntry} from '@loopback-audit/audit-log';
import fc from 'fast-check';
import {commitment, commitmentsOf, ERASABLE, leafData, leafHash, leafOf} from '../../../dist/integrity/leaf';
import {fullEntry} from '../sample-entry';
import {naiveLeaf} from './naive-leaf';

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

  test('of any entry is the one that is made of it step by step', () => {
    const names = [...Object.keys(fullEntry(1)), 'invented', '__proto__', 'zz'];
    const value = fc.oneof(
      fc.jsonValue({noUnicodeString: false}),
      fc.string({unit: 'binary', maxLength: 9_000}),
    );
    const properties = fc.dictionary(fc.constantFrom(...names), value, {maxKeys: names.length});
    fc.assert(
      fc.property(properties, fc.uint8Array({minLength: 16, maxLength: 16}), (given, bytes) => {
        const text = JSON.stringify({...given, commitments: undefined, salt: undefined});
        const entry = {...JSON.parse(text), salt: Buffer.from(bytes).toString('hex')};
        assert.equal(leafOf(entry)?.toString('hex'), naiveLeaf(entry, bytes).toString('hex'));
      }),
      {numRuns: 2_000},
    );
  });

  test('is made by the salt alone that the entry was given, in the one way to write it', () => {
    const hex = salt.toString('hex');
    assert.ok(leafOf({...sampleEntry, salt: hex}));
    for (const other of [`${hex}0`, hex.slice(2), hex.replace('0', 'g'), 'AB'.repeat(16), '', null, 7, {}]) {
      assert.equal(leafOf({...sampleEntry, salt: other as string}), undefined);
    }
  });
});

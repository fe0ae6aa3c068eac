import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import fc from 'fast-check';
import {archiveKey, exportKey, resultKey} from '../../dist/archive/archive-layout';
import {assertObjectKey} from '../../dist/archive/object-key';

const ID = '01890a5d-ac96-774b-bcce-b302099a8057';
const AT = '2026-11-22T03:10:59.123456Z';
const ODD = ['..', '.', '', 'a/b', 'a\\b', 'a%2Fb', 'a=b', 'Zürich ☃', 'a\0b', '~', 'x'.repeat(4000)];

/** What the keys of a tenant's archive files begin with. */
const folderOf = (tenant: string) => archiveKey(tenant, AT, ID).replace(`2026-11-22/${ID}.csv.gz`, '');

describe('archive layout', () => {
  it('places a file by tenant and day', () => {
    assert.equal(archiveKey('acme', AT, ID), `archives/tenant=acme/2026-11-22/${ID}.csv.gz`);
    assert.equal(resultKey('acme', ID), `results/tenant=acme/${ID}.ndjson.gz`);
    assert.equal(exportKey('acme', 'audit log.2026.xlsx'), 'exports/tenant=acme/audit%20log%2E2026.xlsx');
  });

  it('writes a tenant so that it can be read back', () => {
    assert.equal(folderOf('a/b.c ü'), 'archives/tenant=a%2Fb%2Ec%20%C3%BC/');
    assert.equal(decodeURIComponent('a%2Fb%2Ec%20%C3%BC'), 'a/b.c ü');
  });

  it('makes a valid key of its own for every odd tenant', () => {
    const keys = ODD.map(tenant => archiveKey(tenant, AT, ID));
    for (const key of keys) assertObjectKey(key);
    assert.equal(new Set(keys).size, ODD.length);
  });

  it('never gives two tenants one folder, nor one tenant a folder inside another', () => {
    const tenant = fc.oneof(
      fc.string({unit: 'binary', maxLength: 300}),
      fc.string({unit: fc.constantFrom('%', '2', 'F', '/', '.', '~', 'a'), maxLength: 8}),
    );
    fc.assert(
      fc.property(tenant, tenant, (one, other) => {
        const prefix = folderOf(one);
        assertObjectKey(`${prefix}x`);
        assert.equal(prefix.split('/').length, 3);
        assert.equal(folderOf(other).startsWith(prefix), one === other);
      }),
    );
  });

  it('never gives two file names one key', () => {
    const name = fc.string({unit: fc.constantFrom('a', '.', '%', '2', 'E', '/'), minLength: 1, maxLength: 6});
    fc.assert(
      fc.property(name, name, (one, other) => {
        assertObjectKey(exportKey('acme', one));
        assert.equal(exportKey('acme', one) === exportKey('acme', other), one === other);
      }),
    );
  });

  it('refuses a tenant that is not Unicode', () => {
    assert.throws(() => archiveKey('\ud800', AT, ID), {code: 'INVALID_PARAMETER'});
  });
});

import assert from 'node:assert/strict';
import {generateKeyPairSync} from 'node:crypto';
import {before, describe, test} from 'node:test';
import type {AuditEntry, JsonObject} from '@loopback-audit/audit-log';
import fc from 'fast-check';
import {canonicalJson} from '../../../dist/integrity/canonical-json';
import {signCheckpoint} from '../../../dist/integrity/checkpoint';
import {type EntryProof, writeEntryProof} from '../../../dist/integrity/entry-proof';
import {commitmentsOf, leafData, leafHash} from '../../../dist/integrity/leaf';
import {noteSigner} from '../../../dist/integrity/signed-note';
import {rootOf} from '../../../dist/integrity/tree-head';
import {inclusionProof} from '../../../dist/integrity/tree-reader';
import {verifyEntry} from '../../../dist/integrity/verify-entry';
import {fullEntry} from '../sample-entry';
import {GrownTree} from './tiles-of';

const SIZE = 300;
const PLACE = 123;
const signer = noteSigner('audit.example.com', generateKeyPairSync('ed25519').privateKey);
const salt = Buffer.from('0f'.repeat(16), 'hex');
function sealed(i: number): AuditEntry {
  const entry = {...fullEntry(i), leafIndex: i, metadata: {i}};
  return {...entry, leafHash: leafHash(entry, commitmentsOf(entry, salt)).toString('hex')};
}
const extra = (entry: object) => Buffer.from(canonicalJson(entry as JsonObject));

let proof: EntryProof;
before(async () => {
  const entries = Array.from({length: SIZE}, (_, i) => sealed(i));
  const tree = new GrownTree().append(
    entries.map(entry => Buffer.from(leafData(entry, commitmentsOf(entry, salt)))),
  );
  const checkpoint = await signCheckpoint({origin: 'log', size: SIZE, root: rootOf(tree.head)}, [signer]);
  const path = await inclusionProof(PLACE, SIZE, tree.read);
  proof = {index: PLACE, path, checkpoint, extra: extra(sealed(PLACE))};
});

const verdictOf = (changed: Partial<EntryProof>, keys = [signer]) =>
  verifyEntry(writeEntryProof({...proof, ...changed}), keys).verdict;

describe('the proof of an entry', () => {
  test('proves it, and says where it is', () => {
    const result = verifyEntry(writeEntryProof(proof), [signer]);
    assert.equal(result.verdict, 'proved');
    assert.deepEqual(result, {
      verdict: 'proved',
      entry: sealed(PLACE),
      origin: 'log',
      size: SIZE,
      index: PLACE,
    });
  });

  test('is none where readers may differ in what the entry says', () => {
    const text = extra(sealed(PLACE)).toString();
    const ambiguous = [
      text.replace('{', '{"actor":"mallory",'),
      text.replace(`"i":${PLACE}`, `"i":${PLACE}.0`),
      ` ${text}`,
    ].map(each => Buffer.from(each));
    for (const each of [...ambiguous, Buffer.concat([extra(sealed(PLACE)), Buffer.of(0x20)])]) {
      assert.notDeepEqual(each, proof.extra);
      assert.equal(verdictOf({extra: each}), 'not a proof');
    }
  });

  test('proves nothing once any property of the entry is another, gone, or new', () => {
    const entry = sealed(PLACE);
    for (const property of Object.keys(entry)) {
      const {[property as keyof AuditEntry]: _gone, ...less} = entry;
      if (!['leafIndex', 'leafHash'].includes(property))
        assert.equal(verdictOf({extra: extra(less)}), 'altered', `without ${property}`);
      assert.equal(verdictOf({extra: extra({...entry, [property]: 'other'})}), 'altered', property);
    }
    assert.equal(verdictOf({extra: extra({...entry, sessionId: 's-2'})}), 'altered');
    assert.equal(verdictOf({extra: extra({...entry, invented: true})}), 'altered');
  });

  test('tells a wrong place, a wrong path, a strange key and a changed checkpoint', () => {
    assert.equal(verdictOf({index: PLACE + 1}), 'altered');
    assert.equal(verdictOf({path: proof.path.slice(1)}), 'altered');
    assert.equal(verdictOf({path: proof.path.toReversed()}), 'altered');
    assert.equal(verdictOf({}, []), 'unknown key');
    assert.equal(verdictOf({checkpoint: proof.checkpoint.replace('\n300\n', '\n301\n')}), 'bad signature');
    assert.equal(verdictOf({checkpoint: 'none'}), 'not a proof');
    assert.equal(verdictOf({extra: Buffer.from('[]')}), 'not a proof');
    assert.equal(verdictOf({extra: Buffer.from('{')}), 'not a proof');
  });

  test('however its text is spoilt, nothing else is proved', () => {
    const text = writeEntryProof(proof);
    fc.assert(
      fc.property(fc.nat(text.length), fc.string({minLength: 1, maxLength: 4}), (at, noise) => {
        const spoilt = text.slice(0, at) + noise + text.slice(at + noise.length);
        const result = verifyEntry(spoilt, [signer]);
        if (result.verdict === 'proved') {
          assert.deepEqual([result.entry, result.index], [sealed(PLACE), PLACE]);
        }
      }),
      {numRuns: 3_000},
    );
  });
});

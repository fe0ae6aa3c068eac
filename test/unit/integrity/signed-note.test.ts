import assert from 'node:assert/strict';
import {generateKeyPairSync} from 'node:crypto';
import {describe, test} from 'node:test';
import fc from 'fast-check';
import {openCheckpoint, signCheckpoint} from '../../../dist/integrity/checkpoint';
import {parseEntryProof, writeEntryProof} from '../../../dist/integrity/entry-proof';
import {
  noteSigner,
  parseNote,
  parseVerifierKey,
  signNote,
  verifierKey,
  verifyNote,
} from '../../../dist/integrity/signed-note';

const signer = (name = 'example.com/log') => noteSigner(name, generateKeyPairSync('ed25519').privateKey);

describe('signed notes', () => {
  test('the note of golang.org/x/mod/sumdb/note is verified, and no other text with its signature', () => {
    const peter = parseVerifierKey('PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW');
    const text =
      "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
    const signature =
      '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n';
    const note = parseNote(`${text}\n${signature}`);
    assert.ok(note);
    assert.equal(verifyNote(note, [peter]), 'valid');
    assert.equal(verifyNote(note, []), 'unknown key');
    assert.equal(
      verifyNote({...note, text: note.text.replace('answer', 'Answer')}, [peter]),
      'bad signature',
    );
    assert.equal(verifierKey(peter), 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW');
  });

  test('the checkpoint of C2SP tlog-checkpoint is read', () => {
    const example = `example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
`;
    const checkpoint = openCheckpoint(example, []);
    assert.equal(checkpoint?.origin, 'example.com/behind-the-sofa');
    assert.equal(checkpoint?.size, 20_852_163);
    assert.equal(checkpoint?.root.toString('base64'), 'CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=');
    assert.equal(checkpoint?.verdict, 'unknown key');
  });

  test('a key is known by the line that prints it', () => {
    const key = signer();
    const read = parseVerifierKey(verifierKey(key));
    assert.deepEqual([read.name, read.keyId], [key.name, key.keyId]);
    for (const line of ['', 'a+b', verifierKey(key).replace('example', 'exampla'), `${verifierKey(key)}AA`]) {
      assert.throws(() => parseVerifierKey(line), TypeError);
    }
    assert.throws(() => noteSigner('two words', generateKeyPairSync('ed25519').privateKey), TypeError);
    assert.throws(
      () => noteSigner('rsa', generateKeyPairSync('rsa', {modulusLength: 1024}).privateKey),
      TypeError,
    );
  });

  test('during a rotation either key is enough; a wrong signature by a known key spoils the note', async () => {
    const [old, young] = [signer(), signer()];
    const checkpoint = {origin: 'example.com/log', size: 7, root: Buffer.alloc(32, 1)};
    const note = await signCheckpoint(checkpoint, [old, young]);
    assert.equal(openCheckpoint(note, [old])?.verdict, 'valid');
    assert.equal(openCheckpoint(note, [young])?.verdict, 'valid');
    assert.equal(openCheckpoint(note, [signer()])?.verdict, 'unknown key');
    const forged = note.replace('\n7\n', '\n8\n');
    assert.equal(openCheckpoint(forged, [young])?.verdict, 'bad signature');
  });

  test('what is no note, no checkpoint or no proof is told so, whatever it is', async () => {
    const good = await signCheckpoint({origin: 'a', size: 1, root: Buffer.alloc(32)}, [signer()]);
    const proof = writeEntryProof({index: 0, path: [Buffer.alloc(32)], checkpoint: good});
    for (const bad of [
      good.replace('\n1\n', '\n01\n'),
      good.replace('\n1\n', '\n-1\n'),
      good.replace('\n1\n', '\n99999999999999999\n'),
      good.replace('AAAA', 'AAA'),
      good.slice(0, -1),
      good.replace('— ', '- '),
      good.replace('a\n', 'a\u0000\n'),
    ]) {
      assert.equal(openCheckpoint(bad, []), undefined, JSON.stringify(bad));
    }
    for (const bad of [
      '',
      good,
      proof.replace('index 0', 'index 00'),
      proof.replace('v1', 'v2'),
      proof.replace('index 0\n', ''),
    ]) {
      assert.equal(parseEntryProof(bad), undefined, JSON.stringify(bad));
    }
    fc.assert(
      fc.property(fc.nat(good.length), fc.string(), (at, noise) => {
        for (const text of [good, proof]) {
          const spoilt = text.slice(0, at) + noise + text.slice(at + noise.length);
          openCheckpoint(spoilt, []);
          parseEntryProof(spoilt);
        }
      }),
      {numRuns: 1_000},
    );
    await assert.rejects(signNote('no newline', [signer()]), TypeError);
  });

  test('a proof reads back as it was written', async () => {
    const checkpoint = await signCheckpoint({origin: 'a', size: 4, root: Buffer.alloc(32, 9)}, [signer()]);
    const written = {
      index: 2,
      path: [Buffer.alloc(32, 1), Buffer.alloc(32, 2)],
      checkpoint,
      extra: Buffer.from('{}'),
    };
    assert.deepEqual(parseEntryProof(writeEntryProof(written)), written);
    const {extra: _extra, ...plain} = written;
    assert.deepEqual(parseEntryProof(writeEntryProof(plain)), plain);
  });
});

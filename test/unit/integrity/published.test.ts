import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {createHash, generateKeyPairSync, verify} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {commitmentsOf, leafData, leafHash} from '../../../dist/integrity';
import {signCheckpoint} from '../../../dist/integrity/checkpoint';
import {originOf} from '../../../dist/integrity/log-signer';
import {noteSigner, verifierKey} from '../../../dist/integrity/signed-note';
import {ENTRY_COLUMNS} from '../../../dist/models/entry-columns';

const ROOT = join(__dirname, '..', '..', '..');

test('the example in docs/verification.md is what the code makes', () => {
  const page = readFileSync(join(ROOT, 'docs', 'verification.md'), 'utf8');
  const [, salt = ''] = /with the salt `([0-9a-f]{32})`/.exec(page) ?? [];
  const [entry = '', data = '', hash = ''] = [...page.matchAll(/```(?:json|text)\n(.*)\n```/g)].map(
    ([, block]) => block,
  );
  const commitments = commitmentsOf(JSON.parse(entry), Buffer.from(salt, 'hex'));
  assert.equal(leafData(JSON.parse(entry), commitments), data);
  assert.equal(leafHash(JSON.parse(entry), commitments).toString('hex'), hash);
});

test('docs/verification.md names the columns of CSV that are more than text', () => {
  const page = readFileSync(join(ROOT, 'docs', 'verification.md'), 'utf8').replaceAll('\n', ' ');
  const [, json = '', lists = '', number = ''] =
    /3\. (`[^.]*) are JSON values, (`[^.]*) JSON lists of +texts\. (`\w+`) is a whole number/.exec(page) ??
    [];
  const named = (text: string) => [...text.matchAll(/`(\w+)`/g)].map(([, name]) => name);
  const ofKind = (kind: string) =>
    ENTRY_COLUMNS.filter(column => column.kind === kind).map(({property}) => property);
  assert.deepEqual(named(json), ofKind('json'));
  assert.deepEqual(named(lists), ofKind('textArray'));
  assert.deepEqual(named(number), ofKind('bigint'));
});

test('a public key and a note are what docs/verification.md says, by the cryptography of Node alone', async () => {
  const key = generateKeyPairSync('ed25519');
  const signer = noteSigner('audit.example.com', key.privateKey);
  const [name = '', keyId = '', ...rest] = verifierKey(signer).split('+');
  const typed = Buffer.from(rest.join('+'), 'base64');
  assert.deepEqual([name, typed.length, typed[0]], ['audit.example.com', 33, 1]);
  const id = createHash('sha256').update(`${name}\n`).update(typed).digest().subarray(0, 4);
  assert.equal(id.toString('hex'), keyId);

  const root = Buffer.alloc(32, 7);
  const tenant = "Jürgen & Söhne!'()*~";
  const escaped = "J%C3%BCrgen%20%26%20S%C3%B6hne!'()*~";
  const note = await signCheckpoint({origin: originOf({origin: name}, tenant), size: 42, root}, [signer]);
  const text = `${name}/tenant/${escaped}\n42\n${root.toString('base64')}\n`;
  const signature = Buffer.from(
    /^— audit\.example\.com (\S+)\n$/.exec(note.slice(text.length + 1))?.[1] ?? '',
    'base64',
  );
  assert.equal(note.slice(0, text.length + 1), `${text}\n`);
  assert.deepEqual(signature.subarray(0, 4), id);
  assert.ok(verify(null, Buffer.from(text), key.publicKey, signature.subarray(4)));
});

test('the verifier is a package entry of its own, and loads nothing but the cryptography of Node', () => {
  const script = `
    const {verifyEntry} = require('@loopback-audit/service/verify');
    const loaded = Object.keys(require.cache).filter(file => !file.includes('integrity'));
    console.log(verifyEntry('', []).verdict, JSON.stringify(loaded.filter(file => !file.endsWith('[eval]'))));`;
  assert.equal(
    execFileSync(process.execPath, ['-e', script], {cwd: ROOT, encoding: 'utf8'}).trim(),
    'not a proof []',
  );
});

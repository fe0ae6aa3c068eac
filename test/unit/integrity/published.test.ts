import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {commitmentsOf, leafData, leafHash} from '../../../dist/integrity';

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

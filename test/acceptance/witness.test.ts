import assert from 'node:assert/strict';
import {test} from 'node:test';
import type {AuditEntry} from '@loopback-audit/audit-log';
import {cosignaturesOf, parseWitnessKey} from '../../dist/integrity/cosignature';
import {parseEntryProof} from '../../dist/integrity/entry-proof';
import {noteSigner, parseVerifierKey} from '../../dist/integrity/signed-note';
import {verifyEntry} from '../../dist/integrity/verify-entry';
import {newKey, ORIGIN} from '../support/checkpoint-parts';
import {eventually} from '../support/eventually';
import {startTestService} from '../support/test-service';
import {startWitness} from '../support/witness-server';

test('a service with a witness answers cosigned checkpoints and proofs by itself, and counts them', async t => {
  const key = newKey();
  const witness = await startWitness([noteSigner(ORIGIN, key)]);
  t.after(() => witness.stop());
  const service = await startTestService({
    ...{SIGNING_KEY: key.export({format: 'pem', type: 'pkcs8'}).toString(), LOG_ORIGIN: ORIGIN},
    ...{CHECKPOINT_INTERVAL_MS: '20', WITNESS_URL: witness.url, WITNESS_KEY: witness.key},
  });
  t.after(() => service.stop());
  const {id} = (await service.send('/audit-logs', {body: {action: 'a.b', reason: 'why'}})).json as AuditEntry;
  const witnesses = [parseWitnessKey(witness.key)];
  await eventually('it is cosigned', async () => {
    const {text} = await service.send('/audit-logs/checkpoint');
    return cosignaturesOf(text, witnesses).length === 1 ? text : undefined;
  });
  const {text: proof} = await service.send(`/audit-logs/${id}/proof?format=text`);
  assert.equal(cosignaturesOf(parseEntryProof(proof)?.checkpoint ?? '', witnesses).length, 1);
  const keys = (await service.send('/audit-logs/keys')).text.trim().split('\n').map(parseVerifierKey);
  assert.equal(verifyEntry(proof, keys).verdict, 'proved');
  const {text: measures} = await service.send('/metrics');
  assert.match(measures, /audit_witness_requests_total\{result="cosigned"\} 1/);
  assert.match(measures, /audit_checkpoints_signed_total [1-9]/);
  assert.match(measures, /audit_checkpoints_failed_total 0/);
});

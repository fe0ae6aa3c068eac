import assert from 'node:assert/strict';
import {randomUUID} from 'node:crypto';
import {after, before, describe, test} from 'node:test';
import type {AuditEntry} from '@loopback-audit/audit-log';
import {openCheckpoint} from '../../dist/integrity/checkpoint';
import {ERASABLE, leafOf} from '../../dist/integrity/leaf';
import {type NoteVerifier, parseVerifierKey} from '../../dist/integrity/signed-note';
import {verifyEntry} from '../../dist/integrity/verify-entry';
import {isConsistent} from '../../dist/integrity/verify-proof';
import {type BadRequest, testRefusals} from '../support/bad-request';
import {placesOf} from '../support/every-text';
import {startTestService, type TestService} from '../support/test-service';
import {endedJob} from '../support/wait-for-job';

let service: TestService;
let keys: NoteVerifier[];
before(async () => {
  service = await startTestService();
  keys = (await service.send('/audit-logs/keys')).text.trim().split('\n').map(parseVerifierKey);
});
after(() => service.stop());

const SECRET_VALUE = 'Zacharias-Quentin-Whitlock';
/** An entry that has the secret in everything that can be erased. */
const secretive = (subject: string) => ({
  ...{id: randomUUID(), action: 'patient.read', actor: 'doctor', dataSubjectId: subject, entityId: 'kept'},
  ...{actorName: SECRET_VALUE, actorEmail: `${SECRET_VALUE}@example.com`, ip: '203.0.113.77'},
  ...{before: {name: SECRET_VALUE}, after: {name: `new ${SECRET_VALUE}`}, metadata: {about: SECRET_VALUE}},
  ...{description: SECRET_VALUE, reason: SECRET_VALUE, userAgent: SECRET_VALUE},
});

type Outcome = {message: string; numberOfEntriesErased: number; entries: string[]; jobId?: string};
const erase = async (body: object, token?: string) => {
  const answer = await service.send('/audit-logs/erasure', {body, ...(token && {token})});
  assert.equal(answer.status, 200, answer.text);
  assert.ok(!answer.text.includes(SECRET_VALUE));
  return answer.json as Outcome;
};
const stored = async (id: string, token?: string): Promise<AuditEntry> =>
  (await service.send(`/audit-logs/${id}`, token ? {token} : {})).json as AuditEntry;
const checkpoint = async () => openCheckpoint((await service.send('/audit-logs/checkpoint')).text, keys);

describe('an erasure', () => {
  test('takes the values of a subject out of every table, and leaves every proof standing', async () => {
    const mine = [secretive('patient-7'), secretive('patient-7')];
    const other = {...secretive('patient-8'), actorName: 'someone else', before: {name: 'untouched'}};
    for (const entry of [mine[0], other, mine[1]]) await service.send('/audit-logs', {body: entry});
    const earlier = await checkpoint();
    const [old] = await Promise.all(mine.map(({id}) => stored(id)));
    assert.ok(old?.salt);
    assert.notDeepEqual(await placesOf(service.db.admin, SECRET_VALUE), []);
    const untouched = await stored(other.id);

    const {numberOfEntriesErased, entries, jobId} = await erase({
      dataSubjectId: 'patient-7',
      reason: 'request 12 of 2026',
    });
    assert.deepEqual([numberOfEntriesErased, entries.length, jobId], [2, 1, undefined]);

    for (const {id} of mine) {
      const entry = await stored(id);
      for (const property of ERASABLE) assert.equal(entry[property], undefined, property);
      assert.equal(entry.salt, undefined);
      assert.deepEqual(Object.keys(entry.commitments ?? {}).sort(), [...ERASABLE]);
      assert.equal(entry.entityId, 'kept');
      assert.equal(leafOf(entry)?.toString('hex'), entry.leafHash);
      const proof = await service.send(`/audit-logs/${id}/proof?format=text`);
      assert.ok(!proof.text.includes(SECRET_VALUE));
      assert.equal(verifyEntry(proof.text, keys).verdict, 'proved');
    }
    assert.deepEqual(await stored(other.id), untouched);

    const later = await checkpoint();
    const {json} = await service.send(`/audit-logs/consistency?from=${earlier?.size}&to=${later?.size}`);
    const proof = (json as {proof: string[]}).proof.map(hash => Buffer.from(hash, 'base64'));
    assert.ok(earlier && later && isConsistent(earlier, later, proof));

    const told = await stored(entries[0] ?? '');
    const {action, actor, dataSubjectId, reason, category, severity, metadata} = told;
    assert.deepEqual(
      [action, actor, dataSubjectId, reason, category, severity],
      ['audit.log.erase', 'tester', 'patient-7', 'request 12 of 2026', 'data', 'high'],
    );
    assert.deepEqual(metadata, {
      entries: 2,
      leaves: [
        [0, 0],
        [2, 2],
      ],
    });
    const ofTold = await service.send(`/audit-logs/${told.id}/proof?format=text`);
    assert.equal(verifyEntry(ofTold.text, keys).verdict, 'proved');

    const others = await service.db.admin.query(
      'SELECT id FROM audit_logs WHERE strpos(audit_logs::text, $1) > 0',
      [SECRET_VALUE],
    );
    assert.deepEqual(
      others.rows.map(({id}) => id),
      [other.id],
      'only the other subject is told of',
    );
    await erase({dataSubjectId: 'patient-8', reason: 'and the other'});
    assert.deepEqual(await placesOf(service.db.admin, SECRET_VALUE), []);
    assert.deepEqual(await placesOf(service.db.admin, old.salt), []);
    for (const format of ['csv', 'ndjson', 'json']) {
      const {text} = await service.send(`/audit-logs/export?format=${format}`);
      assert.ok(text.includes(mine[0]?.id ?? '') && !text.includes(SECRET_VALUE), format);
    }
  });

  test('may be repeated: it erases what is new, never its own record, and else nothing', async () => {
    const subject = randomUUID();
    await service.send('/audit-logs', {body: secretive(subject)});
    const first = await erase({dataSubjectId: subject, reason: 'first'});
    assert.equal(first.numberOfEntriesErased, 1);
    assert.deepEqual(await erase({dataSubjectId: subject, reason: 'again'}), {
      ...{message: first.message, numberOfEntriesErased: 0, entries: []},
    });
    await service.send('/audit-logs', {body: secretive(subject)});
    assert.equal((await erase({dataSubjectId: subject, reason: 'third'})).numberOfEntriesErased, 1);
    await erase({actor: 'tester', reason: 'of the one who erased'});
    assert.equal((await stored(first.entries[0] ?? '')).reason, 'first');
  });

  test('reaches the entries of an actor, of a subject, or of either, in pages', async () => {
    const [subject, actor] = [randomUUID(), randomUUID()];
    const body = Array.from({length: 1_203}, (_, i) => ({
      ...{action: 'a.b', reason: 'x', metadata: {i}},
      ...(i % 3 === 0 ? {dataSubjectId: subject} : {actor: i % 3 === 1 ? actor : 'nobody'}),
    }));
    assert.equal((await service.send('/audit-logs/batch', {body})).status, 200);
    const {numberOfEntriesErased, entries} = await erase({dataSubjectId: subject, actor, reason: 'both'});
    assert.deepEqual([numberOfEntriesErased, entries.length], [802, 2]);
    const told = await Promise.all(entries.map(id => stored(id)));
    const leaves = told.flatMap(({metadata}) => metadata?.leaves as [number, number][]);
    assert.equal(
      leaves.reduce((sum, [from, to]) => sum + to - from + 1, 0),
      802,
    );
    for (const {metadata, dataSubjectId} of told)
      assert.deepEqual([metadata?.actor, dataSubjectId], [actor, subject]);
    const {json} = await service.send('/audit-logs/count?actor=nobody');
    assert.deepEqual(json, {count: 401, relation: 'eq'});
    const {rows} = await service.db.admin.query(
      'SELECT count(*)::int FROM audit_logs WHERE (data_subject_id = $1 OR actor = $2) AND commitments IS NULL AND action <> $3',
      [subject, actor, 'audit.log.erase'],
    );
    assert.equal(rows[0].count, 0);
  });

  test('leaves a retry of the id harmless: it is answered with what is left, and other content is a conflict', async () => {
    const entry = secretive(randomUUID());
    await service.send('/audit-logs', {body: entry});
    await erase({dataSubjectId: entry.dataSubjectId, reason: 'asked for'});
    const again = await service.send('/audit-logs', {body: entry});
    assert.equal(again.status, 200, again.text);
    assert.deepEqual(again.json, await stored(entry.id));
    assert.ok(!again.text.includes(SECRET_VALUE));
    const differing = await service.send('/audit-logs', {body: {...entry, entityId: 'other'}});
    assert.equal(differing.status, 409);
  });

  test("keeps to the caller's tenant", async () => {
    const subject = randomUUID();
    const rival = await service.token({tenantId: 'rival'});
    const theirs = secretive(subject);
    await service.send('/audit-logs', {body: theirs, token: rival});
    assert.equal((await erase({dataSubjectId: subject, reason: 'mine'})).numberOfEntriesErased, 0);
    assert.equal((await stored(theirs.id, rival)).reason, SECRET_VALUE);
    assert.equal((await erase({dataSubjectId: subject, reason: 'theirs'}, rival)).numberOfEntriesErased, 1);
  });

  test('reaches entries that have no place in the tree, and says how many', async () => {
    const subject = randomUUID();
    await service.db.admin.query(
      `INSERT INTO audit_logs (id, tenant_id, action, acted_at, actor, actor_type, outcome, severity, data_subject_id, reason)
       VALUES (gen_random_uuid(), 'acme', 'x', now(), 'x', 'user', 'success', 'info', $1, 'secret')`,
      [subject],
    );
    const {entries, numberOfEntriesErased} = await erase({dataSubjectId: subject, reason: 'asked for'});
    assert.equal(numberOfEntriesErased, 1);
    assert.deepEqual((await stored(entries[0] ?? '')).metadata, {entries: 1, leaves: [], unsealed: 1});
  });

  test('reaches archives by a job, which is waited for unless the caller does not want to', async () => {
    const token = await service.token({tenantId: 'archiving'});
    const entries = [1, 2].map(() => ({...secretive('patient-9'), actedOn: 'file'}));
    await service.send('/audit-logs/batch', {body: [...entries, secretive('patient-10')], token});
    const filter = {actedOn: 'file'};
    assert.equal((await service.send('/audit-logs/archive', {body: filter, token})).status, 200);
    await service.send('/audit-logs', {body: {...secretive('patient-9'), actedOn: 'file'}, token});

    const body = {dataSubjectId: 'patient-9', reason: 'request 13'};
    const {numberOfEntriesErased, entries: told, jobId = ''} = await erase(body, token);
    assert.deepEqual([numberOfEntriesErased, told.length], [3, 2]);
    const job = await endedJob(service.send, jobId, {token});
    assert.deepEqual([job.operation, job.status], ['ERASE', 'COMPLETED']);

    const query = (await service.send('/audit-logs?actedOn=file&includeArchivedLogs=true', {token})).json;
    const {result} = await endedJob(service.send, (query as {jobId: string}).jobId, {token});
    assert.equal((result as AuditEntry[]).length, 3);
    assert.ok(!JSON.stringify(result).includes(SECRET_VALUE));
    for (const entry of result as AuditEntry[]) assert.equal(leafOf(entry)?.toString('hex'), entry.leafHash);
    const again = await service.send('/audit-logs', {body: entries[0], token});
    assert.equal(again.status, 200, again.text);
    assert.equal(
      (await service.send('/audit-logs', {body: {...entries[0], reason: 'x'}, token})).status,
      200,
    );

    const later = await service.send('/audit-logs/erasure', {
      body,
      token,
      headers: {prefer: 'respond-async'},
    });
    assert.equal(later.status, 202, later.text);
    assert.match(later.headers.get('location') ?? '', /\/audit-logs\/jobs\//);
    await erase({dataSubjectId: 'patient-10', reason: 'and the other'}, token);
    const {rows} = await service.db.admin.query(
      "SELECT FROM audit_logs a WHERE tenant_id = 'archiving' AND strpos(a::text, $1) > 0",
      [SECRET_VALUE],
    );
    assert.equal(rows.length, 0);
  });

  test('is told of by the service alone', async () => {
    const answer = await service.send('/audit-logs', {body: {action: 'audit.log.erase'}});
    const {error} = answer.json as {error: {code: string; details: {field: string}[]}};
    assert.deepEqual([answer.status, error.code, error.details[0]?.field], [400, 'INVALID_ENTRY', 'action']);
  });
});

describe('an erasure that cannot be read', () => {
  const refused = (
    what: string,
    body: unknown,
    field: string,
    code = 'INVALID_BODY',
    status = 400,
  ): BadRequest => ({
    ...{what, path: '/audit-logs/erasure', options: {method: 'POST', body}, status, code, field},
  });
  testRefusals(
    () => service,
    [
      refused('a body that is a list', [], 'body'),
      refused('a body that is not JSON', '{', 'body', 'INVALID_JSON'),
      refused('an erasure of nobody', {reason: 'x'}, 'dataSubjectId'),
      refused('an erasure without a reason', {actor: 'jane'}, 'reason'),
      refused('an empty reason', {actor: 'jane', reason: ' '}, 'reason'),
      refused('a reason of null', {actor: 'jane', reason: null}, 'reason'),
      refused('a reason that is too long', {actor: 'jane', reason: 'x'.repeat(40_000)}, 'reason'),
      refused('an empty subject', {dataSubjectId: '', reason: 'x'}, 'dataSubjectId'),
      refused(
        'a subject of null beside an actor',
        {dataSubjectId: null, actor: 'a', reason: 'x'},
        'dataSubjectId',
      ),
      refused('a subject that is a number', {dataSubjectId: 7, reason: 'x'}, 'dataSubjectId'),
      refused('an actor that is an operator', {actor: {neq: 'x'}, reason: 'x'}, 'actor'),
      refused('an actor that is too long', {actor: 'x'.repeat(3_000), reason: 'x'}, 'actor'),
      refused('an actor with a NUL', {actor: 'a\0', reason: 'x'}, 'actor'),
      refused('a misspelt key', {actor: 'jane', reason: 'x', tenantId: 'rival'}, 'tenantId'),
      refused('the key __proto__', '{"actor":"jane","reason":"x","__proto__":{}}', '__proto__'),
      refused('a body of 1 MB', {actor: 'jane', reason: 'x'.repeat(1 << 20)}, 'body', 'BODY_TOO_LARGE', 413),
    ],
  );

  test('or may not be asked for erases nothing', async () => {
    const entry = secretive(randomUUID());
    await service.send('/audit-logs', {body: entry});
    const token = await service.token({permissions: ['1', '2', '5', '6']});
    const body = {dataSubjectId: entry.dataSubjectId, reason: 'x'};
    assert.equal((await service.send('/audit-logs/erasure', {body, token})).status, 403);
    assert.equal((await service.send('/audit-logs/erasure', {body, token: null})).status, 401);
    assert.equal((await stored(entry.id)).reason, SECRET_VALUE);
  });
});

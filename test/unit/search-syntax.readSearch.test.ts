import assert from 'node:assert/strict';
import {test} from 'node:test';
import {AuditError} from '../../dist/errors';
import {readSearch} from '../../dist/query/search-syntax';
import {told} from '../support/told-condition';

const NOW = '2026-05-02T12:00:00.000000Z';
const read = (q: string) => told(readSearch(q, NOW));
const person = (comparison: string) =>
  `or(${['actor', 'actorName', 'actorEmail'].map(name => `${name} ${comparison}`).join(', ')})`;

const READINGS: [q: string, condition: string][] = [
  ['action:user.login', 'action eq "user.login"'],
  ['action:user.*', 'action like "user.%"'],
  ['action:order_100%*', 'action like "order\\\\_100\\\\%%"'],
  ['action:a,b,c*', 'or(action eq "a", action eq "b", action like "c%")'],
  ['actor:"Jane Doe"', person('eq "Jane Doe"')],
  ['user:jane', person('eq "jane"')],
  ['actor:jan*', person('like "jan%"')],
  ['action:"user.*"', 'action eq "user.*"'],
  ['action:"a \\"b\\" \\\\"', 'action eq "a \\"b\\" \\\\"'],
  ['-outcome:success', 'not(outcome eq "success")'],
  ['NOT outcome:SUCCESS', 'not(outcome eq "success")'],
  ['status:FAILURE', 'outcome eq "failure"'],
  ['severity:>=high', 'severity inq ["high","critical"]'],
  ['severity:<low', 'severity inq ["info"]'],
  ['severity:SEVERITY_HIGH', 'severity eq "high"'],
  ['created:>=2026-01-01', 'actedAt gte "2026-01-01T00:00:00.000000Z"'],
  ['created:>2026-01-01', 'actedAt gt "2026-01-01T23:59:59.999999Z"'],
  ['created:<=2026-01-01', 'actedAt lte "2026-01-01T23:59:59.999999Z"'],
  ['created:2026-01-01', 'actedAt between ["2026-01-01T00:00:00.000000Z","2026-01-01T23:59:59.999999Z"]'],
  ['created:>=24h', 'actedAt gte "2026-05-01T12:00:00.000000Z"'],
  [
    'created:2026-01-01..2026-01-31',
    'and(actedAt gte "2026-01-01T00:00:00.000000Z", actedAt lte "2026-01-31T23:59:59.999999Z")',
  ],
  ['created:7d..', 'and(actedAt gte "2026-04-25T12:00:00.000000Z")'],
  ['time:..2026-01-31T00:00:00Z', 'and(actedAt lte "2026-01-31T00:00:00.000000Z")'],
  ['changed:role', 'changedFields eq "role"'],
  ['tag:a,b', 'or(tags eq "a", tags eq "b")'],
  ['ip:10.0.0.0/8', 'ip eq "10.0.0.0/8"'],
  ['ip:10.0.*', 'ip like "10.0.%"'],
  ['before.role:editor', 'before.role eq "editor"'],
  ['after.total:5', 'or(after.total eq "5", after.total eq 5)'],
  ['after.total:>5', 'after.total gt 5'],
  ['metadata.n:1..2', 'and(metadata.n gte 1, metadata.n lte 2)'],
  ['metadata.on:true', 'or(metadata.on eq "true", metadata.on eq true)'],
  ['metadata.x:null', 'or(metadata.x eq "null", metadata.x eq null)'],
  ['resource:Order', 'actedOn eq "Order"'],
  ['resource:Order/17', 'and(actedOn eq "Order", entityId eq "17")'],
  ['path:/a/../b', 'path eq "/a/../b"'],
  ['has:before', 'before exists true'],
  ['dataClassification:phi', 'dataClassification eq "PHI"'],
  ['leafIndex:>=7', 'leafIndex gte 7'],
  ['card', 'words "card"'],
  ['card declined', 'and(words "card", words "declined")'],
  ['"card declined"', 'words "card declined"'],
  ['decl*', 'words decl*'],
  ['a:b'.replace('a:', 'actedOn:'), 'actedOn eq "b"'],
  ['action:a action:b', 'and(action eq "a", action eq "b")'],
  ['action:a AND action:b', 'and(action eq "a", action eq "b")'],
  ['action:a OR action:b x', 'or(action eq "a", and(action eq "b", words "x"))'],
  ['(action:a OR action:b) x', 'and(or(action eq "a", action eq "b"), words "x")'],
  ['-(action:a x)', 'not(and(action eq "a", words "x"))'],
  ['ANDROID', 'words "ANDROID"'],
  ['well-known', 'words "well-known"'],
];

for (const [q, condition] of READINGS) {
  test(`reads ${q}`, () => assert.equal(read(q), condition));
}

const FAULTS: [q: string, where: RegExp][] = [
  ['', /character 1/],
  ['   ', /character 4/],
  ['action:', /character 8/],
  ['action:a,', /character 10/],
  ['action:"a', /character 8.*quote/],
  ['(action:a', /character 1.*parenthesis/],
  ['action:a)', /character 9.*parenthesis/],
  ['a OR', /character 5/],
  ['a (', /character 4/],
  ['OR a', /character 1/],
  ['a AND AND b', /character 7/],
  ['a nosuch:x', /character 3.*nosuch/],
  ['actor.name:x', /character 1/],
  ['after..x:1', /character 1/],
  ['x ip:1.2.3', /character 3.*address/],
  ['outcome:maybe', /character 1.*one of/],
  ['created:yesterday', /character 1/],
  ['severity:>=bad', /character 1/],
  ['action:>=a', /character 1/],
  ['tag:a*', /character 1/],
  ['!!!', /character 1.*letter/],
  [`${'('.repeat(11)}a${')'.repeat(11)}`, /character 11/],
  ['a '.repeat(201), /200 terms/],
  ['a'.repeat(5_000), /q/],
  ['a\0', /q/],
];

for (const [q, where] of FAULTS) {
  test(`says where ${JSON.stringify(q.slice(0, 30))} is at fault`, () => {
    assert.throws(
      () => readSearch(q, NOW),
      (error: unknown) => {
        assert.ok(error instanceof AuditError, String(error));
        assert.ok(['INVALID_PARAMETER', 'INVALID_FILTER'].includes(error.code));
        assert.match(error.message, where);
        return true;
      },
    );
  });
}

import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import type {AuditEntry} from '@loopback-audit/audit-log';
import {httpSender} from '../../dist/import/http-sender';
import {importFiles} from '../../dist/import/import-files';
import {AuditServiceBindings} from '../../dist/keys';
import type {Alert} from '../../dist/models/alert.model';
import {CLOUDTRAIL_SKIPPED, cloudTrailFiles, rawRecords} from '../support/cloudtrail-data';
import {lookedAt} from '../support/looked-at';
import {startTestService, type TestService} from '../support/test-service';

/** What docs/detection.md says between its marks, so that it stays what is found. */
const DOCS = join(__dirname, '..', '..', 'docs', 'detection.md');
const documented = (name: string): string =>
  readFileSync(DOCS, 'utf8').match(new RegExp(`<!-- ${name} -->\n([\\s\\S]*?)\n<!-- end -->`))?.[1] ?? '';

const table = (head: readonly string[], rows: readonly (readonly (string | number)[])[]): string =>
  [head, head.map(() => '---'), ...rows].map(row => `| ${row.join(' | ')} |`).join('\n');

const time = (text: string) => text.slice(11, 19);
/** The slot of five minutes that a time is in. */
const slotOf = (text: string) => `${text.slice(11, 15)}${Number(text[15]) < 5 ? 0 : 5}`;

/** Who it was, without what is the same of all. */
const whoOf = ({actor}: Alert['group']) =>
  actor?.replace(/^arn:aws:\w+::\d+:/, '').replace(/(\/aws-go-sdk)-\d+$/, '$1') ?? 'anybody';

describe('the attack in 2,093 records of AWS CloudTrail', {skip: CLOUDTRAIL_SKIPPED}, () => {
  let service: TestService;
  let alerts: Alert[];

  before(async () => {
    service = await startTestService();
    await importFiles(cloudTrailFiles(), {
      send: httpSender({url: service.url, token: await service.token()}),
    });
    await lookedAt(await service.app.get(AuditServiceBindings.DETECTOR), 'acme');
    const found = (await service.send('/audit-logs/suspicious-activity?limit=1000')).json as Alert[];
    const placeOf = ({window, title}: Alert) => `${window.from} ${title} ${window.to}`;
    alerts = found.sort((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1));
  });
  after(() => service?.stop());

  test('is found, and what it was is said', () => {
    const rows = alerts.map(({window, level, title, group, entries, tags}) => [
      ...[`${time(window.from)} to ${time(window.to)}`, level, title, `\`${whoOf(group)}\``, entries],
      tags
        .filter(tag => /^attack\.t\d/.test(tag))
        .map(tag => tag.slice(7).toUpperCase())
        .join(', '),
    ]);
    const head = ['from, to', 'level', 'alert', 'who', 'entries', 'ATT&CK'];
    assert.equal(documented('found'), table(head, rows));
  });

  test('leaves the rest quiet, in time', () => {
    const slots = new Map<string, {entries: number; begin: number}>();
    const at = (slot: string) => {
      const known = slots.get(slot) ?? {entries: 0, begin: 0};
      slots.set(slot, known);
      return known;
    };
    for (const {eventTime} of rawRecords()) at(slotOf(eventTime)).entries += 1;
    for (const {window} of alerts) at(slotOf(window.from)).begin += 1;
    const rows = [...slots]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([slot, {entries, begin}]) => [slot, entries, begin]);
    assert.equal(documented('quiet'), table(['from', 'entries', 'alerts that begin'], rows));
    const first = alerts[0]?.window.from ?? '';
    assert.equal(first, '2023-07-10T11:54:47.000Z', 'nothing before the first act of the attack');
  });

  test('leaves the rest quiet, of people', async () => {
    const evidence = new Set(alerts.flatMap(each => each.evidence));
    const answer = await service.send('/audit-logs?limit=1000&actor=arn:aws:iam::123837392027:user/benjamin');
    const ofBenjamin = answer.json as AuditEntry[];
    assert.equal(ofBenjamin.length, 93);
    assert.deepEqual(
      ofBenjamin.filter(({id}) => evidence.has(id)),
      [],
    );
  });

  test('has evidence that is in the trail', async () => {
    for (const {evidence, window} of alerts) {
      const filter = encodeURIComponent(JSON.stringify({where: {id: {inq: evidence}}, order: 'actedAt ASC'}));
      const entries = (await service.send(`/audit-logs?limit=1000&filter=${filter}`)).json as AuditEntry[];
      assert.equal(entries.length, evidence.length);
      assert.equal(entries[0]?.actedAt, window.from);
    }
  });
});

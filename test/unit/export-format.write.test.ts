import assert from 'node:assert/strict';
import {once} from 'node:events';
import type {Readable} from 'node:stream';
import {buffer, text} from 'node:stream/consumers';
import {describe, it} from 'node:test';
import {setTimeout} from 'node:timers/promises';
import type {AuditEntry} from '@loopback-audit/audit-log';
import {EXPORT_FORMATS, exportFormat} from '../../dist/export/export-formats';
import {CountedPages, fullEntry, smallEntry} from './sample-entry';

async function* pagesOf(...pages: (readonly AuditEntry[])[]) {
  yield* pages;
}

const readSome = async (stream: Readable) => {
  await once(stream, 'readable');
  return stream.read(1) as Buffer;
};

for (const format of Object.values(EXPORT_FORMATS)) {
  describe(`the ${format.name} format`, () => {
    it('stops pulling pages while its consumer stalls, however many there are', async () => {
      const pages = new CountedPages(10_000);
      const stream = format.write(pages);
      await readSome(stream);
      let pulled = -1;
      for (; pulled !== pages.pulled; await setTimeout(150)) pulled = pages.pulled;
      assert.ok(pulled < 40, `${pulled} pages were pulled for one byte`);
      stream.destroy();
    });

    it('lets go of its source when the consumer goes away', async () => {
      const pages = new CountedPages(10_000);
      const stream = format.write(pages);
      await readSome(stream);
      stream.destroy();
      await once(stream, 'close');
      await setTimeout(50);
      assert.ok(pages.returned);
    });

    it('pulls nothing before it is read', async () => {
      const pages = new CountedPages(3);
      const stream = format.write(pages);
      await setTimeout(10);
      assert.equal(pages.pulled, 0);
      stream.destroy();
    });

    it('breaks off with the error of its source', async () => {
      async function* failing() {
        yield [fullEntry(1)];
        throw new Error('cursor lost');
      }
      const stream = format.write(failing());
      await assert.rejects(buffer(stream), /cursor lost/);
      assert.ok(stream.destroyed);
    });

    it('breaks off with the error of the column builder', async () => {
      const stream = format.write(pagesOf([fullEntry(1)]), {
        columns: () => {
          throw new Error('no such column');
        },
      });
      await assert.rejects(buffer(stream), /no such column/);
    });

    it('gives the event loop back between pages', async () => {
      let turns = 0;
      const timer = setInterval(() => turns++, 1);
      await buffer(format.write(new CountedPages(10)));
      clearInterval(timer);
      assert.ok(turns >= 5, `${turns} turns of the event loop for 10 pages`);
    });
  });
}

describe('csvFormat.write', () => {
  it('writes a header and CRLF after every row', async () => {
    const csv = await text(EXPORT_FORMATS.csv.write(pagesOf([smallEntry(1)], [smallEntry(2)])));
    const lines = csv.split('\r\n');
    assert.equal(lines.length, 4);
    assert.match(lines[0] ?? '', /^id,tenantId,action,actionKey,actionGroup,actedAt,recordedAt,actor,/);
    assert.equal(lines[3], '');
  });

  it('writes the header alone when there are no entries', async () => {
    const csv = await text(EXPORT_FORMATS.csv.write(pagesOf()));
    assert.match(csv, /^id,.*,salt,commitments\r\n$/);
  });

  it('takes the columns of the first built row', async () => {
    const csv = await text(
      EXPORT_FORMATS.csv.write(pagesOf([smallEntry(1), smallEntry(2)]), {
        columns: async entries =>
          entries.map((entry, index) => ({
            Who: entry.actor,
            When: new Date(entry.actedAt),
            Count: index,
            ...(index === 1 && {Extra: 'left out'}),
          })),
      }),
    );
    assert.equal(
      csv,
      'Who,When,Count\r\nuser-1,2026-11-22T03:10:59.123Z,0\r\nuser-2,2026-11-22T03:10:59.123Z,1\r\n',
    );
  });
});

describe('ndjsonFormat.write', () => {
  it('writes one object a line, without absent properties', async () => {
    const entries = [smallEntry(1), fullEntry(2)];
    const ndjson = await text(
      EXPORT_FORMATS.ndjson.write(
        pagesOf([{...smallEntry(1), ...{reason: undefined}}, fullEntry(2)] as AuditEntry[]),
      ),
    );
    assert.equal(ndjson, entries.map(entry => `${JSON.stringify(entry)}\n`).join(''));
  });
});

describe('jsonFormat.write', () => {
  it('writes one array', async () => {
    for (const pages of [[], [[]], [[smallEntry(1)]], [[smallEntry(1), smallEntry(2)], [], [fullEntry(3)]]]) {
      const json = await text(EXPORT_FORMATS.json.write(pagesOf(...pages)));
      assert.deepEqual(JSON.parse(json), pages.flat());
    }
  });
});

describe('exportFormat', () => {
  it('finds a format by name and names the formats there are', () => {
    assert.equal(exportFormat('CSV'), EXPORT_FORMATS.csv);
    assert.throws(() => exportFormat('pdf'), {
      code: 'INVALID_FORMAT',
      message: 'The format must be one of csv, ndjson, json, xlsx.',
    });
    assert.throws(() => exportFormat('constructor'), {code: 'INVALID_FORMAT'});
  });
});

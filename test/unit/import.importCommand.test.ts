import assert from 'node:assert/strict';
import {mkdirSync} from 'node:fs';
import {PassThrough} from 'node:stream';
import {afterEach, beforeEach, describe, it} from 'node:test';
import {gzipSync} from 'node:zlib';
import {importCommand} from '../../dist/cli/import';
import {BatchService, refuse} from './batch-service';
import {ScratchFolder} from './scratch-folder';

describe('importCommand', () => {
  let folder: ScratchFolder;
  let service: BatchService;
  let url: string;
  beforeEach(async () => {
    folder = new ScratchFolder();
    service = new BatchService();
    url = await service.start();
  });
  afterEach(async () => {
    folder.remove();
    await service.stop();
  });

  async function run(args: string[], isTTY = false) {
    const output = new PassThrough();
    const errors = Object.assign(new PassThrough(), {isTTY});
    const command = importCommand({url, token: () => 'default-token', output, errors});
    const before = process.exitCode;
    try {
      await command.parseAsync(args, {from: 'user'});
      return {
        status: process.exitCode,
        output: String(output.read() ?? ''),
        errors: String(errors.read() ?? ''),
      };
    } finally {
      process.exitCode = before;
    }
  }

  it('imports the files of a folder in the order of their names', async () => {
    mkdirSync(`${folder.path}/2`);
    folder.write('3.ndjson', '{"action":"third"}\n');
    folder.write('2/2.ndjson.gz', gzipSync('{"action":"second"}\n'));
    folder.write('1.csv', 'action\r\nfirst\r\n');
    folder.write('LICENSE', 'not an import');
    folder.write('.hidden.ndjson', '{"action":"hidden"}\n');
    const {status, output, errors} = await run([folder.path]);
    assert.deepEqual([status, errors], [0, '']);
    assert.equal(output, '3 records read: 3 stored, 0 already there, 0 bad.\n');
    assert.deepEqual(
      [...service.stored.values()].map(({action}) => action),
      ['first', 'second', 'third'],
    );
    assert.equal(service.requests[0]?.headers.authorization, 'Bearer default-token');
  });

  it('lists bad records with file and line, and exits with 1', async () => {
    const file = folder.write('a.ndjson', '{"action":"good"}\n{oops\n{"action":"bad"}\n');
    const {status, output, errors} = await run(['--token', 'T', file]);
    assert.equal(status, 1);
    assert.equal(errors, `${file}:2: The line is not valid JSON.\n${file}:3: action: must be good\n`);
    assert.equal(output, '3 records read: 1 stored, 0 already there, 2 bad.\n');
    assert.equal(service.requests[0]?.headers.authorization, 'Bearer T');
  });

  it('exits with 2 when the service refuses, when nothing could be sent, and when there is no file', async () => {
    const file = folder.write('a.ndjson', '{"action":"good"}\n');
    service.first.push(response => refuse(response, 401, 'INVALID_TOKEN'));
    const refused = await run([file]);
    assert.equal(refused.status, 2);
    assert.match(refused.errors, /The import broke off\. The service answers 401: no: INVALID_TOKEN\n$/);
    assert.equal((await run([folder.write('b.ndjson', '{oops\n')])).status, 2);
    const missing = await run([`${folder.path}/none`]);
    assert.equal(missing.status, 2);
    assert.match(missing.errors, /Cannot read .*none/);
  });

  it('draws a progress bar on a terminal', async () => {
    const {status, errors} = await run([folder.write('a.ndjson', '{"action":"good"}\n')], true);
    assert.equal(status, 0);
    assert.match(errors, /records/);
  });

  it('takes a kind, and explains itself', async () => {
    const file = folder.write('a.csv', "id,action,actionKey,actor\n,x,k,'quoted\n");
    assert.equal((await run(['--kind', 'csv', file])).status, 0);
    assert.equal([...service.stored.values()][0]?.actor, 'quoted');
    const help = importCommand()
      .exitOverride()
      .configureOutput({writeOut: text => assert.match(text, /Examples:|import/)});
    assert.throws(() => help.parse(['--help'], {from: 'user'}), {code: 'commander.helpDisplayed'});
  });
});

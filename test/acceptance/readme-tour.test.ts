import assert from 'node:assert/strict';
import {type ChildProcess, spawn} from 'node:child_process';
import {generateKeyPairSync} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {mkdtemp, rm} from 'node:fs/promises';
import {createServer} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {CLOUDTRAIL_SKIPPED, cloudTrailFolder} from '../support/cloudtrail-data';
import {createTestDatabase, type TestDatabase} from '../support/test-database';

const ROOT = join(__dirname, '..', '..');

/** The commands of the tour and what the README says they print. */
function tour(): {command: string; printed: string}[] {
  const blocks = readFileSync(join(ROOT, 'README.md'), 'utf8').matchAll(/```console\n(.*?)```/gs);
  const steps: {command: string; printed: string}[] = [];
  for (const line of [...blocks].flatMap(([, block = '']) => block.trimEnd().split('\n'))) {
    const last = steps.at(-1);
    if (line.startsWith('$ ')) steps.push({command: line.slice(2), printed: ''});
    else if (last) last.printed += `${line}\n`;
  }
  return steps;
}

const freePort = () =>
  new Promise<number>(done => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => done(typeof address === 'object' && address ? address.port : 0));
    });
  });

let db: TestDatabase;
let folder: string;
let environment: NodeJS.ProcessEnv;
let service: ChildProcess;

before(async () => {
  if (CLOUDTRAIL_SKIPPED) return;
  db = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), 'audit-tour-'));
  environment = {
    ...process.env,
    PORT: String(await freePort()),
    LOG_LEVEL: 'silent',
    AUDIT_DATA_DIR: folder,
    NODE_PATH: join(ROOT, 'node_modules'),
    SIGNING_KEY: generateKeyPairSync('ed25519').privateKey.export({format: 'pem', type: 'pkcs8'}).toString(),
    JWT_SECRET: 'a secret of tests alone, 32 bytes or more',
    DB_HOST: db.settings.host,
    DB_PORT: String(db.settings.port),
    DB_USER: db.settings.user,
    DB_PASSWORD: db.settings.password,
    DB_DATABASE: db.settings.database,
  };
  service = spawn(process.execPath, ['dist/cli/main.js', 'serve'], {cwd: ROOT, env: environment});
  await new Promise<void>((ready, failed) => {
    service.stdout?.once('data', () => ready());
    service.once('exit', code => failed(new Error(`the service ended with ${code}`)));
  });
});

after(async () => {
  if (CLOUDTRAIL_SKIPPED) return;
  const ended = new Promise(done => service.once('exit', done));
  service.kill('SIGTERM');
  await ended;
  await db.drop();
  await rm(folder, {recursive: true, force: true});
});

test('the tour in the README prints what it says, line by line', {skip: CLOUDTRAIL_SKIPPED}, async () => {
  const steps = tour();
  assert.ok(steps.length > 15, 'the README has a tour');
  // Every command goes to one shell; the files that it writes go to a folder that is thrown away.
  const mark = '== end of step ==';
  const script = steps.map(
    ({command}) => `${command.replaceAll('127.0.0.1:3000', '127.0.0.1:$PORT')}\necho '${mark}'\n`,
  );
  const inFolder = `npx() { command npx --loglevel=error --prefix "${ROOT}" "$@"; }; cd "${folder}"\n`;
  const printed = await sh(inFolder + script.join(''), {...environment, CLOUDTRAIL: cloudTrailFolder()});
  const answers = printed.split(`${mark}\n`);
  for (const [i, step] of steps.entries()) {
    assert.equal(answers[i]?.trim(), step.printed.trim(), step.command);
  }
});

function sh(script: string, env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((done, failed) => {
    const shell = spawn('bash', ['-s'], {env, stdio: ['pipe', 'pipe', 'inherit']});
    let printed = '';
    shell.stdout.setEncoding('utf8').on('data', text => {
      printed += text;
    });
    shell.once('error', failed);
    shell.once('close', () => done(printed));
    shell.stdin.end(script);
  });
}

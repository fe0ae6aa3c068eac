// Runs the tests on node's test runner, against one throwaway PostgreSQL for all of them. The arguments are
// options of the runner and test files, by default every one:
//
//   npm test -- dist-test/unit/cursor.test.js
import {spawn} from 'node:child_process';
import {readdirSync} from 'node:fs';
import {createRequire} from 'node:module';

const {startTestPostgres} = createRequire(import.meta.url)('../dist-test/support/test-postgres.js');

const given = process.argv.slice(2);
const files = given.some(arg => arg.endsWith('.js')) ? [] : testFiles();
const postgres = await startTestPostgres();
const runner = spawn(
  process.execPath,
  ['--test', '--test-concurrency=2', '--test-reporter=spec', ...given, ...files],
  {
    stdio: 'inherit',
    env: {...process.env, NODE_NO_WARNINGS: '1', TEST_POSTGRES: postgres.url},
  },
);
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => runner.kill(signal));
runner.on('close', async code => {
  await postgres.stop();
  process.exitCode = code ?? 1;
});

function testFiles() {
  return readdirSync('dist-test', {recursive: true})
    .filter(file => file.endsWith('.test.js'))
    .map(file => `dist-test/${file}`)
    .sort();
}

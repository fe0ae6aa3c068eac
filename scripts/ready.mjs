// Installs what is missing and builds what has changed; does nothing, quickly, where all is in place.
// Needs Node and npm alone, so it runs before anything is installed.
//
//   node scripts/ready.mjs            the service
//   node scripts/ready.mjs test …     and these other projects: test, bench, examples/host-app
import {execFileSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import {chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
process.chdir(root);

const [major] = process.versions.node.split('.').map(Number);
if (major < 20) {
  process.stderr.write(`audit-service: Node 20 or later is needed, this is ${process.versions.node}.\n`);
  process.exit(1);
}

install();
build(['.', ...process.argv.slice(2)]);

/** Installs exactly what the lock file says, unless that is what is installed. */
function install() {
  const stamp = 'node_modules/.installed';
  const wanted = createHash('sha256')
    .update(readFileSync('package-lock.json'))
    .update(process.versions.modules)
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  writeFileSync(stamp, wanted);
}

/** Builds the projects, unless nothing is newer than the last build of them. */
function build(projects) {
  const name = projects
    .map(project => project.replaceAll('/', '-'))
    .join('+')
    .replace('.', 'service');
  const stamp = `node_modules/.built/${name}`;
  const sources = ['src', 'packages/audit-log/src', 'examples/host-app/src', 'test', ...projects.slice(1)];
  const settings = ['tsconfig.json', 'tsconfig.base.json', 'node_modules/.installed'];
  const newest = Math.max(...sources.map(newestIn), ...settings.map(file => statSync(file).mtimeMs));
  const outputs = ['dist/index.js', 'packages/audit-log/dist/index.js'];
  if (existsSync(stamp) && statSync(stamp).mtimeMs > newest && outputs.every(existsSync)) return;
  run(process.execPath, ['node_modules/typescript/bin/tsc', '--build', ...projects]);
  // npm makes the command of a package executable when it installs it; here it is built after that.
  chmodSync('dist/cli/main.js', 0o755);
  mkdirSync(dirname(stamp), {recursive: true});
  writeFileSync(stamp, '');
}

function newestIn(folder) {
  const times = readdirSync(folder, {withFileTypes: true})
    .filter(item => item.name !== 'node_modules' && item.name !== 'dist')
    .map(item => join(folder, item.name))
    .map(path => (statSync(path).isDirectory() ? newestIn(path) : statSync(path).mtimeMs));
  return Math.max(statSync(folder).mtimeMs, ...times);
}

function run(command, args) {
  try {
    execFileSync(command, args, {stdio: ['ignore', 2, 2], shell: process.platform === 'win32'});
  } catch (error) {
    process.exit(error.status ?? 1);
  }
}

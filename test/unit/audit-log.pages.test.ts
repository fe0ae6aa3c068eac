import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, test} from 'node:test';

const ROOT = join(__dirname, '..', '..');

/** The files that a page shows: its blocks of TypeScript that begin with a file's name. */
function filesOf(page: string): Map<string, string> {
  const text = readFileSync(join(ROOT, 'packages/audit-log', page), 'utf8');
  const blocks = text.matchAll(/```ts\n\/\/ ([\w-]+\.ts)\n([^`]*(?:`[^`]+`[^`]*)*?)```/g);
  return new Map([...blocks].map(([, name = '', content = '']) => [name, content]));
}

/** What the compiler says of files that lie beside one another; empty where they compile. */
function compile(files: Map<string, string>): string {
  const folder = mkdtempSync(join(ROOT, 'dist-test', 'page-'));
  try {
    for (const [name, content] of files) writeFileSync(join(folder, name), content);
    const compilerOptions = {noEmit: true, composite: false, incremental: false, declaration: false};
    const settings = {extends: '../../tsconfig.base.json', include: ['*.ts'], compilerOptions};
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(settings));
    execFileSync(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', folder]);
    return '';
  } catch (error) {
    return String((error as {stdout: Buffer}).stdout);
  } finally {
    rmSync(folder, {recursive: true, force: true});
  }
}

describe('the files that a page shows compile:', () => {
  for (const [page, names] of [
    ['README.md', ['products.ts', 'together.ts', 'apart.ts']],
    ['MOVING.md', ['product.ts', 'host.ts', 'custom.ts', 'upgrade.ts']],
  ] as const) {
    test(page, () => {
      const files = filesOf(page);
      assert.deepEqual([...files.keys()], names);
      assert.equal(compile(files), '');
    });
  }
});

import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

/** A folder for the files of one test. */
export class ScratchFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'audit-'));

  write(name: string, content: string | Buffer): string {
    const path = join(this.path, name);
    writeFileSync(path, content);
    return path;
  }

  remove(): void {
    rmSync(this.path, {recursive: true, force: true});
  }
}

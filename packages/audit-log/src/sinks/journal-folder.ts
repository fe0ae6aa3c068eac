import {randomBytes} from 'node:crypto';
import {mkdir, open, readdir, rename, rm, stat, utimes} from 'node:fs/promises';
import {dirname, join, resolve} from 'node:path';

/** `<number>-<writer>.<holder>.ndjson`. Without a holder it is anybody's; early journals named no writer either. */
const SEGMENT = /^(\d{12})(?:-([0-9a-f]{8}))?(?:\.([0-9a-f]{8}))?\.ndjson$/;
/** How often a holder says by the time of its segments that it is there, in milliseconds. */
const BEAT_MS = 1_000;
/** Silence after which a holder counts as gone, in milliseconds. */
const GONE_MS = 5_000;

/**
 * The segments of a journal in a folder that several journals may share, of this process or others. Who holds a
 * segment stands in its name, and renaming it is how it is taken. A holder that dies falls silent, by the time of
 * its segments and not by a process id, which may be another's by then, or of another container.
 *
 * That a holder is only slow does no harm: it finds its segment renamed before it tells anybody that an entry
 * is kept, and the one who took it reads it afterwards. At worst an entry is delivered twice.
 */
export class JournalFolder {
  private readonly holder = randomBytes(4).toString('hex');
  private readonly mine = new RegExp(`\\.${this.holder}\\.ndjson$`);
  private number = 0;
  private beating: NodeJS.Timeout | undefined;

  constructor(private readonly path: string) {}

  /** Makes the folder where it is missing, so that a crash of the machine does not unmake it. */
  async open(): Promise<void> {
    const made = await mkdir(this.path, {recursive: true});
    if (made) {
      for (let folder = resolve(this.path); folder !== dirname(resolve(made)); folder = dirname(folder)) {
        await syncFolder(dirname(folder));
      }
    }
    const numbers = (await this.names()).map(name => Number.parseInt(name, 10));
    this.number = numbers.reduce((highest, each) => Math.max(highest, each), 0);
    this.beating = setInterval(() => void this.beat().catch(() => {}), BEAT_MS);
    this.beating.unref();
  }

  /** Lets go of every segment: the next journal need not wait. */
  async release(): Promise<void> {
    clearInterval(this.beating);
    for (const name of await this.held()) await this.move(name, name.replace(this.mine, '.ndjson'));
  }

  pathOf(name: string): string {
    return join(this.path, name);
  }

  /** Begins a new segment, whose name outlasts a crash of the machine. */
  async create() {
    this.number += 1;
    const name = this.nameOf(String(this.number).padStart(12, '0'), this.holder);
    const file = await open(this.pathOf(name), 'ax', 0o600);
    await syncFolder(this.path);
    return {name, file};
  }

  /** The oldest segment that this journal holds, or that nobody does, and which it then takes. */
  async takeOldest(): Promise<string | undefined> {
    for (const name of await this.within()) {
      if (this.mine.test(name)) return name;
      const [, number = '', writer] = SEGMENT.exec(name) ?? [];
      const taken = this.nameOf(number, writer ?? randomBytes(4).toString('hex'));
      if (await this.move(name, taken)) return taken;
    }
    return undefined;
  }

  /** The segments that this journal holds, and those that nobody does, oldest first. */
  async within(): Promise<string[]> {
    const names: string[] = [];
    for (const name of await this.names()) {
      if (this.mine.test(name) || (await this.isNobodys(name))) names.push(name);
    }
    return names;
  }

  /** Whether a segment is still here, and has not been taken by another journal. */
  async has(name: string): Promise<boolean> {
    return (await timeOf(this.pathOf(name))) !== undefined;
  }

  /** Removes a segment, and how far it was delivered. */
  async remove(name: string): Promise<void> {
    for (const each of [name, ...besides(name)]) await rm(this.pathOf(each), {force: true});
  }

  private nameOf(number: string, writer: string): string {
    return `${number}-${writer}.${this.holder}.ndjson`;
  }

  private async names(): Promise<string[]> {
    return (await readdir(this.path)).filter(name => SEGMENT.test(name)).sort();
  }

  private async held(): Promise<string[]> {
    return (await this.names()).filter(name => this.mine.test(name));
  }

  private async isNobodys(name: string): Promise<boolean> {
    const [, , , holder] = SEGMENT.exec(name) ?? [];
    if (holder === undefined) return true;
    const time = await timeOf(this.pathOf(name));
    return time !== undefined && Date.now() - time > GONE_MS;
  }

  private async beat(): Promise<void> {
    for (const name of await this.held()) await this.touch(name);
  }

  private async touch(name: string): Promise<void> {
    const now = new Date();
    await utimes(this.pathOf(name), now, now).catch(() => {});
  }

  /** Renames a segment. @returns false where another journal was faster */
  private async move(from: string, to: string): Promise<boolean> {
    try {
      await rename(this.pathOf(from), this.pathOf(to));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw error;
    }
    await this.touch(to);
    const [delivered, unfinished] = besides(from);
    await rename(this.pathOf(delivered), this.pathOf(besides(to)[0])).catch(() => {});
    await rm(this.pathOf(unfinished), {force: true});
    return true;
  }
}

/** The files beside a segment: how far it was delivered, and that being written. */
export const besides = (name: string): [delivered: string, unfinished: string] => [
  `${name}.delivered`,
  `${name}.delivered.tmp`,
];

/** When a file was last changed, in milliseconds since 1970; undefined where it is not there. */
async function timeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).mtimeMs;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Flushes the names in a folder, where the operating system can. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  await folder.sync().finally(() => folder.close());
}

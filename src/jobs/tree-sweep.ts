import {setTimeout as sleep} from 'node:timers/promises';
import type {Logger} from 'pino';
import {AuditError} from '../errors';
import type {HistoryGuard, NotesElsewhere} from '../repositories/history-guard';
import type {TransparencyLog} from '../repositories/transparency-log';

export interface TreeSweepParts {
  log: TransparencyLog;
  guard: HistoryGuard | undefined;
  notes: NotesElsewhere | undefined;
  logger: Logger;
}

const HOUR_MS = 3_600_000;
/** How long a tenant is thinned after its tree has last grown: until its last checkpoint is older than a day. */
const THINNED_MS = 26 * HOUR_MS;

/**
 * What is looked after at the start and each minute: trees that another process has left unsigned, trees that are not
 * what was signed of them, and each hour, checkpoints that may go.
 */
export class TreeSweep {
  private readonly lastGrown = new Map<string, number>();
  private thinned = Date.now();

  /** @param everyMs time between two sweeps @param thinMs time between two thinnings */
  constructor(
    private readonly parts: TreeSweepParts,
    private readonly everyMs: number,
    private readonly thinMs: number = HOUR_MS,
  ) {}

  /** Has the checkpoints of a tenant thinned, whose tree has grown. */
  watch(tenantId: string): void {
    this.lastGrown.set(tenantId, Date.now());
  }

  /** Sweeps until it is stopped. @param found called for each tree that is unsigned */
  async run(found: (tenantId: string) => void, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.attempt(async () => {
        for (const tenantId of await this.parts.log.unsigned()) {
          this.watch(tenantId);
          found(tenantId);
        }
      });
      await this.attempt(() => this.holdAgainstNotes(signal));
      if (Date.now() - this.thinned >= this.thinMs) await this.attempt(() => this.thin(signal));
      await sleep(this.everyMs, undefined, {signal}).catch(() => {});
    }
  }

  private async holdAgainstNotes(signal: AbortSignal): Promise<void> {
    const {guard, notes, logger} = this.parts;
    const kept = (await notes?.tenants()) ?? [];
    for (const tenantId of new Set([...kept, ...(guard?.tenants ?? [])])) {
      if (signal.aborted) return;
      // One that cannot be looked at does not hide the others.
      await guard?.assertKept(tenantId).catch(error => {
        if (error instanceof AuditError && error.code === 'HISTORY_REWRITTEN') return;
        logger.warn({err: error, tenantId}, 'cannot hold a tree against its checkpoints');
      });
    }
  }

  private async thin(signal: AbortSignal): Promise<void> {
    this.thinned = Date.now();
    for (const [tenantId, grown] of this.lastGrown) {
      if (signal.aborted) return;
      await this.parts.log.thin(tenantId);
      if (this.thinned - grown > THINNED_MS) this.lastGrown.delete(tenantId);
    }
  }

  private async attempt(work: () => Promise<void>): Promise<void> {
    await work().catch(error => this.parts.logger.warn({err: error}, 'cannot look after the trees'));
  }
}

import type {CheckpointLog} from './checkpoint-log';

/**
 * Keeps the newest note of each tenant elsewhere, no oftener than it is worth: a tree that grows all day would fill any
 * place.
 */
export class PacedNotes {
  private readonly waiting = new Map<string, string>();
  private readonly kept = new Map<string, number>();

  /** @param everyMs time from one note of a tenant to the next at least */
  constructor(
    private readonly log: CheckpointLog,
    private readonly everyMs: number,
  ) {}

  offer(tenantId: string, note: string): void {
    this.waiting.set(tenantId, note);
  }

  /** Keeps what is due, or everything. What could not be kept waits for the next call. @throws what the log throws */
  async flush(everything = false): Promise<void> {
    const now = Date.now();
    for (const [tenantId, note] of [...this.waiting]) {
      if (!everything && now - (this.kept.get(tenantId) ?? 0) < this.everyMs) continue;
      await this.log.append(tenantId, note);
      this.kept.set(tenantId, now);
      if (this.waiting.get(tenantId) === note) this.waiting.delete(tenantId);
    }
  }

  async close(): Promise<void> {
    await this.log.close?.();
  }
}

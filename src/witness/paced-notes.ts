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

  /**
   * Keeps what is due, or everything. What could not be kept waits for the next call, and holds no other up.
   *
   * @throws what the log threw first, once each has had its turn
   */
  async flush(everything = false): Promise<void> {
    const now = Date.now();
    const faults: unknown[] = [];
    for (const [tenantId, note] of [...this.waiting]) {
      if (!everything && now - (this.kept.get(tenantId) ?? 0) < this.everyMs) continue;
      try {
        await this.log.append(tenantId, note);
      } catch (error) {
        faults.push(error);
        continue;
      }
      this.kept.set(tenantId, now);
      if (this.waiting.get(tenantId) === note) this.waiting.delete(tenantId);
    }
    if (faults.length > 0) throw faults[0];
  }

  async close(): Promise<void> {
    await this.log.close?.();
  }
}

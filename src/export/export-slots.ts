import {AuditError} from '../errors';

/**
 * Bounds the exports under way. Each holds a database connection for as long as its client takes, so that
 * without a bound a few slow clients could keep everybody else from the database.
 */
export class ExportSlots {
  private taken = 0;

  /** @param limit exports at a time */
  constructor(private readonly limit: number) {}

  /**
   * Runs an export in a slot.
   *
   * @throws AuditError TOO_MANY_EXPORTS where every slot is taken
   */
  async use<T>(work: () => Promise<T>): Promise<T> {
    if (this.taken >= this.limit) {
      throw new AuditError('TOO_MANY_EXPORTS', `${this.limit} exports are under way: try again later.`);
    }
    this.taken += 1;
    try {
      return await work();
    } finally {
      this.taken -= 1;
    }
  }
}

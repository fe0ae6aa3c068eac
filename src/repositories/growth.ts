/** Is told which trees this process has made grow, once what was stored is committed or about to be. */
export type GrowthListener = (tenantId: string, entries: number) => void;

/** Passes on which trees have grown, to whoever signs them or watches them. */
export class Growth {
  private readonly listeners: GrowthListener[] = [];

  hear(listener: GrowthListener): void {
    this.listeners.push(listener);
  }

  tell(tenantId: string, entries: number): void {
    if (entries > 0) for (const listener of this.listeners) listener(tenantId, entries);
  }
}

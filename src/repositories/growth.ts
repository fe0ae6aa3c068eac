/** Is told which trees this process has made grow, once what was stored is committed or about to be. */
export type GrowthListener = (tenantId: string, entries: number) => void;

/** Passes on which trees have grown, to whoever signs them. */
export class Growth {
  private listener: GrowthListener = () => {};

  hear(listener: GrowthListener): void {
    this.listener = listener;
  }

  tell(tenantId: string, entries: number): void {
    if (entries > 0) this.listener(tenantId, entries);
  }
}

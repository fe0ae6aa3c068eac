import type {NotesElsewhere} from '../repositories/history-guard';

/**
 * Where checkpoints are kept outside of the database, so that whoever restores or rewrites the database is found out.
 * What is in it is never changed.
 */
export interface CheckpointLog extends NotesElsewhere {
  /** Adds a note, unless one of its size or a larger one of the tenant is there. It is durable on return. */
  append(tenantId: string, note: string): Promise<void>;

  /** Releases what is held; it is taken up again where it is needed. */
  close?(): Promise<void>;
}

/** The tenant that an origin stands for; undefined where it is that of another service. */
export function tenantOfOrigin(serviceOrigin: string, origin: string): string | undefined {
  const prefix = `${serviceOrigin}/tenant/`;
  if (!origin.startsWith(prefix)) return undefined;
  try {
    return decodeURIComponent(origin.slice(prefix.length));
  } catch {
    return undefined;
  }
}

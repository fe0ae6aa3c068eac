import type {Logger} from 'pino';
import {type OpenedCheckpoint, openCheckpoint} from '../integrity/checkpoint';
import {type NoteVerifier, parseVerifierKey} from '../integrity/signed-note';
import type {KeyHistory} from './key-history';

/** Notes whose refusal is remembered, so that each is told of once. */
const MOST_REFUSED = 1_000;

/** Answers what a note says where the service has signed it; undefined of any other. */
export type OpenOwnNote = (note: string) => Promise<OpenedCheckpoint | undefined>;

/**
 * Tells the notes that this service has signed, now or by an earlier key, from what anybody may have written beside
 * them.
 */
export class OwnNotes {
  private readonly refused = new Set<string>();

  constructor(
    private readonly signing: readonly NoteVerifier[],
    private readonly history: KeyHistory,
    private readonly logger: Logger,
  ) {}

  /** What the note says; undefined, and told once, where no key of the service has signed it. */
  readonly open: OpenOwnNote = async note => {
    if (this.refused.has(note)) return undefined;
    let opened = openCheckpoint(note, this.signing);
    // Another key may have signed since the last look.
    if (opened?.verdict === 'unknown key') opened = openCheckpoint(note, await this.everyKey());
    if (opened?.verdict === 'valid') return opened;
    if (this.refused.size >= MOST_REFUSED) this.refused.clear();
    this.refused.add(note);
    const {origin, size, verdict = 'no checkpoint'} = opened ?? {};
    this.logger.warn(
      {origin, size, verdict},
      'a checkpoint is passed over: no key of this service has signed it',
    );
    return undefined;
  };

  private async everyKey(): Promise<NoteVerifier[]> {
    const uses = await this.history.all(this.signing);
    return uses.flatMap(({key}) => {
      try {
        return [parseVerifierKey(key)];
      } catch {
        return [];
      }
    });
  }
}

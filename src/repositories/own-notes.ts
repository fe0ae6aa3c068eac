import type {Logger} from 'pino';
import {type OpenedCheckpoint, openCheckpoint} from '../integrity/checkpoint';
import type {LogSigner} from '../integrity/log-signer';
import {type NoteVerifier, parseVerifierKey} from '../integrity/signed-note';
import type {KeyHistory} from './key-history';

/** Notes that are remembered for what they are, so that each is told of once. */
const MOST_TOLD = 1_000;

/** Answers what a note says where the service has signed it, or may have; undefined of any other. */
export type OpenOwnNote = (note: string) => Promise<OpenedCheckpoint | undefined>;

/**
 * Tells the notes that this service has signed, now or by an earlier key, from what anybody may have written beside
 * them. A note whose key is not known may be its own all the same: keys are forgotten with the database that remembers
 * them.
 */
export class OwnNotes {
  private readonly told = new Set<string>();

  constructor(
    private readonly signer: LogSigner,
    private readonly history: KeyHistory,
    private readonly logger: Logger,
  ) {}

  /** What the note says, and whether its key is known; undefined, and told once, where it is forged or no checkpoint. */
  readonly open: OpenOwnNote = async note => {
    let opened = openCheckpoint(note, this.signer.keys);
    // Another key may have signed since the last look.
    if (opened?.verdict === 'unknown key') opened = openCheckpoint(note, await this.everyKey());
    if (opened?.verdict === 'valid') return opened;
    this.tell(note, opened);
    return opened?.verdict === 'unknown key' ? opened : undefined;
  };

  private tell(note: string, opened: OpenedCheckpoint | undefined): void {
    if (this.told.has(note)) return;
    if (this.told.size >= MOST_TOLD) this.told.clear();
    this.told.add(note);
    const {origin, size, verdict = 'no checkpoint'} = opened ?? {};
    const what =
      verdict === 'unknown key'
        ? 'a checkpoint is kept whose key is not known: name it in SIGNING_KEY_HISTORY'
        : 'a checkpoint is passed over: no key of this service has signed it';
    this.logger.warn({origin, size, verdict}, what);
  }

  private async everyKey(): Promise<NoteVerifier[]> {
    const uses = await this.history.all(this.signer);
    return uses.flatMap(({key}) => {
      try {
        return [parseVerifierKey(key)];
      } catch {
        return [];
      }
    });
  }
}

import type {LogSigner} from '../integrity/log-signer';
import type {NoteVerifier} from '../integrity/signed-note';
import {verifierKey} from '../integrity/signed-note';
import type {Database} from './database';

/** A public key that has signed checkpoints, and when: RFC 3339 times of its first and last use. */
export interface KeyUse {
  key: string;
  from?: string;
  until?: string;
}

/** How exactly the last use of a key is known, in milliseconds. */
const PRECISION_MS = 60_000;

/** The keys that sign, and those that signed earlier. */
export class KeyHistory {
  private noted: {keys: string; at: number} | undefined;

  constructor(private readonly database: Database) {}

  /** Notes that keys are in use; more often than once a minute it does nothing. */
  async use(keys: readonly NoteVerifier[]): Promise<void> {
    const lines = keys.map(verifierKey);
    const now = {keys: lines.join('\n'), at: Date.now()};
    if (this.noted?.keys === now.keys && now.at - this.noted.at < PRECISION_MS) return;
    await this.database.transaction({role: 'audit_writer', tenantId: ''}, session =>
      session.rows('SELECT audit_use_keys($1)', [lines]),
    );
    this.noted = now;
  }

  /**
   * Every key: those that sign now, in their order, then those that the database remembers, the one that signed last
   * first, then those that are known beside it.
   */
  async all({keys, earlier = []}: LogSigner): Promise<KeyUse[]> {
    const rows = await this.database.transaction({role: 'audit_reader', tenantId: ''}, session =>
      session.rows(
        'SELECT verifier_key, first_used, last_used FROM audit_keys ORDER BY last_used DESC, verifier_key',
      ),
    );
    const used = new Map(
      rows.map(([key, from, until]): [string, KeyUse] => [
        String(key),
        {key: String(key), from: String(from), until: String(until)},
      ]),
    );
    const lines = new Set([...keys.map(verifierKey), ...used.keys(), ...earlier.map(verifierKey)]);
    return [...lines].map(key => used.get(key) ?? {key});
  }
}

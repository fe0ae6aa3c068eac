import type {KeyObject} from 'node:crypto';
import {type NoteSigner, type NoteVerifier, noteSigner} from './signed-note';

/**
 * Who signs for the trees of a service. Bind another one to keep the key elsewhere, such as in a key management
 * service.
 */
export interface LogSigner {
  /** The name of the service's logs, a URL without its scheme such as `audit.example.com`. */
  readonly origin: string;
  /** Keys that sign now: one, or two while one is being replaced. */
  readonly keys: readonly NoteSigner[];
  /** Public keys that signed earlier, as they are known outside of the database, which remembers them as well. */
  readonly earlier?: readonly NoteVerifier[];
}

/** A signer that holds its private keys itself. @throws TypeError where one is not Ed25519 */
export const logSigner = (origin: string, privateKeys: readonly KeyObject[]): LogSigner => ({
  origin,
  keys: privateKeys.map(key => noteSigner(origin, key)),
});

/** The origin of one tenant's log, which its checkpoints name. */
export const originOf = ({origin}: Pick<LogSigner, 'origin'>, tenantId: string): string =>
  `${origin}/tenant/${encodeURIComponent(tenantId)}`;

import {createPrivateKey, generateKeyPairSync, type KeyObject} from 'node:crypto';
import {readFile} from 'node:fs/promises';
import {type LogSigner, logSigner} from '../integrity/log-signer';
import {type NoteVerifier, parseVerifierKey} from '../integrity/signed-note';
import {type SettingName, type Settings, wrong} from '../settings';
import {keptFile} from './kept-file';

const KEY_FILE = 'signing-key.pem';
const PEM = /-----BEGIN [^-]+-----[^-]+-----END [^-]+-----/g;

/**
 * Who signs checkpoints: the keys of the settings, or, where the service brings its own PostgreSQL, a key that is
 * made at the first start and kept in the data folder. Undefined where there is none of both.
 *
 * @throws AuditError INVALID_SETTING where a key cannot be read; none is quoted
 */
export async function signerOf({signing, database, dataDir}: Settings): Promise<LogSigner | undefined> {
  const {origin, file, keys, history} = signing;
  const earlier = history === undefined ? [] : publicKeys(await read('SIGNING_KEY_HISTORY', history));
  if (keys !== undefined) return signerFrom('SIGNING_KEY', {origin, earlier}, keys);
  if (file !== undefined) {
    return signerFrom('SIGNING_KEY_FILE', {origin, earlier}, await read('SIGNING_KEY_FILE', file));
  }
  if (database) return undefined;
  return signerFrom('AUDIT_DATA_DIR', {origin, earlier}, await developmentKey(dataDir));
}

const developmentKey = (dataDir: string): Promise<string> =>
  keptFile(dataDir, KEY_FILE, () =>
    generateKeyPairSync('ed25519').privateKey.export({format: 'pem', type: 'pkcs8'}).toString(),
  );

async function read(setting: SettingName, file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw wrong(setting, `cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

function publicKeys(text: string): NoteVerifier[] {
  try {
    return text.trim().split(/\s*\n/).map(parseVerifierKey);
  } catch {
    throw wrong('SIGNING_KEY_HISTORY', 'must hold public keys, as name+id+key, one a line');
  }
}

function signerFrom(
  setting: SettingName,
  {origin, earlier}: Required<Pick<LogSigner, 'origin' | 'earlier'>>,
  text: string,
): LogSigner {
  // A line break may have been lost on the way into the environment.
  const keys = text.replaceAll('\\n', '\n').match(PEM) ?? [];
  if (keys.length === 0) throw wrong(setting, 'holds no private key in PEM');
  const signer = logSigner(
    origin,
    keys.map(pem => privateKey(setting, pem)),
  );
  return {...signer, earlier};
}

function privateKey(setting: SettingName, pem: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    throw wrong(setting, 'holds no private key that can be read');
  }
  if (key.asymmetricKeyType !== 'ed25519') throw wrong(setting, 'must hold Ed25519 keys');
  return key;
}

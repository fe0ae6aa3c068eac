import {createPrivateKey, generateKeyPairSync, type KeyObject} from 'node:crypto';
import {readFile} from 'node:fs/promises';
import {type LogSigner, logSigner} from '../integrity/log-signer';
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
  const {origin, file, keys} = signing;
  if (keys !== undefined) return signerFrom('SIGNING_KEY', origin, keys);
  if (file !== undefined) return signerFrom('SIGNING_KEY_FILE', origin, await read(file));
  return database ? undefined : signerFrom('AUDIT_DATA_DIR', origin, await developmentKey(dataDir));
}

const developmentKey = (dataDir: string): Promise<string> =>
  keptFile(dataDir, KEY_FILE, () =>
    generateKeyPairSync('ed25519').privateKey.export({format: 'pem', type: 'pkcs8'}).toString(),
  );

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw wrong('SIGNING_KEY_FILE', `cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

function signerFrom(setting: SettingName, origin: string, text: string): LogSigner {
  // A line break may have been lost on the way into the environment.
  const keys = text.replaceAll('\\n', '\n').match(PEM) ?? [];
  if (keys.length === 0) throw wrong(setting, 'holds no private key in PEM');
  return logSigner(
    origin,
    keys.map(pem => privateKey(setting, pem)),
  );
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

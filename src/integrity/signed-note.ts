import {createPublicKey, type KeyObject, sign, verify} from 'node:crypto';
import {sha256} from './sha256';

/** A key that notes are verified with (C2SP signed-note, Ed25519). */
export interface NoteVerifier {
  /** Of the key; no spaces, no plus sign. */
  readonly name: string;
  /** First four bytes of a hash of name and key: tells keys apart, and proves nothing. */
  readonly keyId: Buffer;
  readonly publicKey: KeyObject;
}

/** A key that notes are signed with. */
export interface NoteSigner extends NoteVerifier {
  /** Signs by Ed25519 (RFC 8032). A key management service may do so elsewhere. */
  sign(text: Buffer): Promise<Buffer>;
}

/** A text and who claims to have signed it. Nothing in it is to be trusted before it is verified. */
export interface SignedNote {
  text: string;
  signatures: {name: string; keyId: Buffer; signature: Buffer}[];
}

const ED25519 = 1;
/** DER of an Ed25519 public key up to its 32 bytes (RFC 8410). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
const MOST_SIGNATURES = 64;
const KEY_NAME = /^[^\p{White_Space}+]+$/u;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/**
 * @param algorithm the byte that says how the key signs; by default a note, by Ed25519
 * @throws TypeError where the key is not Ed25519, or the name cannot stand in a note
 */
export function noteVerifier(name: string, publicKey: KeyObject, algorithm = ED25519): NoteVerifier {
  if (!KEY_NAME.test(name)) throw new TypeError(`${JSON.stringify(name)} cannot name a key.`);
  return {
    name,
    publicKey,
    keyId: sha256(Buffer.concat([Buffer.from(`${name}\n`), typed(publicKey, algorithm)])).subarray(0, 4),
  };
}

/** A signer that holds the private key itself. */
export function noteSigner(name: string, privateKey: KeyObject): NoteSigner {
  const verifier = noteVerifier(name, createPublicKey(privateKey));
  return {...verifier, sign: async text => sign(null, text, privateKey)};
}

/** A public key as one line of text: `name+keyid+key`, as Go's sumdb and the C2SP tools write it. */
export const verifierKey = ({name, keyId, publicKey}: NoteVerifier): string =>
  `${name}+${keyId.toString('hex')}+${typed(publicKey, ED25519).toString('base64')}`;

/** Reads a public key from its line. @throws TypeError where it is none */
export const parseVerifierKey = (line: string): NoteVerifier => parseKeyOf(ED25519, line);

/** Reads the public key of one way to sign from its line. @throws TypeError where it is none */
export function parseKeyOf(algorithm: number, line: string): NoteVerifier {
  const [, name = '', keyId = '', encoded = ''] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(line.trim()) ?? [];
  const key = BASE64.test(encoded) ? Buffer.from(encoded, 'base64') : Buffer.alloc(0);
  if (key.length !== 33 || key[0] !== algorithm)
    throw new TypeError('This is no public key of a signed note.');
  const der = Buffer.concat([SPKI_PREFIX, key.subarray(1)]);
  const verifier = noteVerifier(name, createPublicKey({key: der, format: 'der', type: 'spki'}), algorithm);
  if (verifier.keyId.toString('hex') !== keyId) throw new TypeError('The key does not belong to its own id.');
  return verifier;
}

/** Signs a text, which must end with a newline, with one or several keys. */
export async function signNote(text: string, signers: readonly NoteSigner[]): Promise<string> {
  if (!isNoteText(text)) throw new TypeError('The text of a note is whole lines without control characters.');
  const lines: string[] = [];
  for (const {name, keyId, sign: signBy} of signers) {
    const signature = Buffer.concat([keyId, await signBy(Buffer.from(text))]);
    lines.push(`— ${name} ${signature.toString('base64')}\n`);
  }
  return `${text}\n${lines.join('')}`;
}

/** Takes a note apart; undefined where it is none. */
export function parseNote(note: string): SignedNote | undefined {
  const end = note.lastIndexOf('\n\n');
  if (end < 0 || !note.endsWith('\n')) return undefined;
  const text = note.slice(0, end + 1);
  const lines = note.slice(end + 2, -1).split('\n');
  if (!isNoteText(text) || lines.length > MOST_SIGNATURES) return undefined;
  const signatures: SignedNote['signatures'] = [];
  for (const line of lines) {
    const [, name = '', encoded = ''] = /^— (\S+) (\S+)$/u.exec(line) ?? [];
    if (!KEY_NAME.test(name) || !BASE64.test(encoded)) return undefined;
    const bytes = Buffer.from(encoded, 'base64');
    if (bytes.length < 5) return undefined;
    signatures.push({name, keyId: bytes.subarray(0, 4), signature: bytes.subarray(4)});
  }
  return signatures.length === 0 ? undefined : {text, signatures};
}

/** Signature lines of a note that is kept, at most: far fewer than may be read. */
const MOST_KEPT = 16;

/**
 * Those of some signature lines that may be added to a note: of each key, by its name and id, one, and no more than keep
 * the note readable. Of a text that is no note there are none.
 */
export function addableLines(note: string, lines: readonly string[]): string[] {
  const parsed = parseNote(note);
  if (!parsed) return [];
  const present = new Set(parsed.signatures.map(signerOf));
  const most = MOST_KEPT - parsed.signatures.length;
  const addable = lines.filter(line => {
    const [signature, ...more] = parseNote(`${parsed.text}\n${line}`)?.signatures ?? [];
    if (!signature || more.length > 0 || present.has(signerOf(signature))) return false;
    present.add(signerOf(signature));
    return true;
  });
  return addable.slice(0, Math.max(0, most));
}

const signerOf = ({name, keyId}: SignedNote['signatures'][number]): string =>
  `${name} ${keyId.toString('hex')}`;

/**
 * Whether a note is signed by one of the keys.
 *
 * - `valid`: by at least one, and no signature of theirs is wrong.
 * - `unknown key`: by none of them.
 * - `bad signature`: one of them is said to have signed, and has not.
 */
export type NoteVerdict = 'valid' | 'unknown key' | 'bad signature';

export function verifyNote({text, signatures}: SignedNote, keys: readonly NoteVerifier[]): NoteVerdict {
  let verdict: NoteVerdict = 'unknown key';
  for (const {name, keyId, signature} of signatures) {
    const key = keys.find(known => known.name === name && known.keyId.equals(keyId));
    if (!key) continue;
    if (!verify(null, Buffer.from(text), key.publicKey, signature)) return 'bad signature';
    verdict = 'valid';
  }
  return verdict;
}

/** The public key after the byte that says how it signs. */
function typed(publicKey: KeyObject, algorithm: number): Buffer {
  if (publicKey.asymmetricKeyType !== 'ed25519') throw new TypeError('Notes are signed with Ed25519 keys.');
  const der = publicKey.export({format: 'der', type: 'spki'});
  return Buffer.concat([Buffer.of(algorithm), der.subarray(-32)]);
}

function isNoteText(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what a note must not hold
  return text.endsWith('\n') && text.isWellFormed() && !/[\u0000-\u0009\u000b-\u001f]/.test(text);
}

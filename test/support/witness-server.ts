import {generateKeyPairSync, type KeyObject, sign} from 'node:crypto';
import {createServer, type IncomingMessage, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import {text} from 'node:stream/consumers';
import {type OpenedCheckpoint, openCheckpoint} from '../../dist/integrity/checkpoint';
import {sha256} from '../../dist/integrity/sha256';
import type {NoteVerifier} from '../../dist/integrity/signed-note';
import {isConsistent} from '../../dist/integrity/verify-proof';

/** A witness of the tests, which follows C2SP tlog-witness and keeps what it has seen in memory. */
export interface WitnessServer {
  url: string;
  /** Its public key, as WITNESS_KEY has it. */
  key: string;
  /** What it has cosigned last, by origin. */
  seen: Map<string, OpenedCheckpoint>;
  /** The status of each answer. */
  answers: number[];
  /** Answers in its place; what returns false leaves the request to it. */
  instead: (response: ServerResponse) => boolean | Promise<boolean>;
  /** The private key, to sign what it would not. */
  privateKey: KeyObject;
  stop(): Promise<void>;
}

const NAME = 'witness.example/w1';

/** @param logKeys the keys of the log that it watches */
export async function startWitness(logKeys: readonly NoteVerifier[], port = 0): Promise<WitnessServer> {
  const {privateKey, publicKey} = generateKeyPairSync('ed25519');
  const typed = Buffer.concat([Buffer.of(4), publicKey.export({format: 'der', type: 'spki'}).subarray(-32)]);
  const keyId = sha256(Buffer.concat([Buffer.from(`${NAME}\n`), typed])).subarray(0, 4);
  const server = createServer((request, response) => {
    void handle(request, response).catch(error => response.writeHead(500).end(String(error)));
  });
  await new Promise<void>(listening => server.listen(port, '127.0.0.1', listening));
  const witness: WitnessServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/prefix`,
    key: `${NAME}+${keyId.toString('hex')}+${typed.toString('base64')}`,
    ...{seen: new Map(), answers: [], instead: () => false, privateKey},
    stop: () =>
      new Promise(ended => {
        server.closeAllConnections();
        server.close(() => ended());
      }),
  };

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    response.once('finish', () => witness.answers.push(response.statusCode));
    if (await witness.instead(response)) return;
    if (request.method !== 'POST' || request.url !== '/prefix/add-checkpoint') return end(response, 404);
    const {old, proof, note} = parts(body);
    const checkpoint = openCheckpoint(note, logKeys);
    if (!checkpoint || old === undefined) return end(response, 400);
    if (checkpoint.verdict !== 'valid') return end(response, 403);
    if (old > checkpoint.size) return end(response, 400);
    const known = witness.seen.get(checkpoint.origin);
    if (old !== (known?.size ?? 0)) return conflict(response, known?.size ?? 0);
    if (known?.size === checkpoint.size && !known.root.equals(checkpoint.root))
      return conflict(response, known.size);
    if (known && !isConsistent(known, checkpoint, proof)) return end(response, 422);
    if (!known && proof.length > 0) return end(response, 422);
    witness.seen.set(checkpoint.origin, checkpoint);
    response.writeHead(200).end(cosignature(note, privateKey, keyId));
  }

  return witness;
}

/** The line by which a witness cosigns (C2SP tlog-cosignature, Ed25519). */
export function cosignature(note: string, privateKey: KeyObject, keyId: Buffer, signed = note): string {
  const time = BigInt(Math.floor(Date.now() / 1_000));
  const body = signed.slice(0, signed.lastIndexOf('\n\n') + 1);
  const stamp = Buffer.alloc(8);
  stamp.writeBigUInt64BE(time);
  const signature = sign(null, Buffer.from(`cosignature/v1\ntime ${time}\n${body}`), privateKey);
  return `— ${NAME} ${Buffer.concat([keyId, stamp, signature]).toString('base64')}\n`;
}

function parts(body: string): {old: number | undefined; proof: Buffer[]; note: string} {
  const end = body.indexOf('\n\n');
  const [first = '', ...lines] = body.slice(0, end).split('\n');
  const [, old] = /^old (0|[1-9]\d*)$/.exec(first) ?? [];
  return {
    old: old === undefined ? undefined : Number(old),
    proof: lines.map(line => Buffer.from(line, 'base64')),
    note: body.slice(end + 2),
  };
}

const end = (response: ServerResponse, status: number): void => void response.writeHead(status).end();

const conflict = (response: ServerResponse, size: number): void =>
  void response.writeHead(409, {'content-type': 'text/x.tlog.size'}).end(`${size}\n`);

import {inject} from '@loopback/core';
import {repository} from '@loopback/repository';
import {
  get,
  param,
  type RequestContext,
  type Response,
  RestBindings,
  type SchemaObject,
} from '@loopback/rest';
import {PermissionKey} from '../identity/permission';
import {writeEntryProof} from '../integrity/entry-proof';
import {parseCount} from '../integrity/text-form';
import {parseTilePath} from '../integrity/tile';
import {AuditServiceBindings} from '../keys';
import {queryFault} from '../query/fault';
import {unknownParameter} from '../query/parameters';
import {AuditTrailRepository} from '../repositories/audit-trail.repository';
import type {KeyUse} from '../repositories/key-history';
import {type TransparencyLog, tileNotFound} from '../repositories/transparency-log';
import type {Gate} from './gate';
import {ENTRY_REF, errors, json, SECURED} from './openapi';
import type {Reading} from './read-log';
import {queryOf} from './request-query';

const text = (example: string) => ({'text/plain': {schema: {type: 'string'}, example}}) as const;

const HASHES = {type: 'array', items: {type: 'string', format: 'byte'}} as const;
const SIZE = {type: 'integer', minimum: 0} as const;

const TIME: SchemaObject = {type: 'string', format: 'date-time'};
const KEY_USE: SchemaObject = {
  type: 'object',
  required: ['key'],
  properties: {key: {type: 'string'}, from: TIME, until: TIME},
};

/** What proves the trail to somebody who does not trust the service. */
export class ProofController {
  constructor(
    @repository(AuditTrailRepository) private readonly auditLogs: AuditTrailRepository,
    @inject(AuditServiceBindings.LOG) private readonly log: TransparencyLog,
    @inject(AuditServiceBindings.GATE) private readonly gate: Gate,
    @inject(RestBindings.Http.CONTEXT) private readonly context: RequestContext,
  ) {}

  @get('/audit-logs/keys', {
    ...SECURED,
    summary: 'The public keys of checkpoints',
    description:
      'One a line: name, key id and Ed25519 key, as C2SP signed-note has them. Those that sign now come first, then those ' +
      'that signed earlier. As JSON each is told with the times of its first and last use.',
    'x-query': [
      {name: 'format', in: 'query', schema: {type: 'string', enum: ['text', 'json'], default: 'text'}},
    ],
    responses: {
      200: {
        description: 'The keys',
        content: {...text('audit.example.com+4cb6b5ee+AZ…'), ...json({type: 'array', items: KEY_USE})},
      },
      ...errors(404),
    },
  })
  async keys(): Promise<Response | KeyUse[]> {
    await this.open('tree');
    const {format = 'text'} = this.readQuery(['format']);
    if (format !== 'json' && format !== 'text') throw formatFault();
    const keys = await this.log.keys();
    return format === 'json' ? keys : this.say(keys.map(({key}) => `${key}\n`).join(''));
  }

  @get('/audit-logs/checkpoint', {
    ...SECURED,
    summary: "The newest checkpoint of the tenant's tree",
    description:
      'A signed note (C2SP tlog-checkpoint): origin, number of entries, root hash; with the cosignatures of witnesses (C2SP tlog-cosignature) that it has.',
    responses: {
      200: {
        description: 'The checkpoint',
        content: text('audit.example.com/tenant/acme\n42\n…\n\n— audit.example.com …\n'),
      },
      ...errors(404),
    },
  })
  async checkpoint(): Promise<Response> {
    return this.say(await this.log.checkpoint(await this.open('tree')));
  }

  @get('/audit-logs/consistency', {
    ...SECURED,
    summary: 'The proof that a smaller tree is the beginning of a larger one',
    description: 'Hashes in base64 (RFC 6962, section 2.1.2).',
    'x-query': [
      {name: 'from', in: 'query', required: true, schema: SIZE, description: 'Entries of the smaller tree'},
      {name: 'to', in: 'query', required: true, schema: SIZE, description: 'Entries of the larger tree'},
    ],
    responses: {
      200: {
        description: 'The proof',
        content: json(
          {
            type: 'object',
            required: ['from', 'to', 'proof'],
            properties: {from: SIZE, to: SIZE, proof: HASHES},
          },
          {from: 2, to: 4, proof: ['…']},
        ),
      },
      ...errors(),
    },
  })
  async consistency() {
    const tenantId = await this.open('tree');
    const query = this.readQuery(['from', 'to']);
    const {from, to, proof} = await this.log.consistency(
      tenantId,
      sizeOf('from', query.from),
      sizeOf('to', query.to),
    );
    return {from, to, proof: proof.map(hash => hash.toString('base64'))};
  }

  @get('/audit-logs/{id}/proof', {
    ...SECURED,
    summary: 'The proof that an entry is in the trail',
    description:
      'Self-contained: the entry, its place, the path to the root (RFC 6962, section 2.1.1) and a checkpoint. As text it is a C2SP tlog-proof, whose extra data is the entry.',
    'x-query': [
      {name: 'format', in: 'query', schema: {type: 'string', enum: ['json', 'text'], default: 'json'}},
    ],
    responses: {
      200: {
        description: 'The proof',
        content: {
          ...json({
            type: 'object',
            required: ['entry', 'leafIndex', 'path', 'checkpoint'],
            properties: {entry: ENTRY_REF, leafIndex: SIZE, path: HASHES, checkpoint: {type: 'string'}},
          }),
          ...text('c2sp.org/tlog-proof@v1\nextra …\nindex 41\n…\n\naudit.example.com/tenant/acme\n42\n…'),
        },
      },
      ...errors(404, 409),
    },
  })
  async proof(@param.path.string('id') id: string) {
    const tenantId = await this.open('prove');
    const {format = 'json'} = this.readQuery(['format']);
    if (format !== 'json' && format !== 'text') throw formatFault();
    const entry = await this.auditLogs.findById(tenantId, id);
    const proof = await this.log.proof(tenantId, entry);
    if (format === 'text') return this.say(writeEntryProof(proof));
    const {index: leafIndex, path, checkpoint} = proof;
    return {entry, leafIndex, path: path.map(hash => hash.toString('base64')), checkpoint};
  }

  /** A tile, by the path that C2SP tlog-tiles gives it; routes of every depth lead here. */
  async tile(): Promise<Response> {
    const tenantId = await this.open('tree');
    const span = parseTilePath(this.context.request.path.replace(/^.*\/audit-logs\//, ''));
    if (!span) throw tileNotFound('This is no path of a tile.');
    const bytes = await this.log.tile(tenantId, span);
    const {response} = this.context;
    // What is in a tile never changes; it is for this caller's tenant alone.
    response.setHeader('Cache-Control', 'private, max-age=31536000, immutable');
    return response.type('application/octet-stream').send(bytes);
  }

  private async open(reading: Reading): Promise<string> {
    return (await this.gate.open(this.context, PermissionKey.ViewAudit, reading)).tenantId;
  }

  private readQuery<K extends string>(names: readonly K[]): Partial<Record<K, unknown>> {
    const query = queryOf(this.context.request);
    const unknown = Object.keys(query).find(name => !(names as readonly string[]).includes(name));
    if (unknown !== undefined) throw unknownParameter(unknown);
    return query as Partial<Record<K, unknown>>;
  }

  private say(body: string): Response {
    return this.context.response.type('text/plain').send(body);
  }
}

const formatFault = () => queryFault('format', 'INVALID_VALUE', 'must be json or text', 'INVALID_PARAMETER');

function sizeOf(field: string, value: unknown): number {
  const size = typeof value === 'string' ? parseCount(value) : undefined;
  if (size !== undefined) return size;
  throw queryFault(field, 'INVALID_VALUE', 'must be a number of entries', 'INVALID_PARAMETER');
}

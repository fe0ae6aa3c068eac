import '../dist/cli/debug-colors';
import {createServer} from 'node:http';
import {inject} from '@loopback/core';
import {post, type Request, type RequestContext, RestBindings, requestBody} from '@loopback/rest';
import {Pool} from 'pg';
import {AuditServiceBindings, type DatabaseSettings} from '../dist';
import {admit} from '../dist/admission/admit';
import {readJson} from '../dist/admission/read-body';
import {AuditServiceApplication} from '../dist/application';
import type {Gate} from '../dist/controllers/gate';
import {rawBody} from '../dist/controllers/openapi';
import {bodyOf} from '../dist/controllers/request-body';
import {PermissionKey} from '../dist/identity/permission';
import {AuditTrailRepository} from '../dist/repositories/audit-trail.repository';
import {readSettings} from '../dist/settings';
import {TEST_SECRET} from '../dist-test/support/test-token';
import {benchEntry} from './bench-entry';

/** What the endpoint of an application costs that knows its caller, reads its body and does nothing. */
class NothingController {
  constructor(
    @inject(AuditServiceBindings.GATE) private readonly gate: Gate,
    @inject(RestBindings.Http.CONTEXT) private readonly context: RequestContext,
  ) {}

  @post('/nothing')
  async nothing(
    @requestBody({content: {'application/json': {schema: {type: 'object'}, 'x-parser': rawBody}}})
    body: Request,
  ): Promise<object> {
    await this.gate.open(this.context, PermissionKey.CreateAudit);
    return {id: ((await readJson(bodyOf(body), 512 << 10)) as {action: string}).action};
  }
}

/** The service with an endpoint that does nothing, and a bare server that inserts a row a request, in one process. */
async function start(database: DatabaseSettings): Promise<void> {
  const settings = readSettings({
    ...{DB_HOST: database.host, DB_PORT: String(database.port), DB_USER: database.user, PORT: '0'},
    ...{DB_PASSWORD: database.password, DB_DATABASE: database.database, JWT_SECRET: TEST_SECRET},
    ...{LOG_LEVEL: 'warn', JOB_CONCURRENCY: '0', DETECTION_INTERVAL_MS: '0'},
  });
  const app = new AuditServiceApplication({settings, database, tokens: {secret: TEST_SECRET}});
  app.controller(NothingController);
  await app.start();
  const bare = await bareServer(database);
  const trail = await app.get<AuditTrailRepository>(`repositories.${AuditTrailRepository.name}`);
  process.on('message', async ({append}: {append: {inFlight: number; entries: number}}) => {
    process.send?.({seconds: await appendAll(trail, append)});
  });
  process.once('disconnect', async () => {
    await app.stop();
    await app.closeDatabase();
    await bare.stop();
  });
  process.send?.({url: app.restServer.url, bare: bare.url});
}

/** Seconds that it takes a host to record so many entries in its own process, so many at a time. */
async function appendAll(
  trail: AuditTrailRepository,
  {inFlight, entries}: {inFlight: number; entries: number},
): Promise<number> {
  const bearer = {tenantId: 'in-process', actor: 'host', actorType: 'service'} as const;
  const begun = process.hrtime.bigint();
  let next = 0;
  await Promise.all(
    Array.from({length: inFlight}, async () => {
      while (next < entries) await trail.create('in-process', admit(benchEntry(next++), bearer));
    }),
  );
  return Number(process.hrtime.bigint() - begun) / 1e9;
}

/** No framework, no pool of ours, no sealing: checks the token, reads the body, inserts one row, answers. */
async function bareServer(database: DatabaseSettings): Promise<{url: string; stop(): Promise<void>}> {
  const {jwtVerify} = await import('jose');
  const {ssl: _ssl, ...connection} = database;
  const pool = new Pool({...connection, max: 20});
  await pool.query('CREATE TABLE bare (LIKE audit_logs_default INCLUDING ALL)');
  const key = new TextEncoder().encode(TEST_SECRET);
  const server = createServer(async (request, response) => {
    try {
      const token = request.headers.authorization?.slice('Bearer '.length) ?? '';
      const {payload} = await jwtVerify(token, key, {algorithms: ['HS256']});
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const entry = JSON.parse(Buffer.concat(chunks).toString());
      const {rows} = await pool.query({
        name: 'bare',
        text: `INSERT INTO bare (id, tenant_id, action, acted_at, actor, actor_type, actor_name, acted_on, entity_id,
            before, after, changed_fields, outcome, severity, category, request_id, ip, user_agent, method, path,
            service_name, metadata)
          VALUES (gen_random_uuid(), $1, $2, clock_timestamp(), $3, 'user', $4, $5, $6, $7, $8, $9, $10, $11, $12, $13,
            $14, $15, $16, $17, $18, $19) RETURNING id`,
        values: [
          ...[payload.tenantId, entry.action, entry.actor, entry.actorName, entry.actedOn, entry.entityId],
          ...[entry.before, entry.after, entry.changedFields, entry.outcome, entry.severity, entry.category],
          ...[entry.requestId, entry.ip, entry.userAgent, entry.method, entry.path, entry.serviceName],
          entry.metadata,
        ],
      });
      const answer = JSON.stringify({...entry, id: rows[0].id});
      response.writeHead(200, {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(answer),
      });
      response.end(answer);
    } catch {
      response.writeHead(500).end();
    }
  });
  await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening));
  const {port} = server.address() as {port: number};
  return {
    url: `http://127.0.0.1:${port}/`,
    async stop() {
      server.closeAllConnections();
      await new Promise(closed => server.close(closed));
      await pool.end();
    },
  };
}

process.once('message', async (database: DatabaseSettings) => start(database));

import assert from 'node:assert/strict';
import {after, before, describe, test} from 'node:test';
import Ajv, {type AnySchemaObject} from 'ajv';
import {startTestService, type TestService} from '../support/test-service';

interface Document {
  paths: Record<string, Record<string, Operation>>;
  components: {schemas: Record<string, AnySchemaObject>};
}

interface Operation {
  parameters?: {name: string; in: string; schema?: AnySchemaObject}[];
  responses: Record<string, {content?: Record<string, {schema: AnySchemaObject}>}>;
}

describe('/openapi.json', () => {
  let service: TestService;
  let document: Document;

  before(async () => {
    service = await startTestService();
    document = (await service.send('/openapi.json')).json as Document;
  });
  after(() => service.stop());

  /** Holds an answer against the schema that the document gives for it. */
  function assertDescribed(answer: {status: number; json: unknown}, method: string, path: string): void {
    const described = document.paths[path]?.[method]?.responses[String(answer.status)];
    const schema = described?.content?.['application/json']?.schema;
    assert.ok(schema, `${method} ${path} does not describe ${answer.status}`);
    const ajv = new Ajv({strict: false, validateFormats: false});
    const valid = ajv.validate({...schema, components: document.components}, answer.json);
    assert.ok(valid, `${ajv.errorsText()}: ${JSON.stringify(answer.json).slice(0, 500)}`);
  }

  test('is valid OpenAPI 3', async () => {
    const {Validator} = await import('@seriousme/openapi-schema-validator');
    const result = await new Validator().validate({...document});
    assert.deepEqual(result.errors ?? [], []);
  });

  test('names every path and method, and no other', () => {
    const operations = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.keys(item).map(method => `${method.toUpperCase()} ${path}`),
    );
    assert.deepEqual(operations.sort(), [
      'DELETE /audit-logs/detection-rules/{id}',
      'GET /audit-logs',
      'GET /audit-logs/alerts/{id}',
      'GET /audit-logs/checkpoint',
      'GET /audit-logs/consistency',
      'GET /audit-logs/count',
      'GET /audit-logs/critical',
      'GET /audit-logs/detection-rules',
      'GET /audit-logs/detection-rules/{id}',
      'GET /audit-logs/export',
      'GET /audit-logs/failed-auth',
      'GET /audit-logs/jobs',
      'GET /audit-logs/jobs/{jobId}',
      'GET /audit-logs/jobs/{jobId}/file',
      'GET /audit-logs/keys',
      'GET /audit-logs/recent',
      'GET /audit-logs/request/{requestId}',
      'GET /audit-logs/resource/{type}/{id}',
      'GET /audit-logs/stream',
      'GET /audit-logs/summary',
      'GET /audit-logs/suspicious-activity',
      'GET /audit-logs/tile/{level}/{part1}',
      'GET /audit-logs/tile/{level}/{part1}/{part2}',
      'GET /audit-logs/tile/{level}/{part1}/{part2}/{part3}',
      'GET /audit-logs/tile/{level}/{part1}/{part2}/{part3}/{part4}',
      'GET /audit-logs/tile/{level}/{part1}/{part2}/{part3}/{part4}/{part5}',
      'GET /audit-logs/user/{userId}',
      'GET /audit-logs/user/{userId}/ip-history',
      'GET /audit-logs/{id}',
      'GET /audit-logs/{id}/diff',
      'GET /audit-logs/{id}/proof',
      'GET /health',
      'GET /metrics',
      'GET /ready',
      'POST /audit-logs',
      'POST /audit-logs/alerts/{id}/acknowledge',
      'POST /audit-logs/alerts/{id}/dismiss',
      'POST /audit-logs/alerts/{id}/resolve',
      'POST /audit-logs/archive',
      'POST /audit-logs/batch',
      'POST /audit-logs/detection-rules/{id}/disable',
      'POST /audit-logs/detection-rules/{id}/enable',
      'POST /audit-logs/erasure',
      'POST /audit-logs/jobs/{jobId}/cancel',
      'POST /audit-logs/jobs/{jobId}/retry',
      'PUT /audit-logs/detection-rules/{id}',
    ]);
  });

  test('lists the parameters that a search reads, each of which works', async () => {
    const values: Record<string, string> = {
      filter: '{"limit":1}',
      where: '{"actor":"jane"}',
      outcome: 'success',
      severity: 'info',
      ip: '10.0.0.0/8',
      from: '2026-01-01',
      to: '2026-12-31T00:00:00Z',
      limit: '1',
      order: 'actor ASC',
      includeArchivedLogs: 'false',
      tenantId: 'acme',
      skip: '0',
      sortOrder: 'desc',
      sortBy: 'timestamp',
      includeChanges: 'false',
    };
    const names = document.paths['/audit-logs']?.get?.parameters?.map(({name}) => name) ?? [];
    assert.ok(names.length > 12);
    for (const name of names.filter(each => each !== 'cursor')) {
      const answer = await service.send(`/audit-logs?${name}=${encodeURIComponent(values[name] ?? 'x')}`);
      assert.equal(answer.status, 200, `${name}: ${answer.text}`);
    }
  });

  test('says that ids are UUIDs, of which the service itself tells when they are none', async () => {
    for (const path of ['/audit-logs/{id}', '/audit-logs/jobs/{jobId}', '/audit-logs/jobs/{jobId}/file']) {
      const [id] = document.paths[path]?.get?.parameters?.filter(each => each.in === 'path') ?? [];
      assert.deepEqual(id?.schema, {type: 'string', format: 'uuid'}, path);
      const {status, json} = await service.send(path.replace(/\{.*\}/, 'none'));
      assert.deepEqual([status, (json as {error: {code: string}}).error.code], [400, 'INVALID_ID'], path);
    }
  });

  test('gives examples of an entry and a job that are valid', () => {
    const ajv = new Ajv({strict: false, validateFormats: false});
    for (const name of ['AuditLog', 'NewAuditLog', 'Job']) {
      const schema = document.components.schemas[name];
      assert.ok(schema?.example, name);
      assert.ok(ajv.validate({...schema, components: document.components}, schema.example), ajv.errorsText());
    }
  });

  test('describes the answers as they are', async () => {
    const body = {
      action: 'order.update',
      actedOn: 'order',
      entityId: '1',
      relatedEntities: [{type: 'customer', id: '2'}],
      before: {total: 1},
      after: {total: 2},
      tags: ['a'],
      metadata: {nested: {list: [1, null]}},
    };
    const posted = await service.send('/audit-logs', {body});
    assertDescribed(posted, 'post', '/audit-logs');
    const {id} = posted.json as {id: string};
    assertDescribed(await service.send('/audit-logs/batch', {body: [body]}), 'post', '/audit-logs/batch');
    assertDescribed(await service.send('/audit-logs'), 'get', '/audit-logs');
    assertDescribed(await service.send('/audit-logs?includeArchivedLogs=true'), 'get', '/audit-logs');
    assertDescribed(await service.send(`/audit-logs/${id}`), 'get', '/audit-logs/{id}');
    assertDescribed(await service.send('/audit-logs/count'), 'get', '/audit-logs/count');
    assertDescribed(await service.send('/audit-logs/export?format=json'), 'get', '/audit-logs/export');
    assertDescribed(await service.send('/audit-logs/export'), 'get', '/audit-logs/export');
    const archived = await service.send('/audit-logs/archive', {body: {entityId: '1'}});
    assertDescribed(archived, 'post', '/audit-logs/archive');
    const {jobId} = archived.json as {jobId: string};
    assertDescribed(await service.send(`/audit-logs/jobs/${jobId}`), 'get', '/audit-logs/jobs/{jobId}');
    const erased = await service.send('/audit-logs/erasure', {
      body: {dataSubjectId: '7', reason: 'asked for'},
    });
    assertDescribed(erased, 'post', '/audit-logs/erasure');
    for (const path of ['/health', '/ready']) assertDescribed(await service.send(path), 'get', path);
  });

  test('describes the errors as they are', async () => {
    assertDescribed(await service.send('/audit-logs', {body: {}}), 'post', '/audit-logs');
    assertDescribed(await service.send('/audit-logs', {token: null}), 'get', '/audit-logs');
    assertDescribed(await service.send('/audit-logs/count?limit=1'), 'get', '/audit-logs/count');
    const nobody = await service.token({permissions: []});
    assertDescribed(await service.send('/audit-logs', {token: nobody}), 'get', '/audit-logs');
    assertDescribed(
      await service.send('/audit-logs/archive', {body: {entityId: '9'}}),
      'post',
      '/audit-logs/archive',
    );
  });

  test('is shown by the explorer', async () => {
    const {status, text} = await service.send('/explorer/');
    assert.equal(status, 200);
    assert.match(text, /openapi\.json/);
  });
});

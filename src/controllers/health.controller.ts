import {inject} from '@loopback/core';
import {get, type Response, RestBindings} from '@loopback/rest';
import type {ObjectStore} from '../archive/object-store';
import {AuditServiceBindings} from '../keys';
import type {ServiceMetrics} from '../observability/metrics';
import type {Database} from '../repositories/database';
import {json} from './openapi';

const STATUS = json({
  type: 'object',
  required: ['status'],
  properties: {
    status: {type: 'string', enum: ['up', 'down']},
    database: {type: 'string', enum: ['up', 'down']},
    objectStore: {type: 'string', enum: ['up', 'down']},
  },
});

/** What an orchestrator asks. */
export class HealthController {
  constructor(
    @inject(AuditServiceBindings.DATABASE) private readonly database: Database,
    @inject(AuditServiceBindings.OBJECT_STORE) private readonly store: ObjectStore,
    @inject(AuditServiceBindings.METRICS) private readonly metrics: ServiceMetrics,
    @inject(RestBindings.Http.RESPONSE) private readonly response: Response,
  ) {}

  @get('/health', {
    tags: ['Operation'],
    summary: 'Whether the process lives',
    responses: {200: {description: 'It answers', content: STATUS}},
  })
  health() {
    return {status: 'up'};
  }

  @get('/ready', {
    tags: ['Operation'],
    summary: 'Whether requests can be served: the database and the object store answer',
    responses: {
      200: {description: 'They answer', content: STATUS},
      503: {description: 'One of them does not', content: STATUS},
    },
  })
  async ready() {
    const [database, objectStore] = await Promise.all([
      standing(() => this.database.check()),
      standing(() => this.store.check()),
    ]);
    const status = database === 'up' && objectStore === 'up' ? 'up' : 'down';
    if (status === 'down') this.response.status(503);
    return {status, database, objectStore};
  }

  @get('/metrics', {
    tags: ['Operation'],
    summary: 'Measures, as Prometheus text',
    responses: {200: {description: 'The measures', content: {'text/plain': {schema: {type: 'string'}}}}},
  })
  async measures(): Promise<Response> {
    const {contentType, text} = await this.metrics.expose();
    return this.response.type(contentType).send(text);
  }
}

const standing = (check: () => Promise<void>): Promise<'up' | 'down'> =>
  check().then(
    () => 'up',
    () => 'down',
  );

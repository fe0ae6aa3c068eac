import {inject} from '@loopback/core';
import {get, type Response, RestBindings} from '@loopback/rest';
import type {ObjectStore} from '../archive/object-store';
import {AuditServiceBindings} from '../keys';
import type {ServiceMetrics} from '../observability/metrics';
import type {Database} from '../repositories/database';
import type {HistoryGuard} from '../repositories/history-guard';
import {json} from './openapi';

const STATUS = json({
  type: 'object',
  required: ['status'],
  properties: {
    status: {type: 'string', enum: ['up', 'down']},
    database: {type: 'string', enum: ['up', 'down']},
    objectStore: {type: 'string', enum: ['up', 'down']},
    history: {
      type: 'string',
      enum: ['kept', 'rewritten'],
      description:
        'Whether every tree that was looked at is what was signed of it, by the database and by CHECKPOINT_LOG',
    },
  },
});

/** What an orchestrator asks. */
export class HealthController {
  constructor(
    @inject(AuditServiceBindings.DATABASE) private readonly database: Database,
    @inject(AuditServiceBindings.OBJECT_STORE) private readonly store: ObjectStore,
    @inject(AuditServiceBindings.METRICS) private readonly metrics: ServiceMetrics,
    @inject(AuditServiceBindings.HISTORY_GUARD) private readonly guard: HistoryGuard | undefined,
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
    summary:
      'Whether requests can be served: the database and the object store answer, and no history was rewritten',
    responses: {
      200: {description: 'They can', content: STATUS},
      503: {description: 'They cannot; the body says why', content: STATUS},
    },
  })
  async ready() {
    const [database, objectStore] = await Promise.all([
      standing(() => this.database.check()),
      standing(() => this.store.check()),
    ]);
    const history = this.guard && (this.guard.count > 0 ? 'rewritten' : 'kept');
    const isUp = database === 'up' && objectStore === 'up' && history !== 'rewritten';
    if (!isUp) this.response.status(503);
    return {status: isUp ? 'up' : 'down', database, objectStore, ...(history && {history})};
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

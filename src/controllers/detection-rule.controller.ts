import {inject} from '@loopback/core';
import {
  del,
  get,
  param,
  post,
  put,
  type Request,
  type RequestContext,
  RestBindings,
  requestBody,
  type SchemaObject,
} from '@loopback/rest';
import type {Logger} from 'pino';
import {readText} from '../admission/read-body';
import {type TenantRule, tenantRulesOf} from '../detection/active-rules';
import type {RuleWithSource} from '../detection/default-rules';
import {MAX_TENANT_RULES, RuleCare, ruleNotFound} from '../detection/rule-care';
import {MAX_RULE_BYTES} from '../detection/rule-documents';
import type {AuthorizedCaller} from '../identity/caller';
import {PermissionKey} from '../identity/permission';
import {AuditServiceBindings} from '../keys';
import {type DetectionRule, LEVELS} from '../models/detection-rule';
import type {Database} from '../repositories/database';
import {type Progress, readProgress} from '../repositories/detection/progress-rows';
import {readTenantRules} from '../repositories/detection/rule-rows';
import {bearerOf} from './bearer';
import type {Gate} from './gate';
import {errors, json, rawBody, SECURED} from './openapi';
import {pathId} from './path-id';
import {bodyOf} from './request-body';

const TEXTS: SchemaObject = {type: 'array', items: {type: 'string'}};
const RULE: SchemaObject = {
  type: 'object',
  required: ['id', 'origin', 'enabled', 'position', 'behind', 'source'],
  properties: {
    id: {type: 'string', format: 'uuid'},
    title: {type: 'string'},
    level: {type: 'string', enum: [...LEVELS]},
    status: {type: 'string'},
    description: {type: 'string'},
    tags: TEXTS,
    falsePositives: TEXTS,
    origin: {type: 'string', enum: ['default', 'tenant'], description: 'Whose rule it is'},
    enabled: {type: 'boolean'},
    position: {type: 'integer', minimum: 0, description: 'The leaf that it looks at next'},
    behind: {type: 'integer', minimum: 0, description: 'Leaves that it has not looked at'},
    fault: {
      type: 'string',
      description: 'Why it went no further when it last tried, or why it cannot be read any more',
    },
    source: {type: 'string', description: 'The rule as it was written, YAML or JSON'},
  },
};

const EXAMPLE_RULE = `title: Refunds at night
id: 6f1a3b0e-6f4f-4d58-8b0a-2f5c1f6f4a10
level: medium
detection:
  selection:
    action: payment.refund
    metadata.amount|gte: 1000
  condition: selection
`;

const raw = {schema: {type: 'string'}, example: EXAMPLE_RULE, 'x-parser': rawBody} as const;
const NO_CONTENT = {204: {description: 'Done'}};

/** A rule as it is answered. */
interface ToldRule {
  id: string;
  /** Absent, with all that the source says, where it cannot be read any more. */
  title?: string;
  level?: string;
  origin: TenantRule['origin'];
  enabled: boolean;
  position: number;
  behind: number;
  fault?: string;
  source: string;
}

/** The rules of detection: those of the service, and the tenant's own. */
export class DetectionRuleController {
  private readonly rules: RuleCare;

  constructor(
    @inject(AuditServiceBindings.DATABASE) private readonly database: Database,
    @inject(AuditServiceBindings.DETECTION_RULES)
    private readonly defaults: ReadonlyMap<string, RuleWithSource>,
    @inject(AuditServiceBindings.GATE) private readonly gate: Gate,
    @inject(AuditServiceBindings.LOGGER) private readonly logger: Logger,
    @inject(RestBindings.Http.CONTEXT) private readonly context: RequestContext,
  ) {
    this.rules = new RuleCare(database, defaults);
  }

  @get('/audit-logs/detection-rules', {
    ...SECURED,
    summary: 'The rules of detection, by title',
    responses: {200: {description: 'The rules', content: json({type: 'array', items: RULE})}, ...errors()},
  })
  async find(): Promise<ToldRule[]> {
    const {tenantId} = await this.gate.open(this.context, PermissionKey.ViewAudit);
    return (await this.told(tenantId)).sort((a, b) => (a.title ?? '').localeCompare(b.title ?? '', 'en'));
  }

  @get('/audit-logs/detection-rules/{id}', {
    ...SECURED,
    summary: 'One rule of detection',
    responses: {200: {description: 'The rule', content: json(RULE)}, ...errors(404)},
  })
  async findById(@param.path.string('id') id: string): Promise<ToldRule> {
    const {tenantId} = await this.gate.open(this.context, PermissionKey.ViewAudit);
    return this.one(tenantId, pathId(id));
  }

  @put('/audit-logs/detection-rules/{id}', {
    ...SECURED,
    summary: "Keep a rule of the tenant's own",
    description:
      'A rule in the subset of Sigma that docs/detection.md tells, as YAML or JSON; under the id of a rule of the service it ' +
      `takes its place. It looks at all entries anew. A tenant has at most ${MAX_TENANT_RULES} rules of its own.`,
    responses: {200: {description: 'The rule', content: json(RULE)}, ...errors(409, 413, 415)},
  })
  async put(
    @param.path.string('id') id: string,
    @requestBody({
      required: true,
      content: {
        'application/yaml': raw,
        'application/json': {schema: {type: 'object'}, 'x-parser': rawBody},
      },
    })
    body: Request,
  ): Promise<ToldRule> {
    const caller = await this.gate.open(this.context, PermissionKey.ManageAudit);
    const ruleId = pathId(id);
    await this.rules.put(this.bearer(caller), ruleId, await readText(bodyOf(body), MAX_RULE_BYTES));
    return this.one(caller.tenantId, ruleId);
  }

  @del('/audit-logs/detection-rules/{id}', {
    ...SECURED,
    summary: "Delete a rule of the tenant's own",
    description: 'Where it had taken the place of a rule of the service, that one is back. Its alerts stay.',
    responses: {...NO_CONTENT, ...errors(404)},
  })
  async delete(@param.path.string('id') id: string): Promise<void> {
    const caller = await this.gate.open(this.context, PermissionKey.ManageAudit);
    await this.rules.delete(this.bearer(caller), pathId(id));
  }

  @post('/audit-logs/detection-rules/{id}/disable', {
    ...SECURED,
    summary: 'Switch a rule off, one of the service too',
    responses: {200: {description: 'The rule', content: json(RULE)}, ...errors(404)},
  })
  async disable(@param.path.string('id') id: string): Promise<ToldRule> {
    return this.enabled(id, false);
  }

  @post('/audit-logs/detection-rules/{id}/enable', {
    ...SECURED,
    summary: 'Switch a rule on again',
    description: 'It looks at all entries anew, so that what has come meanwhile is found.',
    responses: {200: {description: 'The rule', content: json(RULE)}, ...errors(404)},
  })
  async enable(@param.path.string('id') id: string): Promise<ToldRule> {
    return this.enabled(id, true);
  }

  private async enabled(id: string, enabled: boolean): Promise<ToldRule> {
    const caller = await this.gate.open(this.context, PermissionKey.ManageAudit);
    const ruleId = pathId(id);
    await this.rules.enable(this.bearer(caller), ruleId, enabled);
    return this.one(caller.tenantId, ruleId);
  }

  private bearer(caller: AuthorizedCaller) {
    return bearerOf(caller, this.context);
  }

  private async one(tenantId: string, id: string): Promise<ToldRule> {
    const rule = (await this.told(tenantId)).find(each => each.id === id);
    if (!rule) throw ruleNotFound('is no rule of this tenant');
    return rule;
  }

  private async told(tenantId: string): Promise<ToldRule[]> {
    const rows = await readTenantRules(this.database, tenantId);
    const {rules: progress, size} = await readProgress(this.database, tenantId);
    const rules = tenantRulesOf(this.defaults, rows, ({id}, error) => {
      this.logger.error({err: error, tenantId, rule: id}, 'a rule of detection cannot be read any more');
    });
    return [...rules.values()].map(each => toldRule(each, progress.get(each.id), size));
  }
}

function toldRule(
  {id, rule, fault: unread, source, origin, enabled}: TenantRule,
  progress: Progress | undefined,
  size: number,
): ToldRule {
  const position = progress?.position ?? 0;
  const fault = unread ?? progress?.fault ?? undefined;
  return {
    id,
    ...(rule && unread === undefined && toldOf(rule)),
    ...{origin, enabled, position, behind: Math.max(0, size - position)},
    ...(fault !== undefined && {fault}),
    source,
  };
}

const toldOf = ({title, level, status, description, tags, falsePositives}: DetectionRule) => ({
  ...{title, level, status, tags, falsePositives},
  ...(description !== undefined && {description}),
});

import {inject} from '@loopback/core';
import {repository} from '@loopback/repository';
import {get, param, post, type Request, type RequestContext, RestBindings, requestBody} from '@loopback/rest';
import {isPlainObject} from '../admission/check-property';
import {parseJson, readText} from '../admission/read-body';
import {type Care, careForAlert} from '../detection/alert-care';
import {AuditError} from '../errors';
import {PermissionKey} from '../identity/permission';
import {AuditServiceBindings} from '../keys';
import type {Alert} from '../models/alert.model';
import {ALERT_STATUSES, LEVELS} from '../models/detection-rule';
import {readAlertQuery} from '../query/alert-query';
import {openPlace, sealPlace} from '../query/cursor';
import {shown} from '../query/fault';
import {readPattern} from '../query/operand';
import {AuditTrailRepository} from '../repositories/audit-trail.repository';
import type {Database} from '../repositories/database';
import {findAlerts, getAlert} from '../repositories/detection/alert-rows';
import type {AuditServiceOptions} from '../types';
import {bearerOf} from './bearer';
import type {Gate} from './gate';
import {CURSOR_PAGING, errors, json, rawBody, SECURED} from './openapi';
import {pageLinks} from './page-links';
import {pathId} from './path-id';
import {bodyOf} from './request-body';
import {queryOf} from './request-query';

const ALERT_REF = {$ref: '#/components/schemas/Alert'};
const MAX_BODY_BYTES = 64 << 10;

const NOTE = {
  content: {
    'application/json': {
      schema: {
        type: 'object',
        additionalProperties: false,
        properties: {note: {type: 'string', maxLength: 4_096, description: 'Why; the trail keeps it'}},
      },
      example: {note: 'a penetration test'},
      'x-parser': rawBody,
    },
  },
} as const;

const text = (name: string, description: string) =>
  ({name, in: 'query', description, schema: {type: 'string'}}) as const;
const time = (name: string, description: string) =>
  ({name, in: 'query', description, schema: {type: 'string', format: 'date-time'}}) as const;

const caring = (summary: string, status: string) => ({
  ...SECURED,
  summary,
  description: `The alert is ${status} from now on, and the trail tells who said so. Saying it again changes nothing.`,
  responses: {200: {description: 'The alert', content: json(ALERT_REF)}, ...errors(404, 409, 413, 415)},
});

/** What the rules of detection have found. */
export class AlertController {
  constructor(
    @repository(AuditTrailRepository) private readonly auditLogs: AuditTrailRepository,
    @inject(AuditServiceBindings.DATABASE) private readonly database: Database,
    @inject(AuditServiceBindings.GATE) private readonly gate: Gate,
    @inject(AuditServiceBindings.OPTIONS) private readonly options: AuditServiceOptions,
    @inject(RestBindings.Http.CONTEXT) private readonly context: RequestContext,
  ) {}

  @get('/audit-logs/suspicious-activity', {
    ...SECURED,
    summary: 'Alerts of the rules of detection, the newest first',
    'x-query': [
      text('status', `${ALERT_STATUSES.join(', ')}; several with commas`),
      text('level', `${LEVELS.join(', ')}; several with commas`),
      {...text('rule', 'Alerts of this rule'), schema: {type: 'string', format: 'uuid'}},
      text('actor', 'Alerts of this actor'),
      text('group', 'Alerts with this value in whatever their rule groups by, such as an address'),
      time('from', 'Alerts whose window ends at this moment or later (RFC 3339)'),
      time('to', 'Alerts whose window begins at this moment or earlier (RFC 3339)'),
      ...CURSOR_PAGING,
    ],
    responses: {
      200: {
        description: 'A page of alerts',
        headers: {
          Link: {description: 'The next page, rel="next" (RFC 8288)', schema: {type: 'string'}},
          'X-Next-Cursor': {description: 'The cursor of the next page', schema: {type: 'string'}},
        },
        content: json({type: 'array', items: ALERT_REF}),
      },
      ...errors(),
    },
  })
  async find(): Promise<Alert[]> {
    const {tenantId} = await this.gate.open(this.context, PermissionKey.ViewAudit);
    const {filter, limit, cursor} = readAlertQuery(queryOf(this.context.request));
    const key = await this.auditLogs.cursorSecret();
    const scope = JSON.stringify(['alerts', tenantId, filter]);
    const place = cursor === undefined ? undefined : openPlace(key, scope, cursor);
    const after = place && ([String(place[0]), String(place[1])] as const);
    const {queryTimeoutMs: timeoutMs} = this.options;
    const alerts = await findAlerts(this.database, tenantId, filter, {after, limit: limit + 1, timeoutMs});
    const page = alerts.slice(0, limit);
    const last = page.at(-1);
    if (last && alerts.length > limit) {
      pageLinks(this.context, {next: sealPlace(key, scope, [last.raisedAt, last.id])});
    }
    return page;
  }

  @get('/audit-logs/alerts/{id}', {
    ...SECURED,
    summary: 'One alert',
    responses: {200: {description: 'The alert', content: json(ALERT_REF)}, ...errors(404)},
  })
  async findById(@param.path.string('id') id: string): Promise<Alert> {
    const {tenantId} = await this.gate.open(this.context, PermissionKey.ViewAudit);
    return getAlert(this.database, tenantId, pathId(id));
  }

  @post('/audit-logs/alerts/{id}/acknowledge', caring('Say that somebody looks at an alert', 'acknowledged'))
  async acknowledge(@param.path.string('id') id: string, @requestBody(NOTE) body: Request): Promise<Alert> {
    return this.care(id, 'acknowledge', body);
  }

  @post('/audit-logs/alerts/{id}/resolve', caring('Say that an alert has been dealt with', 'resolved'))
  async resolve(@param.path.string('id') id: string, @requestBody(NOTE) body: Request): Promise<Alert> {
    return this.care(id, 'resolve', body);
  }

  @post('/audit-logs/alerts/{id}/dismiss', caring('Say that an alert means nothing', 'dismissed'))
  async dismiss(@param.path.string('id') id: string, @requestBody(NOTE) body: Request): Promise<Alert> {
    return this.care(id, 'dismiss', body);
  }

  private async care(id: string, care: Care, body: Request): Promise<Alert> {
    const caller = await this.gate.open(this.context, PermissionKey.ManageAudit);
    const note = await readNote(body ?? this.context.request);
    return careForAlert(this.database, bearerOf(caller, this.context), pathId(id), {care, note});
  }
}

/** The note of a body, which may be left out. @throws AuditError INVALID_BODY, INVALID_JSON, BODY_TOO_LARGE */
async function readNote(body: Request): Promise<string | undefined> {
  const sent = await readText(bodyOf(body), MAX_BODY_BYTES);
  if (sent === '') return undefined;
  const parsed = parseJson(sent);
  if (!isPlainObject(parsed)) throw refused('body', 'INVALID_TYPE', 'must be a JSON object');
  const unknown = Object.keys(parsed).find(name => name !== 'note');
  if (unknown !== undefined) throw refused(shown(unknown), 'UNKNOWN_PROPERTY', 'is not a part of a note');
  if (parsed.note === undefined) return undefined;
  try {
    return readPattern(parsed.note, 'note');
  } catch (error) {
    const {code, message} = (error as AuditError).details[0] ?? {
      code: 'INVALID_VALUE',
      message: 'cannot be read',
    };
    throw refused('note', code, message);
  }
}

const refused = (field: string, code: string, message: string) =>
  new AuditError('INVALID_BODY', `The note cannot be read: ${field} ${message}.`, [{field, code, message}]);

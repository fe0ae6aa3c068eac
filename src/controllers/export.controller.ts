import {inject} from '@loopback/core';
import {repository} from '@loopback/repository';
import {get, type RequestContext, type Response, RestBindings} from '@loopback/rest';
import type {Logger} from 'pino';
import {exportFileName} from '../export/export-file-name';
import type {ExportFormat} from '../export/export-format';
import {exportFormat} from '../export/export-formats';
import type {ExportHandler} from '../export/export-handler';
import type {ExportSlots} from '../export/export-slots';
import {withSomePages} from '../export/some-pages';
import type {ColumnBuilder} from '../export/table';
import type {AuthorizedCaller} from '../identity/caller';
import {PermissionKey} from '../identity/permission';
import type {JobRunner} from '../jobs/job-runner';
import {AuditServiceBindings} from '../keys';
import type {Selection} from '../models/selection';
import {givenName} from '../query/parameter-names';
import {readFlag, readQuery, unknownParameter} from '../query/parameters';
import {AuditTrailRepository} from '../repositories/audit-trail.repository';
import type {Gate} from './gate';
import {jobOrder} from './job-order';
import {errors, FILE_LIMIT, INCLUDE_ARCHIVED, ORDER, SECURED, SELECTING} from './openapi';
import {queryOf} from './request-query';
import {sendStream} from './send-stream';

const OWN = ['format', 'includeArchivedLogs'];
const BINARY = {schema: {type: 'string', format: 'binary'}} as const;

/** Entries in quantity, as a file. */
export class ExportController {
  constructor(
    @repository(AuditTrailRepository) private readonly auditLogs: AuditTrailRepository,
    @inject(AuditServiceBindings.GATE) private readonly gate: Gate,
    @inject(AuditServiceBindings.JOB_RUNNER) private readonly jobs: JobRunner,
    @inject(AuditServiceBindings.EXPORT_HANDLER) private readonly handle: ExportHandler,
    @inject(AuditServiceBindings.EXPORT_SLOTS) private readonly slots: ExportSlots,
    @inject(AuditServiceBindings.LOGGER) private readonly logger: Logger,
    @inject(RestBindings.Http.CONTEXT) private readonly context: RequestContext,
    @inject(AuditServiceBindings.COLUMN_BUILDER, {optional: true}) private readonly columns?: ColumnBuilder,
  ) {}

  @get('/audit-logs/export', {
    ...SECURED,
    summary: 'Export entries',
    description:
      'With a format, streams the file. Without one, builds a workbook and hands it to the export handler, which ' +
      'by default keeps it in the object store. Every entry that is selected is exported, unless limit says less.',
    'x-query': [
      {
        name: 'format',
        in: 'query',
        schema: {type: 'string', enum: ['csv', 'ndjson', 'json', 'xlsx']},
        description: 'CSV (RFC 4180), NDJSON, a JSON array or an Excel workbook',
      },
      ...SELECTING,
      FILE_LIMIT,
      ORDER,
      INCLUDE_ARCHIVED,
    ],
    responses: {
      200: {
        description:
          'The file; or, without a format, where it is; or the id of the job that includes archived entries',
        content: {
          'text/csv': BINARY,
          'application/x-ndjson': BINARY,
          'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': BINARY,
          'application/json': {
            schema: {
              oneOf: [
                {type: 'array', items: {$ref: '#/components/schemas/AuditLog'}},
                {
                  type: 'object',
                  properties: {
                    message: {type: 'string'},
                    key: {type: 'string'},
                    jobId: {type: 'string', format: 'uuid'},
                  },
                },
              ],
            },
          },
        },
      },
      ...errors(404, 502),
    },
  })
  async export(): Promise<Response | object> {
    const caller = await this.gate.open(this.context, PermissionKey.ExportLogs);
    const query = queryOf(this.context.request);
    const {selection} = readQuery(caller.tenantId, query, {
      own: OWN,
      maxLimit: Number.MAX_SAFE_INTEGER,
    });
    const cursor = givenName(query, 'cursor');
    if (cursor !== undefined) throw unknownParameter(cursor);
    const format = query.format === undefined ? undefined : exportFormat(String(query.format));
    if (readFlag(query, 'includeArchivedLogs')) {
      const order = jobOrder('EXPORT', query, selection, format?.name);
      return {jobId: await this.jobs.submit(caller.tenantId, order, caller.id)};
    }
    return this.slots.use<Response | object>(() =>
      format ? this.send(caller, selection, format) : this.handOver(caller, selection),
    );
  }

  private async send(
    caller: AuthorizedCaller,
    selection: Selection,
    format: ExportFormat,
  ): Promise<Response> {
    const {response} = this.context;
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const source = this.auditLogs.stream(caller.tenantId, selection, gone.signal);
    return withSomePages(source, pages => {
      response.attachment(exportFileName(format, new Date()));
      response.setHeader('Content-Type', format.contentType);
      return sendStream(format.write(pages, this.shape), response, this.logger);
    });
  }

  private async handOver(caller: AuthorizedCaller, selection: Selection): Promise<object> {
    const format = exportFormat('xlsx');
    return withSomePages(this.auditLogs.stream(caller.tenantId, selection), async pages => {
      const file = {
        name: exportFileName(format, new Date()),
        contentType: format.contentType,
        content: format.write(pages, this.shape),
      };
      const handled = await this.handle(file, {tenantId: caller.tenantId, requestedBy: caller.id});
      return {message: 'Audit logs exported successfully.', ...handled};
    });
  }

  private get shape() {
    return this.columns ? {columns: this.columns} : {};
  }
}

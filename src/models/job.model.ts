import {Entity, model, property} from '@loopback/repository';

export const JOB_OPERATIONS = ['ARCHIVE', 'QUERY', 'EXPORT', 'ERASE'] as const;
export type JobOperation = (typeof JOB_OPERATIONS)[number];

export const JOB_STATUSES = ['PENDING', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED'] as const;
export type JobStatus = (typeof JOB_STATUSES)[number];

/** Why a job failed, in the words of the error that it would have been. */
export interface JobFailure {
  code: string;
  message: string;
}

/** Work in the background, and what has become of it. */
@model()
export class Job extends Entity {
  @property({type: 'string', id: true, jsonSchema: {format: 'uuid'}})
  id!: string;

  @property({type: 'string'})
  tenantId!: string;

  @property({type: 'string', jsonSchema: {enum: [...JOB_OPERATIONS]}})
  operation!: JobOperation;

  @property({type: 'string', jsonSchema: {enum: [...JOB_STATUSES]}})
  status!: JobStatus;

  @property({type: 'object', description: 'What was asked for', jsonSchema: {additionalProperties: true}})
  filterUsed!: object;

  @property({type: 'string', description: 'Who asked for it'})
  requestedBy!: string;

  @property({type: 'number', description: 'Entries handled so far', jsonSchema: {type: 'integer'}})
  rowsDone!: number;

  @property({type: 'string', jsonSchema: {format: 'date-time'}})
  createdAt!: string;

  @property({type: 'string', jsonSchema: {format: 'date-time'}})
  startedAt?: string;

  @property({type: 'string', jsonSchema: {format: 'date-time'}})
  finishedAt?: string;

  @property({
    type: 'object',
    description: 'Why the job failed',
    jsonSchema: {properties: {code: {type: 'string'}, message: {type: 'string'}}},
  })
  error?: JobFailure;

  /** Entries of a query; of an archive or export, where the file is and what it holds. */
  @property({type: 'any', description: 'Of a query the entries, of the others what was done'})
  result?: unknown;
}

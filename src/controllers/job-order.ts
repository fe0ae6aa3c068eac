import type {JobOperation} from '../models/job.model';
import type {Selection} from '../models/selection';
import type {QueryParameters} from '../query/parameters';
import type {JobOrder} from '../repositories/job-rows';

/** What a query asks of a job: the caller's words, and what they were read as. */
export function jobOrder(
  operation: JobOperation,
  query: QueryParameters,
  {condition, order, limit, skip, fields}: Selection,
  format?: string,
): JobOrder {
  const {includeArchivedLogs: _flag, ...filter} = query;
  return {
    ...{operation, filter, condition, order},
    ...(limit !== undefined && {limit}),
    ...(skip !== undefined && {skip}),
    ...(fields && {fields: [...fields]}),
    ...(format !== undefined && {format}),
  };
}

import type {Entity} from '@loopback/repository';
import {AuditLog} from '../audit-log.model';
import type {AuditLogStore} from '../types';
import type {SinkEntry} from './audit-sink';

/** A repository of a model; what stores audit logs in another way tells none. */
type Modelled = AuditLogStore & {entityClass?: typeof Entity};

/**
 * An entry as the data of a host's own model of audit logs: what its metadata holds under the name of a column that
 * only this model has goes into that column.
 */
export function auditLogData(entry: SinkEntry, store: AuditLogStore): Record<string, unknown> {
  const own = ownColumns((store as Modelled).entityClass);
  const {metadata, ...columns} = entry;
  if (!metadata) return columns;
  const named = Object.entries(metadata);
  const free = named.filter(([name]) => !own.has(name));
  return {
    ...columns,
    ...Object.fromEntries(named.filter(([name]) => own.has(name))),
    ...(free.length > 0 && {metadata: Object.fromEntries(free)}),
  };
}

function ownColumns(entityClass: typeof Entity | undefined): ReadonlySet<string> {
  const names = Object.keys(entityClass?.definition?.properties ?? {});
  return new Set(names.filter(name => !Object.hasOwn(AuditLog.definition.properties, name)));
}

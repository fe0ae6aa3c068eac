import type {Entity} from '@loopback/repository';
import {AuditLog} from '../audit-log.model';
import type {AuditLogStore} from '../types';
import type {SinkEntry} from './audit-sink';

type Data = Record<string, unknown>;

/** A repository of a model; what stores audit logs in another way tells none. */
type Modelled = AuditLogStore & {entityClass?: typeof Entity};

/**
 * An entry as the data of the host's model of audit logs. What its metadata holds under the name of a column that
 * only this model has goes into that column; what the model has no property for is left out, unless the model is open
 * and its database no relational one.
 */
export function auditLogData(entry: SinkEntry, store: AuditLogStore): Data {
  const {entityClass, dataSource} = store as Modelled;
  const {metadata, ...columns} = {...entry, recordedAt: new Date().toISOString()};
  if (!entityClass?.definition) return {...columns, ...(metadata && {metadata})};
  const {properties, settings} = entityClass.definition;
  const isOwn = (name: string) =>
    Object.hasOwn(properties, name) && !Object.hasOwn(AuditLog.definition.properties, name);
  const {own, free} = parted(metadata ?? {}, isOwn);
  const data = {...columns, ...own, ...(Object.keys(free).length > 0 && {metadata: free})};
  const connector = dataSource?.connector as {relational?: boolean} | undefined;
  if (settings.strict === false && !connector?.relational) return data;
  return Object.fromEntries(Object.entries(data).filter(([name]) => Object.hasOwn(properties, name)));
}

function parted(values: Data, isOwn: (name: string) => boolean): {own: Data; free: Data} {
  const [own, free]: [Data, Data] = [{}, {}];
  for (const [name, value] of Object.entries(values)) (isOwn(name) ? own : free)[name] = value;
  return {own, free};
}

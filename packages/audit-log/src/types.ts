import type {
  Count,
  DataObject,
  Entity,
  Filter,
  FilterExcludingWhere,
  juggler,
  Options,
  Where,
} from '@loopback/repository';
import type {AuditLog} from './audit-log.model';
import type {MaskRule} from './diff/mask';
import type {AuditEntry} from './entry';
import type {AuditSink} from './sinks/audit-sink';
import type {Delivery} from './sinks/delivery';

/** The current user of a host, in SourceLoop's shape. */
export interface User<ID = string, TID = string, UTID = string> {
  id?: string | number;
  username?: string;
  identifier?: ID;
  email?: string;
  role?: string;
  firstName?: string;
  lastName?: string;
  middleName?: string;
  tenantId?: TID;
  userTenantId?: UTID;
}

/** The property of the current user that names the actor. */
export type ActorId = Extract<keyof User, string>;

/** Columns of an entry that the host may fill in by itself. */
export type ExtraColumns = Partial<
  Omit<
    AuditEntry,
    | 'id'
    | 'action'
    | 'actedAt'
    | 'recordedAt'
    | 'before'
    | 'after'
    | 'changedFields'
    | 'leafIndex'
    | 'leafHash'
    | 'salt'
    | 'commitments'
  >
>;

/** How the changes of one repository are recorded. */
export interface RecordingOptions extends ExtraColumns {
  /** SourceLoop's key of what is audited. */
  actionKey?: string;
  /** Properties whose values are withheld, besides hidden ones and the names that are withheld by default. */
  mask?: MaskRule;
  /** Properties that are shown although their names are among those that are withheld by default. */
  unmask?: readonly string[];
  /** Properties that are not recorded and whose change does not count, such as `modifiedOn`. */
  ignore?: readonly string[];
  /** Records rows that an update has left as they were, too. */
  recordUnchanged?: boolean;
  /** Where the entries of this repository go. */
  sink?: AuditSink;
  /** How surely they follow their changes; the sink's own way where it is left out. */
  delivery?: Delivery;
}

/** Columns that the host's own model of audit logs has besides those of every entry. */
export type OwnColumns<LogModel extends Entity> = {
  [Column in keyof LogModel as Column extends keyof RecordingOptions | keyof AuditEntry | keyof Entity
    ? never
    : Column]?: LogModel[Column];
};

/**
 * How the changes of one repository are recorded; columns of the entry may be given beside, and those of the host's
 * own model of audit logs. `AuditLog` names no further ones and takes any.
 */
export type IAuditMixinOptions<LogModel extends Entity = AuditLog> = RecordingOptions & OwnColumns<LogModel>;

/** What may be said of one call, among the options that LoopBack knows; columns of the entry win over the mixin's. */
export interface AuditLogOption extends ExtraColumns {
  /** Records nothing of this call. */
  noAudit?: boolean;
  /** How surely the entries of this call follow its changes. */
  auditDelivery?: Delivery;
  /** Who does it, where that is not the current user. */
  actorId?: string;
}

export type AuditOptions = Options & AuditLogOption;

/**
 * What stores audit logs: a repository of them, in SourceLoop's way. Without `find` it cannot be asked which of them
 * it has.
 */
export interface AuditLogStore {
  // biome-ignore lint/suspicious/noExplicitAny: each repository takes the data of its own model
  createAll(entries: any[], options?: Options): Promise<object[]>;
  // biome-ignore lint/suspicious/noExplicitAny: and a filter of it
  find?(filter?: any, options?: Options): Promise<object[]>;
  dataSource?: juggler.DataSource;
}

/** The members by which a repository says who acts and where entries go. */
export interface IAuditMixin<UserID = string, Repo extends AuditLogStore = AuditLogStore> {
  getAuditLogRepository?: (() => Promise<Repo>) | undefined;
  getCurrentUser?:
    | (() => Promise<(Omit<User, 'id'> & {id?: UserID | string | number}) | undefined>)
    | undefined;
  actorIdKey?: ActorId | undefined;
}

/** What a repository must have for its changes to be recorded; every juggler repository has it. */
export interface Auditable<M extends Entity, ID> {
  entityClass: typeof Entity & {prototype: M};
  dataSource: juggler.DataSource;
  find(filter?: Filter<M>, options?: Options): Promise<M[]>;
  findById(id: ID, filter?: FilterExcludingWhere<M>, options?: Options): Promise<M>;
  create(entity: DataObject<M>, options?: Options): Promise<M>;
  createAll(entities: DataObject<M>[], options?: Options): Promise<M[]>;
  save(entity: M, options?: Options): Promise<M>;
  update(entity: M, options?: Options): Promise<void>;
  updateAll(data: DataObject<M>, where?: Where<M>, options?: Options): Promise<Count>;
  updateById(id: ID, data: DataObject<M>, options?: Options): Promise<void>;
  replaceById(id: ID, data: DataObject<M>, options?: Options): Promise<void>;
  delete(entity: M, options?: Options): Promise<void>;
  deleteAll(where?: Where<M>, options?: Options): Promise<Count>;
  deleteById(id: ID, options?: Options): Promise<void>;
}

/** A class, which may be abstract. */
// biome-ignore lint/suspicious/noExplicitAny: a mixin passes on whatever its base class is constructed from
export type AbstractConstructor<T> = abstract new (...args: any[]) => T;

export type AuditableClass<M extends Entity, ID> = AbstractConstructor<Auditable<M, ID>>;

import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, test} from 'node:test';

const ROOT = join(__dirname, '..', '..');

const HEAD = `
import {AuditRepositoryMixin, ConditionalAuditRepositoryMixin, type IAuditMixinOptions} from '@loopback-audit/audit-log';
import {Constructor} from '@loopback/core';
import {DefaultCrudRepository, DefaultTransactionalRepository, Entity, juggler} from '@loopback/repository';
class Product extends Entity { id!: number; name!: string; }
declare const source: juggler.DataSource;
export const use = (..._: unknown[]) => {};
`;

/** What the compiler says of a program; empty where it compiles. */
function compile(program: string): string {
  const folder = mkdtempSync(join(ROOT, 'dist-test', 'types-'));
  try {
    writeFileSync(join(folder, 'program.ts'), HEAD + program);
    const settings = {
      extends: '../../tsconfig.base.json',
      include: ['program.ts'],
      compilerOptions: {
        noEmit: true,
        composite: false,
        incremental: false,
        declaration: false,
        noUnusedLocals: false,
      },
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(settings));
    execFileSync(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', folder], {
      encoding: 'utf8',
    });
    return '';
  } catch (error) {
    return (error as {stdout: string}).stdout;
  } finally {
    rmSync(folder, {recursive: true, force: true});
  }
}

/** What a host of SourceLoop's has: its own model and repository of audit logs, in their words. */
const MOVED = `
import {repository, model, property} from '@loopback/repository';
import {inject, type Getter} from '@loopback/core';
import {AuditLog, AuditLogRepository, AuditBindings, Action, AuditDbSourceName, type ActorId, type IAuditMixin, type AuditOptions} from '@loopback-audit/audit-log';
interface IAuthUser { id?: number | string; username: string; password?: string; }
@model({name: 'audit_logs', settings: {strict: false}})
class CustomAuditLogModel extends AuditLog { @property({type: 'string'}) region?: string; }
class CustomAuditLogRepository extends AuditLogRepository<CustomAuditLogModel> {
  constructor(@inject(\`datasources.\${AuditDbSourceName}\`) db: juggler.DataSource) { super(db, CustomAuditLogModel); }
}
class StrictLog extends Entity { id!: string; action!: string; region?: string; }
const groupAuditOpts: IAuditMixinOptions = {actionKey: 'Group_Logs', extra: 'static value'};
`;

describe('the types of the mixin accept', () => {
  test("what hosts of SourceLoop's have written", () => {
    const said = compile(`${MOVED}
      class Default extends AuditRepositoryMixin<Product, number, object, string,
        Constructor<DefaultCrudRepository<Product, number, object>>>(DefaultCrudRepository, groupAuditOpts) {
        constructor(
          @inject('datasources.pgdb') db: juggler.DataSource,
          @inject.getter('user') public override getCurrentUser: Getter<IAuthUser>,
          @repository.getter(AuditLogRepository) public override getAuditLogRepository: Getter<AuditLogRepository>,
          @inject(AuditBindings.ActorIdKey, {optional: true}) public override actorIdKey?: ActorId,
        ) { super(Product, db); }
      }
      class Custom extends AuditRepositoryMixin<Product, number, object, string,
        Constructor<DefaultCrudRepository<Product, number, object>>, CustomAuditLogModel, CustomAuditLogRepository>(
        DefaultCrudRepository, {...groupAuditOpts, region: 'north'}) {
        constructor(db: juggler.DataSource, public override getAuditLogRepository: Getter<CustomAuditLogRepository>) { super(Product, db); }
      }
      abstract class UserModify<T extends Entity, ID, R extends object> extends DefaultCrudRepository<T, ID, R> { abstract by(): string; }
      class Conditional extends ConditionalAuditRepositoryMixin(UserModify<Product, number, object>, groupAuditOpts) {
        by() { return 'x'; }
        constructor(db: juggler.DataSource, public getAuditLogRepository: Getter<AuditLogRepository>) { super(Product, db); }
      }
      declare const audited: IAuditMixin<string, AuditLogRepository>;
      const log = new AuditLog({actedAt: new Date(), entityId: 'x', action: Action.INSERT_ONE, extra: 1});
      const time: number = log.actedAt.getTime(), extra: number = log.extra;
      const call: AuditOptions = {noAudit: false, actorId: 'userId', extra: 'random calculated value'};
      use(Default, Custom, Conditional, audited.getAuditLogRepository, time, extra, new Default(source, async () => ({username: 'x'}), async () => new AuditLogRepository(source)).create({name: 'a'}, call));
    `);
    assert.equal(said, '');
  });

  test('the short form, the long form of SourceLoop, and every base class', () => {
    const said = compile(`
      class Short extends AuditRepositoryMixin<Product, number, object>(DefaultCrudRepository) {
        constructor() { super(Product, source); }
      }
      class Long extends AuditRepositoryMixin<Product, number, object, string,
        Constructor<DefaultCrudRepository<Product, number, object>>>(DefaultCrudRepository, {actionKey: 'Product_Logs', actionGroup: 'g'}) {
        constructor(readonly getUser: () => Promise<{id: string}>) { super(Product, source); this.getCurrentUser = getUser; }
      }
      class Transactional extends AuditRepositoryMixin<Product, number, object, string,
        Constructor<DefaultTransactionalRepository<Product, number, object>>>(DefaultTransactionalRepository) {
        constructor() { super(Product, source); }
      }
      class Sometimes extends ConditionalAuditRepositoryMixin<Product, number>(DefaultCrudRepository, {actionKey: 'x'}) {
        constructor() { super(Product, source); }
      }
      use(new Short().create({name: 'a'}), new Short().updateById(1, {name: 'b'}, {noAudit: true, actorId: 'x'}),
        new Short().recordChange({action: 'UPDATE_ONE', entityId: 1, before: {name: 'a'}, after: {name: 'b'}, reason: 'x'}, {actorId: 'x'}),
        new Short().recordChange([{action: 'INSERT_ONE', entityId: 1, after: {name: 'a'}}, {action: 'DELETE_ONE', entityId: 1, before: {}}]),
        new Sometimes().recordChange({action: 'DELETE_ONE', entityId: 1, before: new Product()}),
        new Long(async () => ({id: '1'})).find(), new Transactional().beginTransaction(), new Sometimes().find());
    `);
    assert.equal(said, '');
  });
});

/** A program that tells a repository of a change. */
const telling = (change: string) =>
  `class R extends AuditRepositoryMixin<Product, number>(DefaultCrudRepository) {}; new R(Product, source).recordChange(${change});`;

/** A program that gives the mixin options for a host's own model of audit logs. */
const owning = (model: string, options: string) => `${MOVED}
  AuditRepositoryMixin<Product, number, object, string, Constructor<DefaultCrudRepository<Product, number>>, ${model}>(DefaultCrudRepository, ${options});`;

/** The errors of a program: the code of each, and the word of the program at which it is found. */
function errorsOf(program: string): string[] {
  const lines = (HEAD + program).split('\n');
  return [...compile(program).matchAll(/program\.ts\((\d+),(\d+)\): error (TS\d+)/g)].map(
    ([, line, column, code]) => {
      const rest = lines[Number(line) - 1]?.slice(Number(column) - 1) ?? '';
      return `${code} ${/^\w+|^\W/.exec(rest)?.[0]}`;
    },
  );
}

describe('the types of the mixin refuse', () => {
  for (const [what, program, said] of [
    [
      'an entity that is none',
      'class R extends AuditRepositoryMixin<{id: number}, number>(DefaultCrudRepository) {}; use(R);',
      'TS2739 {',
    ],
    [
      'a base class that is no repository',
      'class R extends AuditRepositoryMixin<Product, number, object, string, typeof Date>(Date) {}; use(R);',
      'TS2344 typeof',
    ],
    [
      "a column of another type than the host's own model gives it",
      owning('CustomAuditLogModel', '{region: 7}'),
      'TS2322 region',
    ],
    [
      "a column that the host's own model has not, where it names all of its columns",
      owning('StrictLog', "{region: 'north', raegion: 'south'}"),
      'TS2561 raegion',
    ],
    [
      'a delivery that there is not',
      "AuditRepositoryMixin<Product, number>(DefaultCrudRepository, {delivery: 'sometimes'});",
      'TS2322 delivery',
    ],
    [
      'a property that the entity has not',
      'class R extends AuditRepositoryMixin<Product, number>(DefaultCrudRepository) {}; new R(Product, source).create({nome: 1});',
      'TS2353 nome',
    ],
    [
      'a change that tells of a property that the entity has not',
      telling("{action: 'UPDATE_ONE', entityId: 1, before: {name: 'a'}, after: {nome: 'b'}}"),
      'TS2353 nome',
    ],
    [
      'a change that tells a property of another type',
      telling("{action: 'UPDATE_ONE', entityId: 1, after: {name: 1}}"),
      'TS2322 name',
    ],
    [
      'a change of an action that there is not',
      telling("{action: 'UPSERT', entityId: 1, after: {}}"),
      'TS2322 action',
    ],
    ['a change without an id', telling("{action: 'INSERT_ONE', after: {}}"), 'TS2345 {'],
    [
      'a change with an id of another type',
      telling("{action: 'INSERT_ONE', entityId: '1', after: {}}"),
      'TS2322 entityId',
    ],
    ['a change that tells no state', telling("{action: 'DELETE_ONE', entityId: 1}"), 'TS2345 {'],
    [
      'a column that an entry has not',
      telling("{action: 'DELETE_ONE', entityId: 1, before: {}, raeson: 'x'}"),
      'TS2353 raeson',
    ],
  ] as const) {
    test(what, () => assert.deepEqual(errorsOf(program), [said]));
  }
});

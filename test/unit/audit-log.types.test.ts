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

describe('the types of the mixin accept', () => {
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

describe('the types of the mixin refuse', () => {
  for (const [what, program] of [
    [
      'an entity that is none',
      'class R extends AuditRepositoryMixin<{id: number}, number>(DefaultCrudRepository) {}; use(R);',
    ],
    [
      'a base class that is no repository',
      'class R extends AuditRepositoryMixin<Product, number, object, string, typeof Date>(Date) {}; use(R);',
    ],
    [
      'an unknown option',
      "const options: IAuditMixinOptions = {actionKey: 'x', actionKye: 'y'}; use(options);",
    ],
    [
      'a delivery that there is not',
      "AuditRepositoryMixin<Product, number>(DefaultCrudRepository, {delivery: 'sometimes'});",
    ],
    [
      'a property that the entity has not',
      'class R extends AuditRepositoryMixin<Product, number>(DefaultCrudRepository) {}; new R(Product, source).create({nome: 1});',
    ],
    [
      'a change that tells of a property that the entity has not',
      telling("{action: 'UPDATE_ONE', entityId: 1, before: {name: 'a'}, after: {nome: 'b'}}"),
    ],
    [
      'a change that tells a property of another type',
      telling("{action: 'UPDATE_ONE', entityId: 1, after: {name: 1}}"),
    ],
    ['a change of an action that there is not', telling("{action: 'UPSERT', entityId: 1, after: {}}")],
    ['a change without an id', telling("{action: 'INSERT_ONE', after: {}}")],
    ['a change with an id of another type', telling("{action: 'INSERT_ONE', entityId: '1', after: {}}")],
    ['a change that tells no state', telling("{action: 'DELETE_ONE', entityId: 1}")],
    [
      'a column that an entry has not',
      telling("{action: 'DELETE_ONE', entityId: 1, before: {}, raeson: 'x'}"),
    ],
  ] as const) {
    test(what, () => assert.match(compile(program), /error TS/));
  }
});

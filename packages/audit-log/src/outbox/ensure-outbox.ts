import type {juggler} from '@loopback/repository';
import {connected} from '../connected';
import {CREATE_OUTBOX, createOutbox, OUTBOX_TABLE, REJECTED_TABLE, RELAY_TABLE} from './outbox-table';
import {poolOf} from './postgres';

/** What an outbox consists of: columns and triggers by `table.name`, and functions with their bodies. */
interface Parts {
  names: ReadonlySet<string>;
  functions: ReadonlyMap<string, string>;
}

/**
 * Makes the outbox on a datasource of `loopback-connector-postgresql` where it is not there as it should be. A
 * login that may not create anything will do where it is there.
 *
 * @throws Error where it is missing, and the login may not make it
 */
export async function ensureOutbox(dataSource: juggler.DataSource): Promise<void> {
  await poolOf(dataSource);
  // A datasource that connects lazily runs no statement of its own accord before it is connected.
  await connected(dataSource);
  const [wanted, found] = [wantedParts(), await foundParts(dataSource)];
  const isThere =
    [...wanted.names].every(name => found.names.has(name)) &&
    [...wanted.functions.keys()].every(name => found.functions.has(name));
  const isCurrent = [...wanted.functions].every(([name, body]) => found.functions.get(name) === body);
  if (isThere && isCurrent) return;
  try {
    await createOutbox(dataSource);
  } catch (cause) {
    const statements = `run the statements of CREATE_OUTBOX, of @loopback-audit/audit-log, on ${dataSource.name}`;
    if (!isThere) {
      throw new Error(`The outbox is missing, and this login cannot make it: ${statements}.`, {cause});
    }
    process.emitWarning(`The functions of the outbox are of another version: ${statements}.`);
  }
}

/** The parts that {@link CREATE_OUTBOX} makes, read from its statements. */
function wantedParts(): Parts {
  const names = new Set<string>();
  const functions = new Map<string, string>();
  for (const statement of CREATE_OUTBOX) {
    const [, table, columns = ''] = /^CREATE TABLE IF NOT EXISTS (\w+) \((.*)\)$/s.exec(statement) ?? [];
    for (const [, column] of columns.matchAll(/^\s+(\w+) /gm)) names.add(`${table}.${column}`);
    const [, trigger, on] = /^CREATE OR REPLACE TRIGGER (\w+) .*? ON (\w+)/s.exec(statement) ?? [];
    if (trigger) names.add(`${on}.${trigger}`);
    const [, name, body] = /^CREATE OR REPLACE FUNCTION (\w+)\(.*?AS \$\$(.*)\$\$$/s.exec(statement) ?? [];
    if (name && body) functions.set(name, body);
  }
  return {names, functions};
}

async function foundParts(dataSource: juggler.DataSource): Promise<Parts> {
  const tables = [OUTBOX_TABLE, REJECTED_TABLE, RELAY_TABLE];
  const rows = (await dataSource.execute(
    `WITH tables AS (SELECT name, to_regclass(name) AS oid FROM unnest($1::text[]) AS name)
     SELECT name || '.' || attname AS name, NULL AS body
       FROM tables JOIN pg_attribute ON attrelid = oid AND attnum > 0 AND NOT attisdropped
     UNION ALL
     SELECT name || '.' || tgname, NULL FROM tables JOIN pg_trigger ON tgrelid = tables.oid
     UNION ALL
     SELECT proname, prosrc FROM pg_proc WHERE proname LIKE 'audit\\_%' AND pg_function_is_visible(oid)`,
    [tables],
  )) as {name: string; body: string | null}[];
  const functions = rows.filter((row): row is {name: string; body: string} => row.body !== null);
  return {
    names: new Set(rows.map(({name}) => name)),
    functions: new Map(functions.map(({name, body}) => [name, body])),
  };
}

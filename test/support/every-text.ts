import type {Pool} from 'pg';

/** The places of a database, as `table.column`, in which a text is found: in any row of any table, as its text. */
export async function placesOf(admin: Pool, text: string): Promise<string[]> {
  const {rows: tables} = await admin.query<{name: string}>(
    `SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE relkind = 'r' AND nspname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`,
  );
  const found: string[] = [];
  for (const {name} of tables) {
    const {rowCount} = await admin.query(`SELECT FROM ${name} t WHERE strpos(t::text, $1) > 0`, [text]);
    if (rowCount) found.push(name);
  }
  return found;
}

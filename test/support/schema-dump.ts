import type {ClientBase, Pool} from 'pg';

/** A function that no extension has brought along. */
const OWN = "NOT EXISTS (SELECT FROM pg_depend WHERE objid = p.oid AND deptype = 'e')";

/** Sections of the dump: each query answers one column, the statements of its section in a fixed order. */
const SECTIONS: readonly [title: string, query: string][] = [
  [
    'Roles',
    `SELECT format('CREATE ROLE %I%s;', rolname, concat(
              CASE WHEN rolcanlogin THEN ' LOGIN' ELSE ' NOLOGIN' END,
              CASE WHEN rolsuper THEN ' SUPERUSER' END,
              CASE WHEN rolcreaterole THEN ' CREATEROLE' END,
              CASE WHEN rolcreatedb THEN ' CREATEDB' END,
              CASE WHEN rolbypassrls THEN ' BYPASSRLS' END))
       FROM pg_roles WHERE rolname IN ('audit_owner', 'audit_reader', 'audit_writer') ORDER BY rolname`,
  ],
  [
    'Extensions',
    `SELECT format('CREATE EXTENSION %I;', extname) FROM pg_extension
      WHERE extnamespace = current_schema()::regnamespace ORDER BY extname`,
  ],
  [
    'Tables',
    `SELECT concat(
              CASE WHEN relispartition
                THEN format(E'CREATE TABLE %I PARTITION OF %s %s', relname, inhparent::regclass, pg_get_expr(relpartbound, t.oid))
                ELSE format(E'CREATE TABLE %I (\\n%s\\n)', relname, columns) END,
              CASE WHEN relkind = 'p' THEN ' PARTITION BY ' || pg_get_partkeydef(t.oid) END, ';',
              format(E'\\nALTER TABLE %I OWNER TO %I;', relname, CASE WHEN rolsuper THEN 'login' ELSE rolname END),
              CASE WHEN relrowsecurity THEN format(E'\\nALTER TABLE %I ENABLE ROW LEVEL SECURITY;', relname) END,
              CASE WHEN relforcerowsecurity THEN format(E'\\nALTER TABLE %I FORCE ROW LEVEL SECURITY;', relname) END,
              format(E'\\nCOMMENT ON TABLE %I IS ', relname) || quote_literal(obj_description(t.oid)) || ';', E'\\n')
       FROM pg_class t
       JOIN pg_roles ON pg_roles.oid = relowner
       LEFT JOIN pg_inherits ON inhrelid = t.oid
       CROSS JOIN LATERAL (
         SELECT string_agg(concat('  ', quote_ident(attname), ' ', format_type(atttypid, atttypmod),
                           CASE WHEN attnotnull THEN ' NOT NULL' END,
                           ' DEFAULT ' || pg_get_expr(adbin, adrelid)), E',\\n' ORDER BY attnum) AS columns
           FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
          WHERE attrelid = t.oid AND attnum > 0 AND NOT attisdropped) AS c
      WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')
      ORDER BY relispartition, relname`,
  ],
  [
    'Views',
    `SELECT format(E'CREATE VIEW %I AS\\n%s\\nALTER VIEW %I OWNER TO %I;\\nCOMMENT ON VIEW %I IS %L;', relname,
                   pg_get_viewdef(t.oid), relname, rolname, relname, obj_description(t.oid))
       FROM pg_class t JOIN pg_roles ON pg_roles.oid = relowner
      WHERE relnamespace = current_schema()::regnamespace AND relkind = 'v' ORDER BY relname`,
  ],
  [
    'Constraints',
    `SELECT format('ALTER TABLE %s ADD CONSTRAINT %I %s;', conrelid::regclass, conname, pg_get_constraintdef(c.oid))
       FROM pg_constraint c JOIN pg_class t ON t.oid = conrelid
      WHERE connamespace = current_schema()::regnamespace AND contype <> 'n' AND NOT relispartition
      ORDER BY relname, contype DESC, conname`,
  ],
  [
    'Indexes',
    `SELECT concat(pg_get_indexdef(indexrelid), ';',
              format(E'\\nCOMMENT ON INDEX %I IS ', i.relname) || quote_literal(obj_description(i.oid)) || ';')
       FROM pg_index JOIN pg_class t ON t.oid = indrelid JOIN pg_class i ON i.oid = indexrelid
      WHERE t.relnamespace = current_schema()::regnamespace AND NOT t.relispartition
        AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
      ORDER BY i.relname`,
  ],
  [
    'Functions',
    `SELECT pg_get_functiondef(p.oid) || format(E';\\nALTER FUNCTION %s OWNER TO %I;\\n', p.oid::regprocedure, rolname)
       FROM pg_proc p JOIN pg_roles r ON r.oid = proowner
      WHERE pronamespace = current_schema()::regnamespace AND ${OWN} ORDER BY proname, p.oid::regprocedure::text`,
  ],
  [
    'Triggers',
    `SELECT pg_get_triggerdef(g.oid) || ';' FROM pg_trigger g JOIN pg_class t ON t.oid = tgrelid
      WHERE t.relnamespace = current_schema()::regnamespace AND NOT tgisinternal ORDER BY relname, tgname`,
  ],
  [
    'Policies',
    `SELECT concat(format('CREATE POLICY %I ON %I FOR %s TO %s', policyname, tablename, cmd, array_to_string(roles, ', ')),
                   ' USING (' || qual || ')', ' WITH CHECK (' || with_check || ')', ';')
       FROM pg_policies WHERE schemaname = current_schema() ORDER BY tablename, policyname`,
  ],
  [
    'Rights',
    `SELECT format('GRANT %s ON %s TO %s;', string_agg(privilege_type, ', ' ORDER BY privilege_type), object, receiver)
       FROM (
         SELECT format('SCHEMA %I', nspname) AS object, nspacl AS acl, nspowner AS owner, 1 AS rank
           FROM pg_namespace WHERE nspname = current_schema()
         UNION ALL
         SELECT 'DATABASE audit', datacl, datdba, 2 FROM pg_database WHERE datname = current_database()
         UNION ALL
         SELECT format('TABLE %I', relname), relacl, relowner, 3
           FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p', 'v')
         UNION ALL
         SELECT format('FUNCTION %s', p.oid::regprocedure), proacl, proowner, 4
           FROM pg_proc p WHERE pronamespace = current_schema()::regnamespace AND ${OWN}
       ) AS objects
       CROSS JOIN LATERAL aclexplode(acl) AS granted
       CROSS JOIN LATERAL (SELECT CASE WHEN granted.grantee = 0 THEN 'PUBLIC' ELSE pg_get_userbyid(granted.grantee) END) AS g (receiver)
      WHERE granted.grantee <> owner GROUP BY rank, object, receiver ORDER BY rank, object, receiver`,
  ],
];

const HEAD = `-- The schema that the migrations make, for people to read and for a test to compare; "npm run schema:dump"
-- writes it. It is not run by anything: migrations/sqls is.
`;

/** Everything that the migrations have made in a database, as SQL, the same for the same schema. */
export async function dumpSchema(database: ClientBase | Pool): Promise<string> {
  const parts = [HEAD];
  for (const [title, query] of SECTIONS) {
    const {rows} = await database.query<[string]>({text: query, rowMode: 'array'});
    const lines = rows.map(([line]) => line.replaceAll(/[ \t]+$/gm, ''));
    parts.push(`\n-- ${title}\n\n${lines.join('\n').trimEnd()}\n`);
  }
  return parts.join('');
}

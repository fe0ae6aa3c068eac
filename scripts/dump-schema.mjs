// Writes migrations/schema.sql: what the migrations make of an empty database, as its catalogs tell it.
import {writeFileSync} from 'node:fs';
import {createRequire} from 'node:module';

const require = createRequire(import.meta.url);
const {Client} = require('pg');
const {dumpSchema} = require('../dist-test/support/schema-dump.js');
const {startTestPostgres} = require('../dist-test/support/test-postgres.js');

const postgres = await startTestPostgres();
const client = new Client({connectionString: postgres.url});
try {
  await client.connect();
  writeFileSync(new URL('../migrations/schema.sql', import.meta.url), await dumpSchema(client));
} finally {
  await client.end();
  await postgres.stop();
}

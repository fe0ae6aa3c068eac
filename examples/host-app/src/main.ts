import {randomBytes} from 'node:crypto';
import {migrate} from '@loopback-audit/service';
import {ShopApplication} from './application';
import {sha256} from './authentication/api-key';

const ALL = ['ViewAudit', 'CreateAudit', 'ExportLogs', 'ArchiveLogs'];

async function main({env}: NodeJS.Process): Promise<void> {
  const database = {
    host: env.DB_HOST ?? '127.0.0.1',
    port: Number(env.DB_PORT ?? 5432),
    user: env.DB_USER ?? 'postgres',
    password: env.DB_PASSWORD ?? '',
    database: env.DB_DATABASE ?? 'postgres',
    ssl: env.DB_SSL === 'true',
  };
  await migrate(database, 'public');
  const key = env.API_KEY ?? randomBytes(24).toString('base64url');
  const app = new ShopApplication({
    database,
    port: Number(env.PORT ?? 3001),
    apiKeys: [{sha256: sha256(key), holder: 'owner', shop: 'corner-shop', permissions: ALL}],
    exportFolder: '.data/exports',
  });
  await app.boot();
  await app.migrateSchema();
  await app.start();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void app.stop());
  process.stdout.write(`The shop is open at ${app.restServer.url}. Try:

  curl -H 'Authorization: Bearer ${key}' -H 'Content-Type: application/json' \\
    -d '{"name": "Tea", "priceInCents": 350}' ${app.restServer.url}/products
  curl -H 'Authorization: Bearer ${key}' ${app.restServer.url}/audit-logs

`);
}

main(process).catch((error: Error) => {
  process.stderr.write(`shop: ${error.message}\n`);
  process.exitCode = 1;
});

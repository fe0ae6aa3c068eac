/** One setting of the environment: what it means, for `.env.example` and for the error that names it. */
export interface SettingDescription {
  name: string;
  meaning: string;
  default?: string;
}

/** Every setting of the service on its own and of its commands. */
export const SETTINGS = [
  {name: 'HOST', meaning: 'Address to listen on', default: '127.0.0.1'},
  {name: 'PORT', meaning: 'Port to listen on; 0 takes a free one', default: '3000'},
  {name: 'BASE_PATH', meaning: 'Path before every route, such as /audit'},
  {
    name: 'TRUST_PROXY',
    meaning:
      'Proxies whose X-Forwarded-For is believed: a number of hops, or a list of loopback, linklocal, uniquelocal, addresses and networks such as 10.0.0.0/8',
  },
  {name: 'LOG_LEVEL', meaning: 'trace, debug, info, warn, error, fatal or silent', default: 'info'},
  {
    name: 'AUDIT_DATA_DIR',
    meaning: 'Folder of the PostgreSQL that the service brings along, and of archives',
    default: '.data',
  },
  {name: 'DB_HOST', meaning: 'PostgreSQL 14 or later to use; without it the service brings its own'},
  {name: 'DB_PORT', meaning: 'Its port', default: '5432'},
  {name: 'DB_USER', meaning: 'Its login, a member of audit_reader and audit_writer once migrated'},
  {name: 'DB_PASSWORD', meaning: 'The password of the login'},
  {name: 'DB_DATABASE', meaning: 'Its database'},
  {name: 'DB_SCHEMA', meaning: 'The schema of the trail', default: 'public'},
  {name: 'DB_SSL', meaning: 'true: connect by TLS and check the certificate', default: 'false'},
  {name: 'DB_POOL_MAX', meaning: 'Connections to hold at most', default: '20'},
  {
    name: 'MIGRATE',
    meaning: 'true: serve migrates the database first; false: it has been migrated',
    default: 'true',
  },
  {
    name: 'JWT_SECRET',
    meaning: 'Secret of HS256 tokens, 32 bytes or more; required with DB_HOST, or JWT_JWKS_URI',
  },
  {name: 'JWT_JWKS_URI', meaning: 'URL of the keys of RS256, ES256 and EdDSA tokens'},
  {name: 'JWT_ISSUER', meaning: 'The iss that tokens must have'},
  {name: 'JWT_AUDIENCE', meaning: 'The aud that tokens must have'},
  {
    name: 'LOG_ORIGIN',
    meaning: 'Name of the service in checkpoints: a URL without its scheme, such as audit.example.com',
    default: 'audit.localhost',
  },
  {
    name: 'SIGNING_KEY_FILE',
    meaning:
      'Ed25519 private keys that sign checkpoints, as PKCS#8 PEM; without it a development start makes one, and with DB_HOST none is signed',
  },
  {name: 'SIGNING_KEY', meaning: 'The same keys themselves, in place of a file'},
  {
    name: 'SIGNING_KEY_HISTORY',
    meaning:
      'File of the public keys that signed earlier, one a line as GET /audit-logs/keys answers them: needed where the database has forgotten them',
  },
  {
    name: 'CHECKPOINT_INTERVAL_MS',
    meaning: 'How often trees that have grown are signed; 0 leaves it to whoever asks for a checkpoint',
    default: '1000',
  },
  {
    name: 'CHECKPOINT_ENTRIES',
    meaning: 'They are signed at once where so many entries have come',
    default: '10000',
  },
  {
    name: 'CHECKPOINT_LOG',
    meaning:
      'Where checkpoints are kept outside of the database, so that a database that was restored or rewritten is found out: the path of a file, or store for the object store; without it, and without DB_HOST, checkpoints.txt in AUDIT_DATA_DIR',
  },
  {
    name: 'CHECKPOINT_LOG_INTERVAL_MS',
    meaning: 'Time from one checkpoint of a tenant that is kept there to the next at least',
    default: '60000',
  },
  {
    name: 'WITNESS_URL',
    meaning: 'URLs of witnesses that are to cosign checkpoints (C2SP tlog-witness), separated by commas',
  },
  {
    name: 'WITNESS_KEY',
    meaning: 'Their public keys, name+id+key, separated by commas; required with WITNESS_URL',
  },
  {
    name: 'DETECTION_INTERVAL_MS',
    meaning:
      'How often entries that have come are held against the rules of detection; 0 leaves it to other processes',
    default: '2000',
  },
  {name: 'SINGLE_TENANT', meaning: 'The one tenant of every caller; without it the tenant is in the token'},
  {
    name: 'S3_BUCKET',
    meaning: 'Bucket for archives, which must exist; without it they are kept in AUDIT_DATA_DIR',
  },
  {name: 'S3_PREFIX', meaning: 'What every key in the bucket begins with'},
  {name: 'S3_ENDPOINT', meaning: 'URL of a store that speaks S3 and is not AWS'},
  {name: 'S3_FORCE_PATH_STYLE', meaning: 'true: name the bucket in the path; the default with S3_ENDPOINT'},
  {name: 'AWS_REGION', meaning: 'Region of the bucket; credentials come by the default chain of the AWS SDK'},
  {name: 'QUERY_TIMEOUT_MS', meaning: 'Longest time of a search or a count', default: '10000'},
  {
    name: 'COUNT_INTERVAL_MS',
    meaning: 'Time between two rounds of counting entries for summaries; 0 leaves it to other processes',
    default: '10000',
  },
  {
    name: 'READS_LOGGED',
    meaning: 'Ways of reading the log that are recorded in it, separated by commas: view, export, prove',
  },
  {name: 'ARCHIVE_WAIT_MS', meaning: 'How long POST /audit-logs/archive waits for its job', default: '60000'},
  {
    name: 'JOB_CONCURRENCY',
    meaning: 'Background jobs at a time; 0 leaves them to other processes',
    default: '2',
  },
  {
    name: 'JOB_LEASE_MS',
    meaning: 'After this time without a sign of life a job is taken over by another worker',
    default: '30000',
  },
  {name: 'EXPORT_CONCURRENCY', meaning: 'Exports at a time; each holds a database connection', default: '4'},
  {name: 'STREAM_LIMIT', meaning: 'Streams of entries at a time', default: '100'},
  {name: 'STREAM_TENANT_LIMIT', meaning: 'Streams of one tenant at a time', default: '20'},
  {
    name: 'STREAM_HEARTBEAT_MS',
    meaning: 'Time from one sign of life in a stream to the next',
    default: '15000',
  },
  {
    name: 'STREAM_POLL_MS',
    meaning: 'How often to look for entries to stream that other processes have stored',
    default: '250',
  },
  {name: 'SHUTDOWN_GRACE_MS', meaning: 'How long requests may go on after SIGTERM', default: '10000'},
  {
    name: 'AUDIT_URL',
    meaning: 'Where import and mirror find the service; without it, at HOST, PORT and BASE_PATH',
  },
  {
    name: 'AUDIT_TOKEN',
    meaning: 'The token of import and mirror; without it, one signed with the secret of this service',
  },
] as const satisfies readonly SettingDescription[];

export type SettingName = (typeof SETTINGS)[number]['name'];

import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {join, resolve} from 'node:path';

/** Real CloudTrail log files, which are not part of the project: AUDIT_TEST_DATA says where they are. */
const folder = resolve(process.env.AUDIT_TEST_DATA ?? join(__dirname, '../../../shared/data/cloudtrail'));

export const cloudTrailFiles: readonly string[] = existsSync(folder)
  ? readdirSync(folder)
      .filter(name => name.endsWith('.json'))
      .sort()
      .map(name => join(folder, name))
  : [];

/** For the options of a test: why it is skipped, or false. */
export const skipWithoutData =
  cloudTrailFiles.length > 0 ? false : `no CloudTrail files in ${folder}; set AUDIT_TEST_DATA`;

export interface RawRecord {
  eventID: string;
  eventName: string;
  errorCode?: string;
  readOnly?: boolean;
  userIdentity: Record<string, string | undefined>;
  responseElements?: {ConsoleLogin?: string} | null;
}

export const rawRecords = (): RawRecord[] =>
  cloudTrailFiles.flatMap(file => (JSON.parse(readFileSync(file, 'utf8')) as {Records: RawRecord[]}).Records);

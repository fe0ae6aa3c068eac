import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {join, resolve} from 'node:path';

/** Real CloudTrail log files, which are not part of the project: AUDIT_TEST_DATA says where they are. */
const place = resolve(process.env.AUDIT_TEST_DATA || join(__dirname, '../../../shared/data/cloudtrail'));
const missing = `no CloudTrail files in ${place}: set AUDIT_TEST_DATA`;

const filesIn = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder)
        .filter(name => name.endsWith('.json'))
        .sort()
        .map(name => join(folder, name))
    : [];

/**
 * Why tests with CloudTrail files are skipped here, or false when they run. Where CI is set they always run,
 * and fail when there are no files.
 */
export const CLOUDTRAIL_SKIPPED = filesIn(place).length > 0 || process.env.CI === 'true' ? false : missing;

/** The files, at least one. */
export function cloudTrailFiles(): readonly string[] {
  const files = filesIn(place);
  if (files.length === 0) throw new Error(missing);
  return files;
}

/** The folder that the files are in. */
export function cloudTrailFolder(): string {
  cloudTrailFiles();
  return place;
}

/** What is read of a record straight from the files, with nothing of ours between. */
export interface RawRecord {
  eventID: string;
  eventName: string;
  eventTime: string;
  errorCode?: string;
  readOnly?: boolean;
  userIdentity: Record<string, string | undefined>;
  responseElements?: {ConsoleLogin?: string} | null;
}

export const rawRecords = (): RawRecord[] =>
  cloudTrailFiles().flatMap(
    file => (JSON.parse(readFileSync(file, 'utf8')) as {Records: RawRecord[]}).Records,
  );

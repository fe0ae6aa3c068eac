import type {ImportCandidate, ImportSource} from '../import-source';
import {jsonRecords} from '../json-records';
import {cloudTrailEntry} from './entry';
import {type CloudTrailRecord, recordProblems} from './record';

/** AWS CloudTrail log files: `{"Records": [...]}`, read record by record. */
export const cloudTrailSource: ImportSource = {
  kind: 'cloudtrail',
  async *read(input, file): AsyncGenerator<ImportCandidate> {
    let number = 0;
    for await (const value of jsonRecords(input, '$.Records.*')) {
      const record = ++number;
      const location = {file, record};
      const problems = recordProblems(value);
      if (problems.length > 0) {
        yield {location, problem: problems.map(problem => ({...problem, line: record}))};
      } else {
        yield {location, entry: cloudTrailEntry(value as CloudTrailRecord, file, record)};
      }
    }
  },
};

import assert from 'node:assert/strict';
import {setTimeout as sleep} from 'node:timers/promises';
import type {Job} from '../../dist/models/job.model';
import type {Answer, SendOptions} from './send';

type Send = (path: string, options?: SendOptions) => Promise<Answer>;

/** Asks for a job until it has ended, well or not. A 503 says to ask again. */
export async function endedJob(send: Send, jobId: string, options: SendOptions = {}): Promise<Job> {
  for (;;) {
    const answer = await send(`/audit-logs/jobs/${jobId}`, options);
    assert.ok([200, 503].includes(answer.status), answer.text);
    const {status} = answer.json as Job;
    if (status === 'COMPLETED' || status === 'FAILED') return answer.json as Job;
    await sleep(25);
  }
}

import assert from 'node:assert/strict';
import {setTimeout as sleep} from 'node:timers/promises';
import type {Job} from '../../dist/models/job.model';
import type {Answer, SendOptions} from './send';

type Send = (path: string, options?: SendOptions) => Promise<Answer>;

/** Asks for a job until it has ended, well or not. */
export async function endedJob(send: Send, jobId: string, options: SendOptions = {}): Promise<Job> {
  for (;;) {
    const answer = await send(`/audit-logs/jobs/${jobId}`, options);
    assert.equal(answer.status, 200, answer.text);
    const job = answer.json as Job;
    if (job.status === 'COMPLETED' || job.status === 'FAILED') return job;
    await sleep(25);
  }
}

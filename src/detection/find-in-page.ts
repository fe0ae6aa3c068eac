import type {DetectionRule, Finding, Signal} from '../models/detection-rule';
import {candidateGroups} from '../repositories/detection/candidate-groups';
import {
  countedEpisodes,
  type FoundEpisode,
  type PlainCount,
} from '../repositories/detection/counted-episodes';
import type {MicrosRange} from '../repositories/detection/events-sql';
import {evidenceOf} from '../repositories/detection/evidence';
import {groupEvents} from '../repositories/detection/group-events';
import {novelValues} from '../repositories/detection/novel-values';
import {type Touched, touchedGroups} from '../repositories/detection/touched-groups';
import type {Session} from '../repositories/session';
import {lookbackMs, signalWatch} from './signal-watch';

/** Leaves from `from` up to, and without, `to`. */
export interface Page {
  from: number;
  to: number;
}

/** What goes on and on in one group is told once in an hour, or in the time of the rule where that is longer. */
const EPISODE_MS = 3_600_000;
const MICROS = 1_000;

/**
 * What a rule finds because of the entries of a page: in their groups, in the times that they reach. It is found from all
 * entries of those times, whenever they came, so that the order of their coming and the pages make no difference: the
 * counts only grow, and what was found once is found again, with more evidence.
 *
 * The session is one of `audit_reader`.
 */
export async function findInPage(
  session: Session,
  tenantId: string,
  rule: DetectionRule,
  page: Page,
): Promise<Finding[]> {
  const {watch} = rule;
  if (watch.kind === 'novelty') return novelValues(session, tenantId, rule, watch.novelty, page);
  const lookback = lookbackMs(watch.signal);
  const episode = Math.max(EPISODE_MS, lookback);
  const touched = await touchedGroups(session, tenantId, rule, page, episode);
  const findings: Finding[] = [];
  for (const run of runsOf(touched, lookback > 0 ? 1 : 0)) {
    const context = {session, tenantId, rule, signal: watch.signal, lookback, episode};
    findings.push(...(await findInRun(context, run)));
  }
  return findings;
}

/** Episodes that follow one another, and the groups that are to be looked at in them. */
interface Run {
  first: number;
  last: number;
  groups: string[][];
}

/**
 * Puts together what is looked at in one go.
 *
 * @param touched by group, and within it by time
 * @param reach episodes after its own that an entry can make a difference in
 */
function runsOf(touched: readonly Touched[], reach: number): Run[] {
  const runs = new Map<string, Run>();
  const add = ({first, last, group}: {first: number; last: number; group: string[]}) => {
    const run = runs.get(`${first} ${last}`) ?? {first, last, groups: []};
    run.groups.push(group);
    runs.set(`${first} ${last}`, run);
  };
  let open: {first: number; last: number; group: string[]} | undefined;
  for (const {group, stretch} of touched) {
    if (open && isSame(open.group, group) && stretch <= open.last + 1) open.last = stretch + reach;
    else {
      if (open) add(open);
      open = {first: stretch, last: stretch + reach, group};
    }
  }
  if (open) add(open);
  return [...runs.values()];
}

const isSame = (a: readonly string[], b: readonly string[]): boolean => a.every((value, i) => value === b[i]);

interface Search {
  session: Session;
  tenantId: string;
  rule: DetectionRule;
  signal: Signal;
  lookback: number;
  episode: number;
}

async function findInRun(search: Search, run: Run): Promise<Finding[]> {
  const {session, tenantId, rule, signal, lookback} = search;
  const episode = search.episode * MICROS;
  const since = run.first * episode;
  const range = {from: since - lookback * MICROS, to: (run.last + 1) * episode - 1};
  const counted = plainCount(signal);
  const given = {range, since, episode, groups: run.groups};
  const found = counted
    ? await countedEpisodes(session, tenantId, rule, counted, given)
    : await watchedEpisodes(search, given);
  const findings: Finding[] = [];
  for (const {group, place, first, last} of found) {
    const evidence = {from: first - lookback * MICROS, to: last};
    const told = await evidenceOf(session, tenantId, rule, evidence, group);
    findings.push({group, episode: place * episode, ...told});
  }
  return findings;
}

/** A signal as a count of entries, where it is nothing more. */
function plainCount(signal: Signal): PlainCount | undefined {
  if (signal.kind === 'match') return {matchers: [signal.matcher], atLeast: 1, spanMs: 0};
  if (signal.kind !== 'eventCount') return undefined;
  const matchers = signal.of.flatMap(each => (each.kind === 'match' ? [each.matcher] : []));
  return matchers.length === signal.of.length
    ? {matchers, atLeast: signal.atLeast, spanMs: signal.spanMs}
    : undefined;
}

/** Finds any signal by watching the events of each group that has enough of them, one after the other. */
async function watchedEpisodes(
  {session, tenantId, rule, signal}: Search,
  {range, since, episode, groups}: {range: MicrosRange; since: number; episode: number; groups: string[][]},
): Promise<FoundEpisode[]> {
  const found: FoundEpisode[] = [];
  for (const group of await candidateGroups(session, tenantId, rule, signal, range, groups)) {
    const episodes = new Map<number, FoundEpisode>();
    const watch = signalWatch(signal);
    for await (const event of groupEvents(session, tenantId, rule, range, group)) {
      if (!watch(event) || event.at < since) continue;
      const place = Math.floor(event.at / episode);
      const first = episodes.get(place)?.first ?? event.at;
      episodes.set(place, {group, place, first, last: event.at});
    }
    found.push(...episodes.values());
  }
  return found;
}

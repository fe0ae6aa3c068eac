import assert from 'node:assert/strict';
import {test} from 'node:test';
import type {AuditEntry} from '@loopback-audit/audit-log';
import fc from 'fast-check';
import {entityState} from '../../dist/query/entity-state';

type Fields = Record<string, unknown>;

const FIELDS = ['a', 'b', 'c'];
const VALUES = fc.constantFrom<unknown>(1, 2, 'x', null, {deep: 1}, [1, 2]);

/** What happens to an entity: every property is told of, those that change, or nothing at all. */
const STEP = fc.record({
  kind: fc.constantFrom('set', 'unset', 'delete', 'create'),
  field: fc.constantFrom(...FIELDS),
  value: VALUES,
  told: fc.constantFrom('whole', 'part'),
});

type Step = typeof STEP extends fc.Arbitrary<infer T> ? T : never;

interface Told {
  entry: AuditEntry;
  /** The true state after it. */
  state: Fields | undefined;
}

/** Plays the steps on a true entity, and tells of them as the mixin and as others do. */
function play(steps: Step[]): Told[] {
  let state: Fields | undefined;
  const told: Told[] = [];
  const tell = (action: string, rest: object) => {
    const entry = {id: `e${told.length}`, action, actedAt: `2026-01-01T00:00:${told.length}`, ...rest};
    told.push({entry: entry as unknown as AuditEntry, state: state && structuredClone(state)});
  };
  for (const {kind, field, value, told: how} of steps) {
    const before = state && structuredClone(state);
    if (!before) {
      if (kind !== 'create') continue;
      state = {id: 7, [field]: value};
      tell('INSERT_ONE', {after: structuredClone(state), changedFields: Object.keys(state)});
    } else if (kind === 'delete') {
      state = undefined;
      tell('DELETE_ONE', {before, changedFields: Object.keys(before)});
    } else if (kind !== 'create') {
      const next: Fields = {...before};
      if (kind === 'set') next[field] = value;
      else delete next[field];
      state = next;
      const part = (of: Fields) => (Object.hasOwn(of, field) ? {[field]: of[field]} : {});
      const states =
        how === 'whole' ? {before, after: structuredClone(next)} : {before: part(before), after: part(next)};
      tell('UPDATE_ONE', {...states, changedFields: [field]});
    }
  }
  return told;
}

const entriesOf = (told: Told[]) => told.map(({entry}) => entry);

test('an entity that is told of from its creation is rebuilt as it truly was at every moment', () => {
  fc.assert(
    fc.property(fc.array(STEP, {maxLength: 25}), steps => {
      const told = play(steps);
      for (const [i, {state}] of told.entries()) {
        const rebuilt = entityState(entriesOf(told.slice(0, i + 1)), true);
        assert.deepEqual(rebuilt.gaps, []);
        assert.equal(rebuilt.exists, state !== undefined);
        assert.equal(rebuilt.complete, true);
        assert.deepEqual(rebuilt.state, state ?? null);
        assert.equal(rebuilt.lastEntry, told[i]?.entry.id);
      }
    }),
    {numRuns: 500},
  );
});

test('what is told of in whole is right whatever entries are missing, and what is wrong before it shows as a gap', () => {
  fc.assert(
    fc.property(fc.array(STEP, {maxLength: 25}), fc.infiniteStream(fc.boolean()), (steps, coin) => {
      const all = play(steps.map(step => ({...step, told: 'whole' as const})));
      const kept = all.filter(() => coin.next().value);
      const rebuilt = entityState(entriesOf(kept), false);
      const last = kept.at(-1);
      if (!last) assert.equal(rebuilt.exists, null);
      else {
        assert.equal(rebuilt.exists, last.state !== undefined);
        assert.deepEqual(rebuilt.state, last.state ?? null);
      }
      // A gap between two entries is told of exactly where the later one begins with another state than the earlier ended.
      for (const [i, {entry}] of kept.entries()) {
        const earlier = kept[i - 1];
        if (!earlier) continue;
        const {before} = entry as {before?: Fields};
        const isSame = isEqual(before, earlier.state);
        assert.equal(
          rebuilt.gaps.some(gap => gap.before === entry.id),
          !isSame,
          JSON.stringify({before, state: earlier.state, gaps: rebuilt.gaps}),
        );
      }
    }),
    {numRuns: 500},
  );
});

const isEqual = (a: unknown, b: unknown): boolean => {
  try {
    assert.deepEqual(a, b);
    return true;
  } catch {
    return false;
  }
};

const entry = (id: string, rest: object) => ({id, action: 'UPDATE_ONE', ...rest}) as unknown as AuditEntry;

test('an entity that no entry tells of exists or not, nobody knows; one without any entry at all has never been', () => {
  assert.deepEqual(entityState([entry('1', {action: 'order.viewed'})], true).exists, null);
  assert.deepEqual(entityState([], false).exists, null);
  assert.deepEqual(entityState([], true), {
    ...{exists: false, state: null, complete: true, lastEntry: null, entries: 0, gaps: []},
  });
});

test('a part of a state leaves the rest unknown, and says so', () => {
  const rebuilt = entityState(
    [entry('1', {before: {price: 1}, after: {price: 2}, changedFields: ['price']})],
    false,
  );
  assert.deepEqual(rebuilt.state, {price: 2});
  assert.equal(rebuilt.complete, false);
});

test('what was erased is a gap, and what it changed is unknown from then on', () => {
  const created = entry('1', {action: 'INSERT_ONE', after: {name: 'Jane', role: 'editor'}});
  const erased = entry('2', {changedFields: ['name'], commitments: {before: 'x', after: 'y'}});
  const rebuilt = entityState([created, erased], true);
  assert.deepEqual(rebuilt.state, {role: 'editor'});
  assert.equal(rebuilt.complete, false);
  assert.deepEqual(rebuilt.gaps, [{after: '1', before: '2', field: 'name', reason: 'erased'}]);
});

test('an event that tells of some properties alone changes those', () => {
  const created = entry('1', {action: 'order.create', after: {id: 1, state: 'open'}});
  const event = entry('2', {action: 'order.approve', after: {state: 'approved'}});
  assert.deepEqual(entityState([created, event], true).state, {id: 1, state: 'approved'});
});

test('a second creation and a change after the deletion are gaps', () => {
  const create = (id: string) => entry(id, {action: 'INSERT_ONE', after: {n: 1}});
  assert.deepEqual(entityState([create('1'), create('2')], true).gaps, [
    {after: '1', before: '2', reason: 'created-twice'},
  ]);
  const gone = entry('2', {action: 'DELETE_ONE', before: {n: 1}, changedFields: ['n']});
  const change = entry('3', {before: {n: 1}, after: {n: 2}, changedFields: ['n']});
  assert.deepEqual(entityState([create('1'), gone, change], true).gaps, [
    {after: '2', before: '3', reason: 'changed-after-deletion'},
  ]);
});

test('what was denied, failed or is pending has changed nothing', () => {
  const created = entry('1', {action: 'INSERT_ONE', after: {id: 1, role: 'user'}});
  for (const outcome of ['denied', 'failure', 'pending']) {
    const change = entry('2', {
      outcome,
      before: {id: 1, role: 'user'},
      after: {id: 1, role: 'admin'},
      changedFields: ['role'],
    });
    const removal = entry('3', {outcome, action: 'acct.delete'});
    const {state, exists, gaps, lastEntry} = entityState([created, change, removal], true);
    assert.deepEqual([state, exists, gaps, lastEntry], [{id: 1, role: 'user'}, true, [], '1']);
  }
});

test('a verb that only looks like one that creates or deletes does neither', () => {
  const created = entry('1', {action: 'acct.create', after: {id: 1, street: 'old'}});
  for (const action of ['acct.removeMember', 'acct.remove_role', 'acct.deleteDraft', 'acct.delete.undo']) {
    assert.equal(entityState([created, entry('2', {action})], true).exists, true, action);
  }
  for (const action of ['acct.address.update', 'acct.addTag', 'acct.create_note', 'acct.created.mail']) {
    const part = entityState([created, entry('2', {action, after: {street: 'new'}})], true);
    assert.deepEqual([part.state, part.gaps], [{id: 1, street: 'new'}, []], action);
  }
  assert.equal(entityState([created, entry('2', {action: 'acct.deleted'})], true).exists, false);
});

test('a part of a state is no whole, also where it is the first that is known, or comes after a deletion', () => {
  const change = entry('9', {action: 'acct.update', after: {n: 'b'}, changedFields: ['n']});
  assert.equal(entityState([change], true).complete, false);
  const story = [
    entry('1', {action: 'INSERT_ONE', after: {id: 1, n: 'a', x: 1}}),
    entry('2', {action: 'DELETE_ONE', before: {id: 1, n: 'a', x: 1}, changedFields: ['id', 'n', 'x']}),
    entry('3', {before: {n: 'c'}, after: {n: 'd'}, changedFields: ['n']}),
  ];
  const {state, complete} = entityState(story, true);
  assert.deepEqual([state, complete], [{n: 'd'}, false]);
});

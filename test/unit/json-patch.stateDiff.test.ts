import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {applyPatch} from 'rfc6902';
import {stateDiff} from '../../dist/query/json-patch';

const patched = (from: unknown, patch: ReturnType<typeof stateDiff>['forward']): unknown => {
  const holder = {value: structuredClone(from)};
  const within = patch.map(step => ({
    ...step,
    path: `/value${step.path}`,
    ...('from' in step && {from: `/value${step.from}`}),
  }));
  assert.deepEqual(
    applyPatch(holder, within as typeof patch),
    patch.map(() => null),
  );
  return holder.value;
};

test('the patch leads from before to after, and its inverse back', () => {
  const states = fc.object({
    maxDepth: 3,
    withNullPrototype: false,
    key: fc.string({maxLength: 3}).filter(key => key !== '__proto__'),
  });
  const json = states.map(state => JSON.parse(JSON.stringify(state)));
  fc.assert(
    fc.property(json, json, (before, after) => {
      const {forward, inverse} = stateDiff(before, after);
      assert.deepEqual(patched(before, forward), after);
      assert.deepEqual(patched(after, inverse), before);
    }),
    {numRuns: 500},
  );
});

test('a creation and a deletion are patches from and to nothing', () => {
  assert.deepEqual(stateDiff(null, {a: 1}), {
    forward: [{op: 'replace', path: '', value: {a: 1}}],
    inverse: [{op: 'replace', path: '', value: null}],
  });
});

test('long lists are replaced rather than compared item by item', () => {
  const list = (length: number, of: number) => Array.from({length}, (_, i) => i * of);
  const {forward} = stateDiff({items: list(20_000, 1)}, {items: list(20_000, 3)});
  assert.equal(forward.length, 1);
  assert.equal(forward[0]?.path, '/items');
});

import {createPatch, type Operation, type Pointer} from 'rfc6902';

/** Pairs of items of two lists that are compared to find the shortest patch; longer lists are replaced as a whole. */
const MOST_PAIRS = 10_000;

/** What leads from one state to another, and back, as JSON Patch (RFC 6902). */
export interface StateDiff {
  forward: Operation[];
  inverse: Operation[];
}

/** @param before the state before, null where there was none @param after the state after, null where there is none */
export const stateDiff = (before: unknown, after: unknown): StateDiff => ({
  forward: createPatch(before, after, diffLists),
  inverse: createPatch(after, before, diffLists),
});

function diffLists(input: unknown, output: unknown, pointer: Pointer): Operation[] | undefined {
  if (!Array.isArray(input) || !Array.isArray(output) || input.length * output.length <= MOST_PAIRS)
    return undefined;
  return [{op: 'replace', path: pointer.toString(), value: output}];
}

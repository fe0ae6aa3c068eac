import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {defaultRules} from '../../dist/detection/default-rules';
import {readRule} from '../../dist/detection/read-rule';

const DOCS = readFileSync(join(__dirname, '..', '..', 'docs', 'detection.md'), 'utf8');

test('docs/detection.md lists every rule of the service, in its own words', () => {
  const rules = [...defaultRules().values()]
    .map(({rule}) => rule)
    .sort((a, b) => a.title.localeCompare(b.title, 'en'));
  const rows = rules.map(
    ({title, level, description = '', falsePositives}) =>
      `| ${title} | ${level} | ${description.trim()} | ${falsePositives.join('; ')} |`,
  );
  const head = ['| rule | level | what it finds | what else it may be |', '| --- | --- | --- | --- |'];
  const [, listed] = /<!-- rules -->\n([\s\S]*?)\n<!-- end -->/.exec(DOCS) ?? [];
  assert.equal(listed, [...head, ...rows].join('\n'));
});

test('docs/detection.md shows a rule that can be read', () => {
  const [, example = ''] = /```yaml\n([\s\S]*?)```/.exec(DOCS) ?? [];
  assert.equal(readRule(example).title, 'Refunds of one clerk');
});

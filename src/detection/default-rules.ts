import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import type {DetectionRule} from '../models/detection-rule';
import {readRule} from './read-rule';

/** A rule, and the text that it was read from. */
export interface RuleWithSource {
  rule: DetectionRule;
  source: string;
}

/** The rules that come with the service. */
const FOLDER = join(__dirname, '..', '..', 'rules');

let known: ReadonlyMap<string, RuleWithSource> | undefined;

/** The rules that come with the service, by id. They are read once. @throws AuditError INVALID_RULE */
export function defaultRules(): ReadonlyMap<string, RuleWithSource> {
  known ??= new Map(
    readdirSync(FOLDER)
      .filter(name => name.endsWith('.yml'))
      .sort()
      .map(name => readFileSync(join(FOLDER, name), 'utf8'))
      .map(source => ({source, rule: readRule(source)}))
      .map(each => [each.rule.id, each]),
  );
  return known;
}

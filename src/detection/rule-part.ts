import type {Taxonomy} from './rule-field';

/** What a correlation sees of a document of its rule. */
export interface RulePart {
  content: Record<string, unknown>;
  /** Its id and name, as others may refer to it. */
  names: readonly string[];
  taxonomy: Taxonomy;
}
